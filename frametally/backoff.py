"""Exponential back-off with jitter: the wait before each further attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Waits that grow by `factor` from `first_s` to at most `max_s` seconds, before jitter."""

    first_s: float
    max_s: float
    factor: float = 2.0
    jitter: float = 0.2
    """Each wait is extended by a random fraction up to this, so that clients that failed together spread out."""

    def wait_s(self, failures: int) -> float:
        """Seconds to wait before the next attempt; `failures` is 0 after the first failure."""
        # The exponent is bounded, as a larger one overflows a float; the wait has reached its maximum long before.
        grown_s = self.first_s * self.factor ** min(failures, 64)
        return min(grown_s, self.max_s) * random.uniform(1.0, 1.0 + self.jitter)  # noqa: S311
