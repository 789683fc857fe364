"""Which labeled frames can be compared: those that were analyzed and are not damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from frametally.analysis.view import View
from frametally.evaluation.truth import Floats, Ints, Truth

_USUAL_FRAME_S: Final = 0.04
_ROUNDING_S: Final = 1e-4


@dataclass(frozen=True)
class Pairing:
    """Labeled frames and the entries of the results that are about them."""

    entry: Ints
    """(p,) entries, ascending."""
    at: Ints
    """(p,) index of each one's frame in the truth."""
    not_analyzed: int
    """Labeled frames whose entry is `null`: unknown, so they do not count."""
    damaged: int
    """Labeled frames that are damaged in the video."""
    absent: int
    """Labeled frames that the results have no entry for."""
    unlabeled: int
    """Analyzed entries without a label."""

    def __len__(self) -> int:
        return len(self.entry)


def pair(view: View, truth: Truth) -> Pairing:
    """Pair labeled frames with entries of the view: the same frame, or the one that a time is nearest to.

    Times are those of a frame if they are at most half a frame away from it.
    """
    entries = np.arange(view.entries.start, view.entries.stop)
    if truth.times_s is None:
        at, entry = _by_frame(view, entries, truth.frames)
    else:
        at, entry = _by_time(view, entries, truth.times_s)
    analyzed, damaged = view.table.analyzed[entry], view.results.damaged[entry]
    counted = analyzed & ~damaged
    order = np.argsort(entry[counted], kind="stable")
    known = view.table.analyzed[entries] & ~view.results.damaged[entries]
    return Pairing(
        entry=entry[counted][order],
        at=at[counted][order],
        not_analyzed=int((~analyzed & ~damaged).sum()),
        damaged=int(damaged.sum()),
        absent=len(truth) - len(at),
        unlabeled=int(known.sum() - counted.sum()),
    )


def _by_frame(view: View, entries: Ints, frames: Ints) -> tuple[Ints, Ints]:
    """(q,) index in `frames`, (q,) entry; of several entries of a frame the first that was analyzed."""
    found = view.results.frame_index[entries]
    unknown = ~view.table.analyzed[entries]
    order = np.lexsort((entries, unknown, found))
    unique, first = np.unique(found[order], return_index=True)
    place = np.minimum(np.searchsorted(unique, frames), max(len(unique) - 1, 0))
    at = np.flatnonzero(unique[place] == frames) if len(unique) else np.empty(0, dtype=np.int64)
    return at, entries[order][first[place[at]]] if len(at) else np.empty(0, dtype=np.int64)


def _by_time(view: View, entries: Ints, times_s: Floats) -> tuple[Ints, Ints]:
    """The same by time; of several times that are nearest to one entry, the nearest counts."""
    order = np.argsort(view.results.time_s[entries], kind="stable")
    ordered, found_s = entries[order], view.results.time_s[entries][order]
    if not len(ordered):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    after = np.clip(np.searchsorted(found_s, times_s), 0, len(found_s) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(found_s[before] - times_s) <= np.abs(found_s[after] - times_s), before, after)
    distance = np.abs(found_s[nearest] - times_s)
    by_distance = np.lexsort((distance, nearest))
    _, first = np.unique(nearest[by_distance], return_index=True)
    at = np.sort(by_distance[first])
    at = at[distance[at] <= _half_frame_s(view) + _ROUNDING_S]
    return at, ordered[nearest[at]]


def _half_frame_s(view: View) -> float:
    """Half the usual duration of a frame of the video, from the times of the entries."""
    frames, time_s = np.diff(view.results.frame_index), np.diff(view.results.time_s)
    is_later = frames > 0
    durations = time_s[is_later] / frames[is_later]
    return float(np.median(durations)) / 2 if len(durations) else _USUAL_FRAME_S / 2
