"""What classes come to in a stretch of entries: how many, in how many entries, most at once, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.results import Results

Ints = npt.NDArray[np.int64]

_PLACE_BITS: Final = 32
_LAST_PLACE: Final = (1 << _PLACE_BITS) - 1


@dataclass(frozen=True)
class Tally:
    """All (c,); the entries mean something only where `present` is not 0."""

    boxes: Ints
    present: Ints
    """Entries with at least one box."""
    peak: Ints
    """Most boxes in one entry."""
    peak_entry: Ints
    """The first entry with so many."""
    first_entry: Ints
    last_entry: Ints


def tally(
    results: Results, model: str, confidence: float, entries: range, codes: npt.NDArray[np.int32], size: int
) -> Tally:
    """Count the boxes of these entries with at least this confidence, in bounded memory.

    Args:
        results: where the model is.
        model: whose boxes.
        confidence: 0 to 1.
        entries: those that are looked at.
        codes: for each class of the model as which of `size` classes it counts; -1: not at all.
        size: c.
    """
    boxes, present, best = (np.zeros(size, dtype=np.int64) for _ in range(3))
    first, last = np.full(size, entries.stop), np.full(size, -1)
    for entry, code, certain in results.confidence_pieces(model, entries.start, entries.stop):
        seen_as = codes[code]
        kept = np.flatnonzero((certain >= confidence) & (seen_as >= 0))
        place, column, times = _by_entry(entry[kept].astype(np.int64), seen_as[kept], size)
        boxes += np.bincount(seen_as[kept], minlength=size)
        present += np.bincount(column, minlength=size)
        # One number that is the higher, the more boxes there are, and of as many the earlier the entry.
        np.maximum.at(best, column, (times << _PLACE_BITS) + _LAST_PLACE - place)
        np.minimum.at(first, column, place)
        np.maximum.at(last, column, place)
    return Tally(boxes, present, best >> _PLACE_BITS, _LAST_PLACE - (best & _LAST_PLACE), first, last)


def _by_entry(entry: Ints, code: npt.NDArray[np.int32], size: int) -> tuple[Ints, Ints, Ints]:
    """Entry, class and number of boxes of each pair of both that there is; the entries are ascending."""
    lowest = int(entry[0]) if len(entry) else 0
    key = (entry - lowest) * size + code
    cells = (int(entry[-1]) - lowest + 1) * size if len(entry) else 0
    if cells <= 16 * len(key):
        table = np.bincount(key, minlength=cells)
        found = np.flatnonzero(table)
        times = table[found]
    else:  # few boxes among many entries and classes
        found, times = np.unique(key, return_counts=True)
    return found // max(size, 1) + lowest, found % max(size, 1), times
