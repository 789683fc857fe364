"""Boxes with the number of their track, before it is known which tracks count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from frametally.results import Boxes
from frametally.tracking.tracks import ROUNDING_S


@dataclass
class Rows:
    """n boxes as parallel arrays, ordered by entry."""

    number: npt.NDArray[np.int32]
    """(n,) number of the track, in any order."""
    entry: npt.NDArray[np.int32]
    box: npt.NDArray[np.int32]
    """(n,) index within the entry."""
    class_code: npt.NDArray[np.int32]
    """(n,) class of the box, not of the track."""
    confidence: npt.NDArray[np.float64]
    xyxy: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.number)

    def pick(self, places: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> None:
        """Keep these rows, in this order; only one column at a time is in memory twice."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name)[places])


def rows_of(boxes: Boxes, numbers: npt.NDArray[np.int32]) -> Rows:
    """Those of the boxes that have a number of 0 or more; the boxes are all of their entries."""
    start = np.searchsorted(boxes.entry, boxes.entry)
    box = (np.arange(len(boxes)) - start).astype(np.int32)
    rows = Rows(numbers, boxes.entry, box, boxes.class_code, boxes.confidence, boxes.xyxy)
    rows.pick((numbers >= 0).nonzero()[0])
    return rows


def concatenated(parts: Sequence[Rows]) -> Rows:
    """All rows in this order; at least one part. The parts are empty afterwards, or everything would be there twice."""
    columns = []
    for field in fields(Rows):
        columns.append(np.concatenate([getattr(part, field.name) for part in parts]))
        for part in parts:
            setattr(part, field.name, columns[-1][:0])
    return Rows(*columns)


def by_track(rows: Rows) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(n,) order of the rows by number, then entry; (t,) place in this order at which each track starts."""
    order = np.argsort(rows.number, kind="stable")
    number = rows.number[order]
    return order, np.concatenate([[0], (number[1:] != number[:-1]).nonzero()[0] + 1])[: len(number)]


def is_long_enough(rows: Rows, time_s: npt.NDArray[np.float64], min_length_s: float) -> npt.NDArray[np.bool_]:
    """(n,) whether the track of each row has two boxes or more, and its last is long enough after its first.

    Args:
        rows: of any tracks.
        time_s: of all entries.
        min_length_s: the shortest time between the first and the last box of a track that counts.
    """
    order, starts = by_track(rows)
    sizes = np.diff(starts, append=len(order))
    first, last = (time_s[rows.entry[order[places]]] for places in (starts, starts + sizes - 1))
    is_long = np.empty(len(order), dtype=np.bool_)
    is_long[order] = np.repeat((sizes > 1) & (last - first >= min_length_s - ROUNDING_S), sizes)
    return is_long
