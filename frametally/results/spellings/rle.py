"""Masks in COCO run-length encoding (RLE) as outlines along the edges of their pixels.

Format: lengths of alternating runs of background and foreground, background first, down each column and then to the
next one; as a list, or compressed to text as `rleToString` of the COCO API does (github.com/cocodataset/cocoapi,
common/maskApi.c): 5 bits per character from "0" on, a sixth bit if more follow, and from the fourth number on the
difference to the one two before.

Masks come from a service: untrusted input. The pixels are never allocated, only a grid of the distinct rows and columns
at which the mask changes; its size is bounded.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

MAX_PX: Final = 1 << 25
MAX_RUNS: Final = 1 << 18
_MAX_CELLS = 1 << 23
_MAX_CHARS_PER_RUN = 6

Ints = npt.NDArray[np.int64]
Ring = npt.NDArray[np.float32]
"""(k, 2) corners of a closed outline in pixels: of positive area (shoelace formula), of a hole negative."""


class MaskInvalid(ValueError):
    """The mask cannot be read; the text says why and fits after the name of its field."""


def decompress(text: str) -> Ints:
    """(r,) lengths of the runs of a compressed RLE.

    Raises:
        MaskInvalid: it is not one.
    """
    codes = np.frombuffer(text.encode("utf-8"), dtype=np.uint8).astype(np.int64) - 48
    if not len(codes) or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise MaskInvalid("is not a run-length encoding")
    ends = np.flatnonzero(codes & 32 == 0)
    chars = np.diff(ends, prepend=-1)
    if len(ends) > MAX_RUNS or chars.max() > _MAX_CHARS_PER_RUN:
        raise MaskInvalid("is not a run-length encoding of a picture")
    place = np.arange(len(codes)) - np.repeat(ends - chars + 1, chars)
    values = np.add.reduceat((codes & 31) << (5 * place), ends - chars + 1)
    values -= np.where(codes[ends] & 16, np.int64(1) << (5 * chars), 0)  # two's complement
    values[1::2], values[2::2] = values[1::2].cumsum(), values[2::2].cumsum()
    return values


def rings_of_runs(runs: Ints, height_px: int, width_px: int) -> list[Ring]:
    """The outlines of a mask, each outer one followed by its holes; none if the mask is empty.

    Raises:
        MaskInvalid: the runs do not add up to the picture, or are too many.
    """
    if height_px < 1 or width_px < 1 or height_px * width_px > MAX_PX or len(runs) > MAX_RUNS:
        raise MaskInvalid("is empty, larger than 33.5 megapixels or too detailed")
    if (runs < 0).any() or (runs > MAX_PX).any() or int(runs.sum()) != height_px * width_px:
        raise MaskInvalid(f"does not fill a picture of {width_px} x {height_px} pixels")
    ends = np.cumsum(runs)
    foreground = np.flatnonzero(runs[1::2]) * 2 + 1
    return _rings(ends[foreground] - runs[foreground], ends[foreground], height_px)


def rings_of_bitmap(bitmap: npt.NDArray[np.bool_]) -> list[Ring]:
    """The outlines of a mask given as (h, w) pixels.

    Raises:
        MaskInvalid: it is too large or too detailed.
    """
    flat = np.concatenate([[False], bitmap.ravel(order="F"), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return rings_of_runs(np.diff(edges, prepend=0, append=bitmap.size), *bitmap.shape)


def signed_area(ring: npt.NDArray[Any]) -> float:
    """Shoelace formula: positive for outer outlines, negative for holes."""
    x, y = ring.astype(np.float64).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _rings(starts: Ints, ends: Ints, height_px: int) -> list[Ring]:
    """The outlines of foreground runs, given as positions down the columns: [start, end)."""
    import cv2  # slow to import, and most results have no such masks

    if not len(starts):
        return []
    rectangles = _rectangles(starts, ends, height_px)
    xs, ys = (np.unique(rectangles[:, columns]) for columns in ([0, 2], [1, 3]))
    if (len(xs) - 1) * (len(ys) - 1) > _MAX_CELLS:
        raise MaskInvalid("is too detailed")
    # Each cell becomes 2 x 2, so that the contour, which runs through the cells at the border, tells their two sides
    # apart: an even coordinate is the near side, an odd one the far side.
    cells = _cells(rectangles, xs, ys).repeat(2, axis=0).repeat(2, axis=1)
    contours, hierarchy = cv2.findContours(cells, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    corners = (np.concatenate(contours).reshape(-1, 2) + 1) // 2
    xy = np.column_stack([xs[corners[:, 0]], ys[corners[:, 1]]])
    return _oriented(*_without_middles(xy, np.array([len(contour) for contour in contours])), hierarchy[0, :, 3] >= 0)


def _oriented(xy: Ints, sizes: Ints, is_hole: npt.NDArray[np.bool_]) -> list[Ring]:
    """The concatenated rings one by one, each in the direction that its area needs."""
    starts, after = np.cumsum(sizes) - sizes, xy[_neighbors(sizes, 1)]
    areas = np.add.reduceat(xy[:, 0] * after[:, 1] - after[:, 0] * xy[:, 1], starts)
    rings = np.split(xy.astype(np.float32), starts[1:])
    return [ring[::-1] if turned else ring for ring, turned in zip(rings, (areas > 0) == is_hole, strict=True)]


def _rectangles(starts: Ints, ends: Ints, height_px: int) -> Ints:
    """(n, 4) left, top, right, bottom of rectangles that together are these runs."""
    left, top = np.divmod(starts, height_px)
    right, bottom = np.divmod(ends - 1, height_px)
    bottom = bottom + 1
    full, zero = np.full_like(left, height_px), np.zeros_like(left)
    one = left == right
    first = np.column_stack([left, top, left + 1, np.where(one, bottom, full)])
    middle = np.column_stack([left + 1, zero, right, full])[right > left + 1]
    last = np.column_stack([right, zero, right + 1, bottom])[~one]
    return np.concatenate([first, middle, last])


def _cells(rectangles: Ints, xs: Ints, ys: Ints) -> npt.NDArray[np.uint8]:
    """(len(ys) - 1, len(xs) - 1) 1 where a rectangle covers the cell of the grid: a cumulative sum of its corners."""
    change = np.zeros((len(ys), len(xs)), dtype=np.int32)
    left, right = (np.searchsorted(xs, rectangles[:, column]) for column in (0, 2))
    top, bottom = (np.searchsorted(ys, rectangles[:, column]) for column in (1, 3))
    for y, x, step in ((top, left, 1), (bottom, right, 1), (top, right, -1), (bottom, left, -1)):
        np.add.at(change, (y, x), np.int32(step))
    covered = change.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)
    return np.ascontiguousarray(covered[:-1, :-1] > 0).astype(np.uint8)


def _without_middles(xy: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Concatenated rectilinear rings, and their sizes, without repeated points and points on a straight line."""
    xy, sizes = _kept(xy, sizes, (xy != xy[_neighbors(sizes, -1)]).any(axis=1))
    before, after = xy - xy[_neighbors(sizes, -1)], xy[_neighbors(sizes, 1)] - xy
    return _kept(xy, sizes, before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0])


def _kept(xy: Ints, sizes: Ints, is_kept: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    return xy[is_kept], np.add.reduceat(is_kept.astype(np.int64), np.cumsum(sizes) - sizes)


def _neighbors(sizes: Ints, step: int) -> Ints:
    """(k,) index of the point before (-1) or after (1) each point of concatenated rings."""
    starts = np.cumsum(sizes) - sizes
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    return np.asarray((np.arange(len(first)) - first + step) % size + first)
