"""How objects moved, drawn on the background of the video: trajectories, or a heat map of where they stayed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.regions.paths import anchor_points
from frametally.regions.shapes import Anchor
from frametally.rendering.regions.drawn import bgr_of
from frametally.tracking.tracks import Tracks, filtered
from frametally.video.decoding import Image

_DIMMED: Final = 0.6
"""Of the background, so that what is drawn stands out."""
_GAP_S: Final = 1.5
"""Longer absences interrupt a trajectory."""
_MAX_LOOK_S: Final = 1.0
_CELL_PX: Final = 4
_SPREAD: Final = 0.018
"""Radius of the heat around a point, as a share of the width."""
_FULL: Final = 0.85
_SHIFT: Final = 4
"""Bits of a pixel's fraction in coordinates of OpenCV."""


def trajectories(background: Image, tracks: Tracks, view: View, colors: Mapping[str, str], anchor: Anchor) -> Image:
    """A line for the path of each object in the color of its class, with a dot where it was last seen."""
    shown = filtered(tracks, view)
    picture = _dimmed(background)
    xy = _places(shown, anchor, picture)
    for rows in _stretches(shown):
        name = view.names[view.codes[shown.class_code[rows[0]]]]
        color, points = bgr_of(colors[name]), (xy[rows] * (1 << _SHIFT)).round().astype(np.int32)
        width_px = max(round(picture.shape[1] / 640), 1)
        cv2.polylines(picture, [points], False, color, width_px, cv2.LINE_AA, _SHIFT)
        end = (int(points[-1, 0]), int(points[-1, 1]))
        cv2.circle(picture, end, (width_px * 2) << _SHIFT, color, -1, cv2.LINE_AA, _SHIFT)
    return picture


def heat_map(background: Image, tracks: Tracks, view: View, anchor: Anchor) -> Image:
    """Where objects were, by the time that they spent there: brighter is longer."""
    shown = filtered(tracks, view)
    height_px, width_px = background.shape[:2]
    size = (max(height_px // _CELL_PX, 1), max(width_px // _CELL_PX, 1))
    xy = _places(shown, anchor, background) / _CELL_PX
    column = np.clip(xy[:, 0].astype(int), 0, size[1] - 1)
    row = np.clip(xy[:, 1].astype(int), 0, size[0] - 1)
    spent_s = np.bincount(row * size[1] + column, _look_s(shown), size[0] * size[1]).reshape(size).astype(np.float32)
    heat = cv2.GaussianBlur(spent_s, (0, 0), max(_SPREAD * size[1], 1.0))
    if heat.max() <= 0:
        return _dimmed(background)
    share = np.sqrt(heat / heat.max())  # otherwise, one place where something stands hides all others
    share = cv2.resize(share.astype(np.float32), (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    colored = cv2.applyColorMap((share * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    alpha = (np.clip(share * 1.6, 0, 1) * _FULL)[..., None]
    return np.asarray(_dimmed(background) * (1 - alpha) + colored * alpha, dtype=np.uint8)


def _places(tracks: Tracks, anchor: Anchor, picture: Image) -> npt.NDArray[np.float64]:
    """(n, 2) anchors in pixels of the picture."""
    x, y = anchor_points(tracks, anchor)
    return np.stack([x * picture.shape[1] / tracks.size_px[0], y * picture.shape[0] / tracks.size_px[1]], axis=1)


def _stretches(tracks: Tracks) -> list[npt.NDArray[np.intp]]:
    """The rows of each uninterrupted path."""
    if not len(tracks):
        return []
    breaks = (np.diff(tracks.track_id) != 0) | (np.diff(tracks.time_s) > _gap_s(tracks))
    return np.split(np.arange(len(tracks)), np.flatnonzero(breaks) + 1)


def _gap_s(tracks: Tracks) -> float:
    looks = np.diff(tracks.analyzed_time_s)
    return max(_GAP_S, 2.5 * float(np.median(looks))) if len(looks) else _GAP_S


def _look_s(tracks: Tracks) -> npt.NDArray[np.float64]:
    """(n,) how long each box stands for: until the next look."""
    looks = tracks.analyzed_time_s
    if len(looks) < 2:
        return np.ones(len(tracks))
    lengths = np.minimum(np.diff(looks, append=looks[-1] + (looks[-1] - looks[-2])), _MAX_LOOK_S)
    return np.asarray(lengths[np.clip(np.searchsorted(looks, tracks.time_s), 0, len(looks) - 1)])


def _dimmed(background: Image) -> Image:
    """Darker, with less color."""
    gray = cv2.cvtColor(cv2.cvtColor(background, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray((0.4 * background + 0.6 * gray) * _DIMMED, dtype=np.uint8)
