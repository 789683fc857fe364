"""Outlines, keypoints or gaze of the boxes of a stretch of entries as small integers, for drawing in the browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.rendering.annotate import MIN_KEYPOINT_CONFIDENCE, gaze_arrows, skeleton
from frametally.rendering.placement import placed
from frametally.rendering.playback.packed_boxes import STRETCH_ENTRIES, in_units
from frametally.rendering.playback.packing import pack
from frametally.rendering.scene import Scene
from frametally.rendering.scenes import scenes
from frametally.results import Kind
from frametally.results.masks import separated
from frametally.video.orientation import Orientation

KINDS: Final = {Kind.SEGMENTATION: "outlines", Kind.KEYPOINTS: "keypoints", Kind.GAZE: "gaze"}
MAX_POINTS: Final = 48
"""Of an outline; longer ones are simplified further."""
_TOLERANCE: Final = 1 / 500
"""How far a simplified outline may be from the original, as a share of the size of the picture."""

Points = npt.NDArray[np.float64]


def packed_shapes(
    view: View, stretch: int, upright_wh: tuple[int, int], shown_wh: tuple[int, int], orientation: Orientation
) -> bytes:
    """The shapes of all boxes of the entries of a stretch, in the order of `packed_boxes`.

    `ends` (b,) uint32: number of points up to each box. `xy` (p, 2) int16: the points in units of the upright picture.
    Fact `kind`: `outlines` are polygons, each ends where `breaks` (p,) uint8 is 1; `keypoints`, of which those
    `NOWHERE` are not drawn, joined by the fact `edges`, pairs of their numbers; `gaze` is two points, an arrow.

    Args:
        view: of a model with one of `KINDS`.
        stretch: number of the stretch.
        upright_wh: size of the upright frame with its own pixels.
        shown_wh: size at which a player shows it.
        orientation: of the video's frames.
    """
    kind = KINDS[view.table.kind]
    found = list(_shapes(view, stretch, upright_wh, shown_wh, orientation))
    points = np.concatenate([np.zeros((0, 2)), *(part for parts in found for part in parts)])
    ends = np.cumsum([sum(map(len, parts)) for parts in found])
    edges = skeleton(len(found[0][0])) if kind == "keypoints" and found else ()
    return pack(
        {"kind": kind, "edges": [list(edge) for edge in edges]},
        ends=ends.astype(np.uint32),
        xy=in_units(points),
        breaks=_breaks(found),
    )


def _shapes(
    view: View, stretch: int, upright_wh: tuple[int, int], shown_wh: tuple[int, int], orientation: Orientation
) -> Iterator[Sequence[Points]]:
    """Of each box, the parts of its shape: points as shares of the upright picture."""
    for _, scene in islice(scenes(view, stretch * STRETCH_ENTRIES), STRETCH_ENTRIES):
        yield from _of_scene(placed(scene, upright_wh, orientation).scene, shown_wh)


def _of_scene(scene: Scene, shown_wh: tuple[int, int]) -> Iterator[Sequence[Points]]:
    wh = np.array(scene.wh or shown_wh, np.float64)
    if len(scene.polygons):
        yield from (_simplified(outline / wh) for outline in scene.polygons)
    elif scene.keypoints is not None:
        is_shown = np.nan_to_num(scene.keypoints[..., 2], nan=1.0) >= MIN_KEYPOINT_CONFIDENCE
        yield from ([points] for points in np.where(is_shown[..., None], scene.keypoints[..., :2] / wh, np.nan))
    elif scene.gaze is not None:
        size = np.array(shown_wh, np.float64)
        start, end = gaze_arrows(scene.xyxy / np.tile(wh, 2) * np.tile(size, 2), scene.gaze)
        yield from ([arrow / size] for arrow in np.stack([start, end], axis=1))


def _simplified(outline: Points) -> list[Points]:
    """The parts of an outline with at most `MAX_POINTS` points each."""
    if not np.isfinite(outline).all():
        return []
    return [_with_few_points(part.astype(np.float32)) for part in separated(outline) if len(part) > 2]


def _with_few_points(part: npt.NDArray[np.float32]) -> Points:
    tolerance = _TOLERANCE
    while True:
        few: Any = cv2.approxPolyDP(part, tolerance, True).reshape(-1, 2)
        if len(few) <= MAX_POINTS:
            return np.asarray(few, np.float64)
        tolerance *= 2


def _breaks(found: list[Sequence[Points]]) -> npt.NDArray[np.uint8]:
    breaks = np.zeros(sum(len(part) for parts in found for part in parts), np.uint8)
    # Every part has at least one point.
    breaks[np.cumsum([len(part) for parts in found for part in parts], dtype=np.int64) - 1] = 1
    return breaks
