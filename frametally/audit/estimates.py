"""Corrected counts with their intervals, from a sample of checked frames."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from frametally.audit.checks import Checks
from frametally.audit.intervals import Floats, Interval, of_difference
from frametally.audit.sequential import of_mean_at_any_time

MIN_FRAMES: Final = 5
"""With fewer checked frames nothing is said."""


class Estimate(Struct, frozen=True):
    """A number of the model, and the same corrected by the checks."""

    model: float
    """What the model alone says."""
    corrected: float
    interval: Interval
    """Holds the true value in 95 % of all samples, or more."""


def mean_count(checks: Checks) -> Estimate | None:
    """Objects per frame; None: too few frames to say.

    The difference estimator (Cochran 1977, Sampling Techniques, ch. 7; Särndal et al. 1992, Model Assisted Survey
    Sampling, ch. 6; as prediction-powered inference in Angelopoulos et al. 2023, Science 382): the mean of the model
    over all frames, plus the mean of true - found over the checked ones.
    """
    return _difference(checks, checks.all_found.astype(np.float64), (checks.true - checks.found).astype(np.float64))


def mean_count_at_any_time(checks: Checks, planned: int) -> Estimate | None:
    """The same for those who have gone on beyond the planned number of frames; None: too few frames to say."""
    usual = mean_count(checks)
    if usual is None or not checks.share_left:
        return usual
    differences = (checks.true - checks.found).astype(np.float64)
    at_any_time = of_mean_at_any_time(differences, planned).moved(usual.model).clipped(0, float("inf"))
    low, high = min(usual.interval.low, at_any_time.low), max(usual.interval.high, at_any_time.high)
    return Estimate(usual.model, usual.corrected, Interval(low, high))  # never narrower: it is asymptotic


def total(checks: Checks) -> Estimate | None:
    """Objects in all frames that could be checked, each counted in each frame; None: too few frames to say."""
    mean, frames = mean_count(checks), len(checks.all_found)
    if mean is None:
        return None
    low, high = mean.interval
    return Estimate(mean.model * frames, mean.corrected * frames, Interval(low * frames, high * frames))


def presence(checks: Checks) -> Estimate | None:
    """Share of frames with at least one object, 0 to 1, by the same estimator; None: too few frames to say."""
    differences = (checks.true > 0).astype(np.float64) - (checks.found > 0)
    found = _difference(checks, (checks.all_found > 0).astype(np.float64), differences)
    if found is None:
        return None
    return Estimate(found.model, min(max(found.corrected, 0.0), 1.0), found.interval.clipped(0, 1))


def more_to_halve(checks: Checks) -> int:
    """How many more frames make the intervals half as wide, if the differences stay as they are.

    From (1 - m / N) / m = (1 - n / N) / (4 n), the variance of a mean with m instead of n of N frames.
    """
    n, everything = checks.frames, len(checks.all_found)
    return round(4 * n / (1 + 3 * n / everything)) - n


def _difference(checks: Checks, found: Floats, differences: Floats) -> Estimate | None:
    model = float(found.mean()) if len(found) else 0.0
    if checks.frames < min(MIN_FRAMES, len(checks.all_found)) or not checks.frames:
        return None
    bias = float(differences.mean())
    if not checks.share_left:
        return Estimate(model, model + bias, Interval(model + bias, model + bias))
    interval = of_difference(differences, checks.share_left).moved(model)
    return Estimate(model, max(model + bias, 0.0), interval.clipped(0, float("inf")))
