"""Per-class statistics of a view in one pass: boxes, presence, peak, first and last appearance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View

Ints = npt.NDArray[np.int64]

_ENTRY_BITS: Final = 32
_MAX_ENTRY: Final = (1 << _ENTRY_BITS) - 1


@dataclass(frozen=True)
class Tally:
    """All (c,), one value per class of the view; the entries are valid only where `present` is not 0."""

    boxes: Ints
    present: Ints
    """Entries with at least one box."""
    peak: Ints
    """Most boxes in one entry."""
    peak_entry: Ints
    """The first entry with that many."""
    first_entry: Ints
    last_entry: Ints


def tally(view: View) -> Tally:
    """Count the boxes of a view per class, merged classes as one, in bounded memory."""
    entries, codes, size = view.entries, view.codes, len(view.names)
    boxes, present, best = (np.zeros(size, dtype=np.int64) for _ in range(3))
    first, last = np.full(size, entries.stop), np.full(size, -1)
    for box_entry, box_class, confidence in view.results.confidence_pieces(view.model, entries.start, entries.stop):
        kept = np.flatnonzero(confidence >= view.confidence)
        code = codes[box_class[kept]]
        if codes.min() < 0:
            kept, code = kept[code >= 0], code[code >= 0]
        entry, column, times = _by_entry(box_entry[kept].astype(np.int64), code, size)
        boxes += np.bincount(code, minlength=size)
        present += np.bincount(column, minlength=size)
        # Combined key: more boxes first, then the earlier entry.
        np.maximum.at(best, column, (times << _ENTRY_BITS) + _MAX_ENTRY - entry)
        np.minimum.at(first, column, entry)
        np.maximum.at(last, column, entry)
    return Tally(boxes, present, best >> _ENTRY_BITS, _MAX_ENTRY - (best & _MAX_ENTRY), first, last)


def _by_entry(entry: Ints, code: npt.NDArray[np.int32], size: int) -> tuple[Ints, Ints, Ints]:
    """Entry, class and number of boxes of each (entry, class) pair that occurs; `entry` is ascending."""
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
