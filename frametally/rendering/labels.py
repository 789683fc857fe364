"""Labels of boxes: where they are placed so that they cover neither one another nor other boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.rendering.scene import Floats

MAX_COVERED_SHARE: Final = 0.1
"""A label may cover this share of the area of another box."""
MAX_COVERED_OWN_SHARE: Final = 0.25
"""And this share of its own."""
_MAX_PAIRS: Final = 1 << 14
"""Pairs of boxes that are compared at once; bounds the memory for crowds."""

Rectangles = npt.NDArray[np.float64]
"""(..., 4) left, top, right, bottom in pixels."""


class Place(NamedTuple):
    """Where the label of a box is drawn."""

    box: int
    form: int
    left: int
    top: int


def place_labels(
    boxes: Floats, sizes: npt.NDArray[np.int_], canvas_wh: npt.NDArray[np.int_] | tuple[int, int]
) -> Iterator[Place]:
    """Places for the labels of boxes, the most important box first.

    Each label is placed at its box so that it stays inside the picture and covers neither another label nor too much
    of a box. If there is no such place for any form of a label, it is left out; only the first box always has one.

    Args:
        boxes: (n, 4) corners in pixels; n is at least 1.
        sizes: (n, forms, 2) width and height in pixels of the forms in which each label may be drawn, the most
            complete one first.
        canvas_wh: width and height of the picture in pixels.
    """
    corners, forms = boxes.astype(np.float64), sizes.shape[1]
    owner = np.repeat(np.arange(len(boxes)), forms)
    flat = _candidates(corners[owner], sizes.reshape(-1, 2), np.array(canvas_wh))
    free = _suitable(flat, corners, owner).reshape(len(boxes), -1)
    free[0, 0] |= not free[0, :_CANDIDATES].any()
    places = flat.reshape(len(boxes), -1, 4)
    reach = _around(places)
    for box in np.flatnonzero(free.any(axis=1)).tolist():
        at = int(free[box].argmax())
        if free[box, at]:
            left, top = places[box, at, :2].astype(int).tolist()
            yield Place(box, at // _CANDIDATES, left, top)
            near = np.flatnonzero(_overlap(reach, places[box, at]))
            free[near] &= ~_overlap(places[near], places[box, at])


def _suitable(places: Rectangles, boxes: Rectangles, owner: npt.NDArray[np.int_]) -> npt.NDArray[np.bool_]:
    """(m, k) whether each of k places in m rows covers no box too much; a row is for the label of the box `owner`."""
    suitable = np.ones(places.shape[:2], np.bool_)
    reach, most_px = _around(places), _areas(places).max(axis=1)
    few = max(_MAX_PAIRS // len(places), 1)
    for start in range(0, len(boxes), few):
        some = boxes[start : start + few]
        rows = np.flatnonzero(suitable.any(axis=1))
        is_possible = most_px[rows, None] > MAX_COVERED_SHARE * _areas(some)
        row, other = np.nonzero(is_possible & _overlap(reach[rows, None], some))
        if len(row):
            first = np.flatnonzero(np.diff(row, prepend=-1))
            row, other = rows[row], start + other
            limits = np.where(owner[row] == other, MAX_COVERED_OWN_SHARE, MAX_COVERED_SHARE)[:, None]
            covers = _covered_share(places[row], boxes[other]) > limits
            suitable[row[first]] &= ~np.logical_or.reduceat(covers, first, axis=0)
    return suitable


_CANDIDATES: Final = 14


def _candidates(boxes: Rectangles, sizes: npt.NDArray[np.int_], canvas_wh: npt.NDArray[np.int_]) -> Rectangles:
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
    limits = np.maximum(canvas_wh - sizes, 0)[:, None]
    moved = np.clip(np.rint(corners), 0, limits)
    last = np.minimum(moved + sizes[:, None], canvas_wh)
    places = np.concatenate([moved, last], axis=2)
    order = np.argsort(_covered_share(places, boxes) > MAX_COVERED_SHARE, axis=1, kind="stable")
    return np.asarray(np.take_along_axis(places, order[..., None], axis=1))


def _covered_share(places: Rectangles, boxes: Rectangles) -> npt.NDArray[np.float64]:
    """(n, k) share of each of n boxes that each of its k places covers."""
    left, top, right, bottom = (side[:, None] for side in boxes.T)
    width = np.minimum(places[..., 2], right) - np.maximum(places[..., 0], left)
    height = np.minimum(places[..., 3], bottom) - np.maximum(places[..., 1], top)
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0) / np.maximum(_areas(boxes), 1)[:, None])


def _overlap(some: Rectangles, other: Rectangles) -> npt.NDArray[np.bool_]:
    """Whether rectangles share an area; both shapes are broadcast."""
    return np.asarray(
        (some[..., 0] < other[..., 2])
        & (some[..., 2] > other[..., 0])
        & (some[..., 1] < other[..., 3])
        & (some[..., 3] > other[..., 1])
    )


def _around(places: Rectangles) -> Rectangles:
    """(n, 4) rectangles around k places each, of (n, k, 4)."""
    return np.concatenate([places[..., :2].min(axis=1), places[..., 2:].max(axis=1)], axis=1)


def _areas(some: Rectangles) -> npt.NDArray[np.float64]:
    return np.asarray((some[..., 2] - some[..., 0]) * (some[..., 3] - some[..., 1]))
