"""Labels of boxes: where they are placed so that they cover neither one another nor other boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.rendering.scene import Floats
from frametally.video.decoding import Image

MAX_COVERED_SHARE: Final = 0.1
"""A label may cover this share of the area of another box."""
MAX_COVERED_OWN_SHARE: Final = 0.25
"""And this share of its own."""
_MAX_COMPARED: Final = 1 << 21
"""Places times boxes that are compared at once; bounds the memory for crowds."""

Rectangles = npt.NDArray[np.float64]
"""(..., 4) left, top, right, bottom in pixels."""


def draw_labels(canvas: Image, boxes: Floats, labels: Sequence[Sequence[Image]]) -> None:
    """Draw the labels of (n, 4) boxes, the most important first.

    Each is placed at its box so that it stays inside the picture and covers neither another label nor too much
    of a box. If there is no such place for any form of a label, it is left out; only the label
    of the first box is always drawn.

    Args:
        canvas: the picture, changed in place.
        boxes: corners in pixels.
        labels: of each box, the forms that may be drawn as pictures, the most complete one first.
    """
    corners = boxes.astype(np.float64)
    taken = np.zeros((0, 4))
    sizes = np.array([(forms[0].shape[1], forms[0].shape[0]) for forms in labels])
    for at, suitable in enumerate(_suitable_places(corners, sizes, corners, canvas)):
        for number, form in enumerate(labels[at]):
            places = suitable if number == 0 else _places_of(corners, at, form, canvas)
            free = places[_overlaps(places, taken).sum(axis=1) == 0]
            if not len(free) and not at:
                free = _candidates(corners[:1], sizes[:1], canvas)[0]
            if len(free):
                left, top, right, bottom = free[0].astype(int).tolist()
                canvas[top:bottom, left:right] = form[: bottom - top, : right - left]
                taken = np.vstack([taken, free[:1]])
                break


def _places_of(boxes: Rectangles, at: int, form: Image, canvas: Image) -> Rectangles:
    size = np.array([(form.shape[1], form.shape[0])])
    return _suitable_places(boxes[at : at + 1], size, boxes, canvas, first=at)[0]


def _suitable_places(
    of_boxes: Rectangles, sizes: npt.NDArray[np.int_], boxes: Rectangles, canvas: Image, *, first: int = 0
) -> list[Rectangles]:
    """(k, 4) places of each box that cover no other one too much; `of_boxes` are those from `first` on."""
    areas = np.maximum(_areas(boxes), 1)
    found: list[Rectangles] = []
    rows = max(_MAX_COMPARED // (_CANDIDATES * len(boxes)), 1)
    for start in range(0, len(of_boxes), rows):
        places = _candidates(of_boxes[start : start + rows], sizes[start : start + rows], canvas)
        covered = _overlaps(places.reshape(-1, 4), boxes) / areas > MAX_COVERED_SHARE
        covered = covered.reshape(len(places), _CANDIDATES, len(boxes))
        own = np.arange(len(places))
        covered[own, :, first + start + own] = (
            _own_share(places, of_boxes[start : start + rows]) > MAX_COVERED_OWN_SHARE
        )
        found += [places[row][~covered[row].any(axis=1)] for row in own]
    return found


_CANDIDATES: Final = 14


def _candidates(boxes: Rectangles, sizes: npt.NDArray[np.int_], canvas: Image) -> Rectangles:
    """(n, `_CANDIDATES`, 4) places at n boxes, best first: above and below, beside, inside, a line away from it.

    All are inside the picture; those that therefore hide their own box come last.
    """
    left, top, right, bottom = boxes.T
    width, height = sizes.T
    outside = [(left, top - height), (right - width, top - height), (left, bottom), (right - width, bottom)]
    beside = [(right, top), (left - width, top), (right, bottom - height), (left - width, bottom - height)]
    inside = [(left, top), (left, bottom - height)]
    away = [(left, top - 2 * height), (left, bottom + height), (right + height, top), (left - width - height, top)]
    corners = np.array([*outside, *beside, *inside, *away]).transpose(2, 0, 1)
    limits = np.maximum(np.array(canvas.shape[1::-1]) - sizes, 0)[:, None]
    moved = np.clip(np.rint(corners), 0, limits)
    last = np.minimum(moved + sizes[:, None], np.array(canvas.shape[1::-1]))
    places = np.concatenate([moved, last], axis=2)
    order = np.argsort(_own_share(places, boxes) > MAX_COVERED_SHARE, axis=1, kind="stable")
    return np.asarray(np.take_along_axis(places, order[..., None], axis=1))


def _own_share(places: Rectangles, boxes: Rectangles) -> npt.NDArray[np.float64]:
    """(n, k) share of its own box that each of k places covers."""
    shared = np.minimum(places[..., 2:], boxes[:, None, 2:]) - np.maximum(places[..., :2], boxes[:, None, :2])
    areas = np.maximum(_areas(boxes), 1)[:, None]
    return np.asarray(np.clip(shared, 0, None).prod(axis=2) / areas)


def _overlaps(places: Rectangles, boxes: Rectangles) -> npt.NDArray[np.float64]:
    """(n, k) area that each of n places shares with each of k boxes."""
    width = np.minimum(places[:, None, 2], boxes[None, :, 2]) - np.maximum(places[:, None, 0], boxes[None, :, 0])
    height = np.minimum(places[:, None, 3], boxes[None, :, 3]) - np.maximum(places[:, None, 1], boxes[None, :, 1])
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0))


def _areas(boxes: Rectangles) -> npt.NDArray[np.float64]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
