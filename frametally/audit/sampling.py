"""Which frames to check: a random sample, spread over the video."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def sample(entries: Ints, size: int, seed: int) -> Ints:
    """(n,) distinct entries in the order in which they are to be checked; n = min(size, len(entries)).

    A sample can be extended: a larger one of the same seed begins with the smaller one. Each entry is as likely as each
    other. The places are a scrambled Sobol sequence (Owen 1995, Matoušek 1998), so that any number of them is spread
    over the video: errors last for seconds, and neighbors would say the same twice. Intervals by the formulas of simple
    random sampling are then too wide rather than too narrow (Wolter 2007, Introduction to Variance Estimation, ch. 8).

    Args:
        entries: (N,) the entries that may be checked, in the order of time.
        size: how many to check.
        seed: the same seed gives the same sample.
    """
    rng = np.random.default_rng(seed)
    places = _spread(len(entries), min(size, len(entries)), rng)
    return entries[places]


def _spread(count: int, size: int, rng: np.random.Generator) -> Ints:
    """(size,) distinct places below `count`."""
    if not size:
        return np.empty(0, dtype=np.int64)
    from scipy.stats import qmc  # takes a second to import, and every command imports this module

    sequence = qmc.Sobol(1, scramble=True, rng=rng.spawn(1)[0])
    places = np.empty(0, dtype=np.int64)
    for _ in range(_DRAWS):
        drawn = sequence.random(1 << 10 if count <= 1 << 10 else 1 << 12)[:, 0]
        places = _distinct(np.concatenate([places, (drawn * count).astype(np.int64)]))
        if len(places) >= size:
            return places[:size]
    rest = rng.permutation(np.setdiff1d(np.arange(count), places))
    return np.concatenate([places, rest])[:size]


_DRAWS = 8


def _distinct(places: Ints) -> Ints:
    """Each place where it occurs first."""
    return places[np.sort(np.unique(places, return_index=True)[1])]
