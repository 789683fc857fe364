"""The boxes of one analyzed frame after the other, in the form in which they are joined to tracks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.results import Boxes
from frametally.tracking.joining.association import limits


class Look(NamedTuple):
    """The n boxes of one analyzed frame, those of high confidence first."""

    time_s: float
    columns: npt.NDArray[np.float64]
    """(6, n) class, confidence, center x, y, width and height in pixels."""
    limits: npt.NDArray[np.float64]
    """(4, n, 1) as `association.limits`."""
    strong: int
    """How many boxes are of high confidence."""
    number: npt.NDArray[np.float64]
    """(n,) number of the track of each box once it is known, else -1."""


class Looks:
    """The boxes of analyzed entries, a look for each entry, also if it has no boxes.

    Boxes with a number that is not finite are left out; sizes below 0 count as 0.
    """

    def __init__(
        self, boxes: Boxes, entries: npt.NDArray[np.intp], time_s: npt.NDArray[np.float64], high_confidence: float
    ) -> None:
        usable = boxes.is_finite.nonzero()[0]
        entry, is_weak = boxes.entry[usable], boxes.confidence[usable] < high_confidence
        self._boxes, self._order = len(boxes), usable[np.lexsort((is_weak, entry))]
        self._number = np.full(len(usable), -1.0)
        self._columns = _columns(boxes, self._order)
        starts = np.searchsorted(entry, entries)
        stops = np.searchsorted(entry, entries, side="right")
        weak_before = np.concatenate([[0], np.cumsum(is_weak)])
        strong = (stops - starts) - (weak_before[stops] - weak_before[starts])
        self._parts = list(zip(time_s.tolist(), starts.tolist(), stops.tolist(), strong.tolist(), strict=True))

    def __iter__(self) -> Iterator[Look]:
        columns, sides, number = self._columns, limits(self._columns[2:])[:, :, None], self._number
        for time_s, start, stop, strong in self._parts:
            yield Look(time_s, columns[:, start:stop], sides[:, start:stop], strong, number[start:stop])

    @property
    def numbers(self) -> npt.NDArray[np.int32]:
        """(n,) number of the track of each of the boxes, in their order; -1 if it has none."""
        numbers = np.full(self._boxes, -1, dtype=np.int32)
        numbers[self._order] = self._number
        return numbers


def _columns(boxes: Boxes, order: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    xyxy = boxes.xyxy[order].T.astype(np.float64)
    columns = np.empty((6, len(order)))
    columns[0], columns[1] = boxes.class_code[order], boxes.confidence[order]
    columns[2:4] = (xyxy[:2] + xyxy[2:]) / 2
    columns[4:] = np.maximum(xyxy[2:] - xyxy[:2], 0.0)
    return columns
