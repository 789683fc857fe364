"""Exponential back-off with jitter: the wait before each further attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Waits that grow by `factor` from `first_s` to at most `max_s`."""

    first_s: float
    max_s: float
    factor: float = 2.0
    jitter: float = 0.2
    """Each wait is longer by a random share up to this, so that clients that failed together spread out."""

    def wait_s(self, failures: int) -> float:
        """Seconds to wait after this many failures, the first one counted as 0."""
        # The exponent is bounded: a float overflows where the wait has long reached its maximum.
        grown_s = self.first_s * self.factor ** min(failures, 64)
        return min(grown_s, self.max_s) * random.uniform(1.0, 1.0 + self.jitter)  # noqa: S311
