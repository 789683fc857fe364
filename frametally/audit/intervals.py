"""Intervals that hold the true value in 95 % of all samples, or more.

SciPy takes long to import, and every command imports this module: the functions import it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

LEVEL: Final = 0.95
_TAIL: Final = (1 - LEVEL) / 2

Floats = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """Both edges inclusive."""

    low: float
    high: float

    def moved(self, by: float) -> Interval:
        return Interval(self.low + by, self.high + by)

    def clipped(self, low: float, high: float) -> Interval:
        return Interval(min(max(self.low, low), high), min(max(self.high, low), high))


def of_mean(values: Floats, share_left: float) -> Interval:
    """Student's t with the finite population correction (Cochran 1977, Sampling Techniques, eq. 2.22)."""
    half = float(quantile(len(values)) * np.sqrt(share_left * values.var(ddof=1) / len(values)))
    mean = float(values.mean())
    return Interval(mean - half, mean + half)


def of_share(successes: float, trials: float) -> Interval:
    """Clopper and Pearson (1934); neither number need be whole, as in `of_ratio`."""
    from scipy import special

    low = special.betaincinv(successes, trials - successes + 1, _TAIL) if successes > 0 else 0.0
    high = special.betaincinv(successes + 1, trials - successes, 1 - _TAIL) if successes < trials else 1.0
    return Interval(float(low), float(high))


def of_signs(values: Floats, share_left: float) -> Interval:
    """The mean of values that are -1, 0 or 1, also where all of them are 0.

    The difference of two shares, from the interval of each (Zou and Donner 2008, Statistics in Medicine 27: MOVER) and
    the correlation of two shares of one sample: no value is both.
    """
    trials = effective(len(values), share_left)
    up, down = float((values > 0).mean()), float((values < 0).mean())
    of_up, of_down = of_share(up * trials, trials), of_share(down * trials, trials)
    correlation = -math.sqrt(up * down / ((1 - up) * (1 - down))) if up and down else 0.0
    below, above = (up - of_up.low, of_down.high - down), (of_up.high - up, down - of_down.low)
    low, high = (math.sqrt(a * a + b * b - 2 * correlation * a * b) for a, b in (below, above))
    return Interval(up - down - low, up - down + high)


def of_difference(values: Floats, share_left: float) -> Interval:
    """The mean of whole numbers that are mostly 0.

    The t interval of few of them, or of none, is too narrow; larger ones than 1 are not rare where they occur.
    """
    return of_signs(values, share_left) if np.abs(values).max() <= 1 else of_mean(values, share_left)


def of_ratio(parts: Floats, wholes: Floats, share_left: float) -> Interval:
    """The share sum(parts) / sum(wholes) of what was drawn in clusters, here the boxes of frames.

    Korn and Graubard (1998, Survey Methodology 24): Clopper and Pearson with as many trials as would have the variance
    of the ratio (Cochran 1977, eq. 6.13), and Student's t for the number of clusters.
    """
    from scipy import special

    trials = float(wholes.sum())
    ratio = float(parts.sum()) / trials
    variance = share_left * (parts - ratio * wholes).var(ddof=1) * len(parts) / trials**2
    most = effective(trials, share_left)
    if variance > 0:
        correction = (special.ndtri(1 - _TAIL) / quantile(int(np.count_nonzero(wholes)))) ** 2
        most = min(most, float(ratio * (1 - ratio) / variance * correction))
    return of_share(ratio * most, most)


def quantile(count: int) -> float:
    """Of Student's t for the mean of `count` values."""
    from scipy import special

    return float(special.stdtrit(count - 1, 1 - _TAIL))


def effective(trials: float, share_left: float) -> float:
    """As many trials with replacement have the variance of these without."""
    return trials / share_left
