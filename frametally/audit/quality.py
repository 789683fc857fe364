"""Precision, recall and F1 with their intervals, from a sample of checked frames."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from frametally.audit.checks import Checks, Ints
from frametally.audit.estimates import MIN_FRAMES
from frametally.audit.intervals import Interval, of_ratio


class Quality(Struct, frozen=True):
    """A share, 0 to 1, and its interval, which holds the true value in 95 % of all samples, or more."""

    value: float
    interval: Interval


def precision(checks: Checks) -> Quality | None:
    """Share of the model's boxes that are right; None: too few frames with boxes to say, or only numbers known."""
    return None if checks.matched is None else _ratio(checks, checks.matched, checks.found)


def recall(checks: Checks) -> Quality | None:
    """Share of the objects that the model found; None: as for `precision`."""
    return None if checks.matched is None else _ratio(checks, checks.matched, checks.true)


def f1(checks: Checks) -> Quality | None:
    """Harmonic mean of both, 2 matched / (found + true), which is a share as well; None: as for `precision`."""
    return None if checks.matched is None else _ratio(checks, 2 * checks.matched, checks.found + checks.true)


def _ratio(checks: Checks, parts: Ints, wholes: Ints) -> Quality | None:
    """Each is a ratio of two sums over frames (Cochran 1977, ch. 6)."""
    if np.count_nonzero(wholes) < MIN_FRAMES:
        return None
    value = float(parts.sum() / wholes.sum())
    if not checks.share_left:
        return Quality(value, Interval(value, value))
    return Quality(value, of_ratio(parts.astype(np.float64), wholes.astype(np.float64), checks.share_left))
