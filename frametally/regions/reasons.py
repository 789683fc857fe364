"""Why a line counts nothing."""

from __future__ import annotations

from typing import Final

import numpy as np

from frametally.regions import messages
from frametally.regions.crossings import crossings, distances, ends_px, passages
from frametally.regions.paths import Floats, anchor_points
from frametally.regions.shapes import Line
from frametally.tracking.tracks import Tracks

_NEAR: Final = 0.05
"""Of the diagonal of the picture: nothing is near if every anchor is farther."""


def why_nothing(tracks: Tracks, line: Line) -> str | None:
    """A sentence if the line counts no crossing of these tracks; None if it counts some."""
    return None if len(crossings(tracks, line)) else reason(tracks, line)


def reason(tracks: Tracks, line: Line) -> str:
    """Why the line counts no crossing of these tracks, as is known."""
    start, end = ends_px(line, tracks.size_px)
    length_px = float(np.hypot(*(end - start)))
    if not len(tracks):
        return messages.NO_TRACKS
    if not _meets_picture(start, end, tracks.size_px):
        return messages.OUTSIDE
    if length_px <= line.hysteresis_px:
        return messages.too_short(length_px, line.hysteresis_px)
    return _of_paths(tracks, line, start, end)


def _of_paths(tracks: Tracks, line: Line, start: Floats, end: Floats) -> str:
    side = distances(tracks, line)
    passed, _ = passages(tracks, side, line.hysteresis_px)
    if len(passed):
        return messages.beyond_ends(len(np.unique(tracks.track_id[passed])))
    nearest_px = _nearest_px(tracks, line, start, end)
    if nearest_px > max(_NEAR * float(np.hypot(*tracks.size_px)), line.hysteresis_px):
        return messages.nothing_near(line, nearest_px)
    if len(passages(tracks, side, 0.0)[0]):
        return messages.within_hysteresis(line)
    if (side > 0).all() or (side < 0).all():
        return messages.one_side(line, is_right=bool(side[0] > 0))
    return messages.no_object_on_both_sides(line)


def _nearest_px(tracks: Tracks, line: Line, start: Floats, end: Floats) -> float:
    """Distance of the nearest anchor to the segment."""
    x, y = anchor_points(tracks, line.anchor)
    along = end - start
    share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along**2).sum(), 0, 1)
    return float(np.hypot(start[0] + share * along[0] - x, start[1] + share * along[1] - y).min())


def _meets_picture(start: Floats, end: Floats, size_px: tuple[int, int]) -> bool:
    """Whether a part of the segment is in the picture (Liang and Barsky, 1984)."""
    first, last = 0.0, 1.0
    for begin, step, size in zip(start.tolist(), (end - start).tolist(), size_px, strict=True):
        if step == 0:
            if not 0 <= begin <= size:
                return False
            continue
        low, high = sorted((-begin / step, (size - begin) / step))
        first, last = max(first, low), min(last, high)
    return first <= last
