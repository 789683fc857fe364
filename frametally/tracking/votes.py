"""The class of each track: a vote of its boxes, weighted by their confidence."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.tracking.rows import Rows

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_LEAST_WEIGHT: Final = 1e-9
"""So that boxes of confidence 0 have a vote."""
_TRACKS: Final = 2048
"""Tracks that vote at the same time; bounds the memory."""


def elected(rows: Rows, order: Places, starts: Places, classes: int) -> tuple[npt.NDArray[np.int32], Floats]:
    """(t,) class of each track, and its share of the vote; of equal ones, the first.

    Args:
        rows: of all tracks.
        order: of the rows, by track.
        starts: place in this order at which each track starts.
        classes: number of classes of the model.
    """
    codes, shares = np.zeros(len(starts), dtype=np.int32), np.zeros(len(starts))
    bounds = np.append(starts, len(order))
    for first in range(0, len(starts), _TRACKS):
        some = slice(first, first + _TRACKS)
        ends = bounds[first : first + _TRACKS + 1]
        places = order[ends[0] : ends[-1]]
        owner = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        key = owner * classes + rows.class_code[places]
        codes[some], shares[some] = _winners(key, np.maximum(rows.confidence[places], _LEAST_WEIGHT), classes)
    return codes, shares


def _winners(key: Places, weight: Floats, classes: int) -> tuple[Places, Floats]:
    """The winner of each track and its share, from votes with the key track * classes + class."""
    voted, place = np.unique(key, return_inverse=True)
    votes = np.bincount(place, weight)
    owner, code = np.divmod(voted, classes)
    best = np.lexsort((code, -votes, owner))
    winner = best[np.searchsorted(owner, np.arange(owner[-1] + 1))]
    return code[winner], votes[winner] / np.bincount(owner, votes)
