"""What a view says about each frame that can be checked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View

Ints = npt.NDArray[np.int64]


def checkable(view: View) -> Ints:
    """(N,) the entries in the time range that were analyzed, and are not damaged; the others are unknown, not zero."""
    entries = np.arange(view.entries.start, view.entries.stop)
    return entries[view.table.analyzed[entries] & ~view.results.damaged[entries]]


def found_in(view: View, entries: Ints) -> Ints:
    """(N, c) boxes of each class of the view in these ascending entries."""
    found = [np.empty((0, len(view.names)), dtype=np.int64)]
    for chunk in view.in_chunks():
        inside = entries[np.searchsorted(entries, chunk.start) : np.searchsorted(entries, chunk.stop)]
        found.append(chunk.counts(len(view.names))[inside - chunk.start])
    return np.concatenate(found)
