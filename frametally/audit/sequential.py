"""Intervals for those who go on checking until the interval is narrow enough."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from frametally.audit.intervals import LEVEL, Floats, Interval


def of_mean_at_any_time(values: Floats, planned: int) -> Interval:
    """Holds the true mean at every number of checked frames at once, so one may look and decide to go on.

    The usual interval does not: who stops as soon as it excludes a value excludes the true one too often. The
    asymptotic confidence sequence of Waudby-Smith et al. (2024, Annals of Statistics 52, eq. 8), narrowest at `planned`
    values; it does not use that the frames are finite in number, and is wider for it.
    """
    n = len(values)
    rho_squared = _WIDTH / planned
    spread = n * rho_squared + 1
    half = float(values.std(ddof=1)) * math.sqrt(
        2 * spread / (n * n * rho_squared) * math.log(math.sqrt(spread) / (1 - LEVEL))
    )
    mean = float(np.mean(values))
    return Interval(mean - half, mean + half)


_WIDTH: Final = -2 * math.log(1 - LEVEL) + math.log(-2 * math.log(1 - LEVEL) + 1)
"""The parameter times n at which the sequence is narrowest (there, appendix B.2)."""
