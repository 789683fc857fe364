"""Crossings of a line by the anchors of tracks.

The signed distance of the anchor to the line decides: a crossing counts when the anchor has come from more than the
hysteresis on one side to more than the hysteresis on the other, and its path meets the line between the ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.regions.paths import Floats, Rows, anchor_points
from frametally.regions.shapes import Line
from frametally.tracking.tracks import Tracks


@dataclass(frozen=True)
class Crossings:
    """m crossings of one line, in order of time."""

    time_s: Floats
    """(m,) when the path meets the line, between the two looks."""
    is_in: npt.NDArray[np.bool_]
    """(m,) from the left of the arrow to its right."""
    entry: npt.NDArray[np.int32]
    """(m,) the first analyzed entry of the track at or after that time."""
    track_id: npt.NDArray[np.int32]
    class_code: npt.NDArray[np.int32]
    span_s: Floats
    """(m,) seconds between the looks before and after it."""

    def __len__(self) -> int:
        return len(self.time_s)

    def counts(self, classes: int) -> npt.NDArray[np.int64]:
        """(classes, 2) crossings in and out of each class."""
        key = self.class_code * 2 + ~self.is_in
        return np.bincount(key, minlength=classes * 2).reshape(classes, 2)


def crossings(tracks: Tracks, line: Line) -> Crossings:
    """The crossings of the line."""
    side = distances(tracks, line)
    before, after = passages(tracks, side, line.hysteresis_px)
    row = _last_meeting(side, before, after)
    share = side[row] / (side[row] - side[row + 1])
    kept = _is_between_ends(tracks, line, row, share)
    row, share, is_in = row[kept], share[kept], side[after[kept]] > 0
    time_s, span_s = tracks.time_s[row], tracks.time_s[row + 1] - tracks.time_s[row]
    met_s = time_s + share * span_s
    seen = np.where(share == 0, row, row + 1)
    order = np.lexsort((tracks.track_id[row], met_s))
    return Crossings(
        time_s=met_s[order],
        is_in=is_in[order],
        entry=tracks.entry[seen][order],
        track_id=tracks.track_id[row][order],
        class_code=tracks.class_code[row][order],
        span_s=span_s[order],
    )


def ends_px(line: Line, size_px: tuple[int, int]) -> tuple[Floats, Floats]:
    """(2,) start and (2,) end in displayed pixels."""
    size = np.array(size_px, dtype=np.float64)
    return np.array(line.start) * size, np.array(line.end) * size


def distances(tracks: Tracks, line: Line) -> Floats:
    """(n,) distance of each anchor to the infinite line in pixels, positive on the right of the arrow."""
    start, end = ends_px(line, tracks.size_px)
    x, y = anchor_points(tracks, line.anchor)
    along_x, along_y = (end - start) / np.hypot(*(end - start))
    y -= start[1]
    y *= along_x
    x -= start[0]
    x *= along_y
    y -= x
    return y


def passages(tracks: Tracks, side: Floats, hysteresis_px: float) -> tuple[Rows, Rows]:
    """(m,) last row that is surely on one side, and (m,) the next that is surely on the other, of the same track."""
    sure = np.flatnonzero(np.abs(side) > hysteresis_px)
    is_right = side[sure] > 0
    changed = np.flatnonzero(is_right[1:] != is_right[:-1])
    before, after = sure[changed], sure[changed + 1]
    same = tracks.track_id[before] == tracks.track_id[after]
    return before[same], after[same]


def _last_meeting(side: Floats, before: Rows, after: Rows) -> Rows:
    """(m,) the last row of each passage that is not yet on the new side: the path meets the line after it."""
    if not len(before):
        return before
    sizes = after - before
    starts = np.cumsum(sizes) - sizes
    rows = np.arange(int(sizes.sum())) - np.repeat(starts - before, sizes)
    direction = np.repeat(np.where(side[after] > 0, 1.0, -1.0), sizes)
    return np.maximum.reduceat(np.where(side[rows] * direction <= 0, rows, -1), starts)


def _is_between_ends(tracks: Tracks, line: Line, row: Rows, share: Floats) -> npt.NDArray[np.bool_]:
    start, end = ends_px(line, tracks.size_px)
    some = tracks.picked(np.concatenate([row, row + 1]))
    x, y = anchor_points(some, line.anchor)
    x = x[: len(row)] + share * (x[len(row) :] - x[: len(row)]) - start[0]
    y = y[: len(row)] + share * (y[len(row) :] - y[: len(row)]) - start[1]
    along = (x * (end[0] - start[0]) + y * (end[1] - start[1])) / ((end - start) ** 2).sum()
    return np.asarray((along >= 0) & (along <= 1))
