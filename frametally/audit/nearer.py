"""Which of two models counts nearer to what people have seen in the same frames."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from frametally.audit.checks import Ints
from frametally.audit.estimates import MIN_FRAMES
from frametally.audit.intervals import Floats, Interval, of_difference
from frametally.audit.sequential import of_mean_at_any_time

DEFINITIONS: Final = {
    "Bias": "detections less objects per frame, all classes together; 0 is best",
    "Error": "how far the counts of a frame are from what was seen, summed over the classes (mean absolute error)",
    "Difference": "error of the other model less that of this one, in the same frames",
}


class Side(StrEnum):
    """Which of both."""

    ONE = "one"
    OTHER = "other"
    UNKNOWN = "unknown"


class Errors(Struct, frozen=True):
    """Of one model, per frame."""

    bias: float
    mean_absolute: float


class Nearer(Struct, frozen=True):
    """Two models in the same checked frames."""

    frames: int
    one: Errors
    other: Errors
    difference: Interval | None
    """Of `mean_absolute`, that of the other less that of the one, in 95 % of all samples; None: too few frames."""
    nearer: Side
    """Unknown where the interval includes 0."""


def nearer(true: Ints, one: Ints, other: Ints, frames: int, exceeded: int | None = None) -> Nearer | None:
    """Compare the counts of two models; None: no frame was checked.

    The same frames are used for both, so that what is difficult in a frame counts for both (a paired difference).

    Args:
        true: (n, c) what was seen.
        one: (n, c) what one model found.
        other: (n, c) what the other one found.
        frames: how many the sample was drawn from.
        exceeded: how many frames were planned, if more were checked.
    """
    if not len(true):
        return None
    missed, missed_by_other = (np.abs(found - true).sum(axis=1).astype(np.float64) for found in (one, other))
    difference = _interval(missed_by_other - missed, frames, exceeded)
    return Nearer(len(true), _errors(true, one), _errors(true, other), difference, _side(difference))


def _errors(true: Ints, found: Ints) -> Errors:
    missed: npt.NDArray[np.int64] = found - true
    return Errors(float(missed.sum(axis=1).mean()), float(np.abs(missed).sum(axis=1).mean()))


def _interval(differences: Floats, frames: int, exceeded: int | None) -> Interval | None:
    if len(differences) < min(MIN_FRAMES, frames):
        return None
    share_left = 1 - len(differences) / frames
    if not share_left:
        return Interval(float(differences.mean()), float(differences.mean()))
    usual = of_difference(differences, share_left)
    if exceeded is None:
        return usual
    wider = of_mean_at_any_time(differences, exceeded)
    return Interval(min(usual.low, wider.low), max(usual.high, wider.high))


def _side(difference: Interval | None) -> Side:
    if difference is None or difference.low <= 0 <= difference.high:
        return Side.UNKNOWN
    return Side.ONE if difference.low > 0 else Side.OTHER
