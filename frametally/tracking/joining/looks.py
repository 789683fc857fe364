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
    centers_sizes: npt.NDArray[np.float64]
    """(4, n) center x, y, width, height in pixels."""
    limits: npt.NDArray[np.float64]
    """(4, n) as `association.limits`."""
    confidence: npt.NDArray[np.float64]
    class_code: npt.NDArray[np.float64]
    """As numbers that compare with the columns of `Joiner` without a conversion."""
    strong: int
    """How many boxes are of high confidence."""
    rows: npt.NDArray[np.intp]
    """(n,) where the boxes are in `Boxes`."""


def looks_of(
    boxes: Boxes, entries: npt.NDArray[np.intp], time_s: npt.NDArray[np.float64], high_confidence: float
) -> Iterator[Look]:
    """A look for each of these analyzed entries, at its time, also if it has no boxes.

    Boxes with a number that is not finite are left out; sizes below 0 count as 0.
    """
    usable = boxes.is_finite.nonzero()[0]
    entry, is_weak = boxes.entry[usable], boxes.confidence[usable] < high_confidence
    by_entry = np.lexsort((is_weak, entry))
    order = usable[by_entry]
    confidence, class_code = boxes.confidence[order], boxes.class_code[order].astype(np.float64)
    xyxy = boxes.xyxy[order].T.astype(np.float64)
    centers_sizes = np.concatenate([(xyxy[:2] + xyxy[2:]) / 2, np.maximum(xyxy[2:] - xyxy[:2], 0.0)])
    sides = limits(centers_sizes)
    starts = np.searchsorted(entry, entries)
    stops = np.searchsorted(entry, entries, side="right")
    weak_before = np.concatenate([[0], np.cumsum(is_weak)])
    strong = (stops - starts) - (weak_before[stops] - weak_before[starts])
    parts = zip(time_s.tolist(), starts.tolist(), stops.tolist(), strong.tolist(), strict=True)
    for at_s, start, stop, count in parts:
        yield Look(
            at_s,
            centers_sizes[:, start:stop],
            sides[:, start:stop],
            confidence[start:stop],
            class_code[start:stop],
            count,
            order[start:stop],
        )
