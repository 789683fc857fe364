"""Where to blur a frame: the boxes of chosen classes, at every confidence, and what the frame seems to lack.

A model misses an object now and then. So a box of the analyzed frames just before and after that this frame does not
have is blurred as well. Where such a box reaches the threshold of the view, the model may have missed an object.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View

Corners = npt.NDArray[np.float64]
Size = tuple[float, float] | None
_KEPT: Final = 256
"""Entries whose boxes are remembered."""

NEIGHBOR_S: Final = 1.1
"""Analyzed frames up to this far away, one second as rounded to a frame, are compared with; between others nothing is
known."""
_NEAR: Final = 1.0
"""Boxes of neighboring frames show the same if their centers are at most so many of their sides apart."""
_BORDER: Final = 0.03
"""Share of the picture in which an object may appear or leave."""


@dataclass(frozen=True)
class BlurredBoxes:
    """What is blurred in the picture of one entry, for one model."""

    xyxy: Corners
    """(n, 4) corners in pixels of the picture that the model saw."""
    wh: Size
    """Its size; None: that of the frame."""
    is_known: bool
    """Whether what is to be blurred is known; otherwise the picture must not be shown."""
    may_lack: bool
    """Whether the model may have missed an object."""


class _Boxes(NamedTuple):
    """The boxes of one entry."""

    xyxy: Corners
    is_sure: npt.NDArray[np.bool_]
    """(n,) whether they reach the threshold of the view."""
    is_whole: bool
    """Whether all could be read."""


_NO_BOXES: Final = _Boxes(np.zeros((0, 4)), np.zeros(0, np.bool_), True)


class Blurring:
    """The boxes of chosen classes of one model."""

    def __init__(self, view: View, names: Collection[str]) -> None:
        """`names`: display names; those that the model does not have are ignored."""
        mapping = ClassMapping(view.classes.renames, tuple(names))
        self._view = replace(view, classes=mapping, time_range_s=None)
        self.at = lru_cache(_KEPT)(self._at)
        """What is blurred in the picture of an entry."""
        self.between = lru_cache(_KEPT)(self._between)
        """What is blurred from an entry to the next one: the boxes of both, and the ways between them."""
        self._boxes = lru_cache(_KEPT)(self._read)

    def _at(self, entry: int) -> BlurredBoxes:
        results, table = self._view.results, self._view.table
        wh = self._size(entry)
        own = self._boxes(entry, wh)
        lacking = [_unpaired(self._neighbor(entry, step, wh), own) for step in (-1, 1)]
        pairs = _pairs(lacking[0].xyxy, lacking[1].xyxy)
        middle = np.reshape([(a + b) / 2 for a, b in pairs], (-1, 4))
        is_inside = any(_is_inside(one.xyxy[one.is_sure], wh).any() for one in lacking)
        return BlurredBoxes(
            xyxy=np.vstack([own.xyxy, *(one.xyxy for one in lacking), middle]),
            wh=wh,
            is_known=0 <= entry < len(results.time_s) and bool(table.analyzed[entry]),
            may_lack=is_inside or not own.is_whole,
        )

    def _between(self, entry: int) -> BlurredBoxes:
        time_s = self._view.results.time_s
        after = min(entry + 1, len(time_s) - 1)
        first, last = self.at(entry), self.at(after)
        other = _scaled(last.xyxy, last.wh, first.wh)
        pairs = _pairs(first.xyxy, other)
        hulls = [np.concatenate([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])]) for a, b in pairs]
        return BlurredBoxes(
            xyxy=np.vstack([first.xyxy, other, np.reshape(hulls, (-1, 4))]),
            wh=first.wh,
            is_known=first.is_known and last.is_known and bool(abs(time_s[after] - time_s[entry]) <= NEIGHBOR_S),
            may_lack=first.may_lack or last.may_lack,
        )

    def _neighbor(self, entry: int, step: int, wh: Size) -> _Boxes:
        time_s, at = self._view.results.time_s, entry + step
        while 0 <= at < len(time_s) and abs(time_s[at] - time_s[entry]) <= NEIGHBOR_S:
            if self._view.table.analyzed[at]:
                return self._boxes(at, wh)
            at += step
        return _NO_BOXES

    def _read(self, entry: int, wh: Size) -> _Boxes:
        """In a picture of this size."""
        boxes = self._view.results.boxes(self._view.model, entry, entry + 1)
        chosen = self._view.codes[boxes.class_code] >= 0
        xyxy = boxes.xyxy[chosen].astype(np.float64)
        finite = np.isfinite(xyxy).all(axis=1)
        xyxy, is_sure = xyxy[finite], boxes.confidence[chosen][finite] >= self._view.confidence
        ordered = np.hstack([np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])])
        return _Boxes(_scaled(ordered, self._size(entry), wh), is_sure, bool(finite.all()))

    def _size(self, entry: int) -> Size:
        width, height = self._view.table.image_wh[entry].tolist()
        return (width, height) if 0 < width < np.inf and 0 < height < np.inf else None


def _unpaired(boxes: _Boxes, own: _Boxes) -> _Boxes:
    rows, _ = _assigned(boxes.xyxy, own.xyxy)
    return _Boxes(np.delete(boxes.xyxy, rows, axis=0), np.delete(boxes.is_sure, rows), boxes.is_whole)


def _pairs(some: Corners, others: Corners) -> list[tuple[Corners, Corners]]:
    """Boxes that show the same object, by their places."""
    rows, columns = _assigned(some, others)
    return list(zip(some[rows], others[columns], strict=True))


def _assigned(some: Corners, others: Corners) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Indices of the pairs, one to one, with the lowest distances in all."""
    if not len(some) or not len(others):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    from scipy.optimize import linear_sum_assignment  # takes long to import

    centers, other_centers = ((boxes[:, :2] + boxes[:, 2:]) / 2 for boxes in (some, others))
    sides, other_sides = ((boxes[:, 2:] - boxes[:, :2]).max(axis=1) for boxes in (some, others))
    distance = np.linalg.norm(centers[:, np.newaxis] - other_centers, axis=2)
    distance /= np.maximum(np.maximum(sides[:, np.newaxis], other_sides), 1.0)
    rows, columns = linear_sum_assignment(np.minimum(distance, 1e6))
    kept = distance[rows, columns] <= _NEAR
    return rows[kept], columns[kept]


def _is_inside(xyxy: Corners, wh: Size) -> npt.NDArray[np.bool_]:
    """(n,) whether a box is away from the border, where objects appear and leave."""
    size = np.array(wh or (np.inf, np.inf))
    margin = np.where(np.isfinite(size), size * _BORDER, 0.0)
    return np.asarray((xyxy[:, :2] > margin).all(axis=1) & (xyxy[:, 2:] < size - margin).all(axis=1))


def _scaled(xyxy: Corners, wh: Size, target: Size) -> Corners:
    if wh is None or target is None or wh == target:
        return xyxy
    return np.asarray(xyxy * np.tile(np.array(target) / np.array(wh), 2))
