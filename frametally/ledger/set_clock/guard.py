"""Keeps the minimum interval between status calls, and no job waiting, when the system clock is set.

The waiting times of jobs are times of the system clock, as any number of processes share them, also after a restart.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

from frametally.clock import ClockWatch, steady_s
from frametally.contract import STATUS_FLOOR_S
from frametally.ledger.ledger import Ledger
from frametally.ledger.set_clock.waits import ahead_s, forget_run_times, move_past, shorten_waits

TOLERANCE_S: Final = 0.05
"""Smaller differences come from reading two clocks."""
LATE_S: Final = 30.0
"""Smaller changes are not corrected."""
_LOG = logging.getLogger(__name__)


class ClockGuard:
    """Asked before each claim of a job, by every thread of a process."""

    def __init__(self, ledger: Ledger, watch: ClockWatch | None = None, steady: Callable[[], float] = steady_s) -> None:
        self._ledger = ledger
        self._watch = watch or ClockWatch()
        self._steady = steady
        self._lock = threading.Lock()
        self._forward: deque[tuple[float, float]] = deque()
        """When, and by how much, the clock was set forward within the last interval."""
        self._is_first = True

    def early_by_s(self, now: datetime) -> float:
        """How much too early jobs seem to be due; notices a clock that was set, and does what that requires.

        Set forward, all waits seem to be over too early by as much, until each job has waited for the minimum interval;
        in that time, the processes that work on jobs renew their leases.
        """
        with self._lock:
            self._note(self._set_by_s(now), now)
            while self._forward and self._steady() - self._forward[0][0] >= STATUS_FLOOR_S:
                self._forward.popleft()
            return sum(by_s for _, by_s in self._forward)

    def _set_by_s(self, now: datetime) -> float:
        set_by_s = self._watch.set_by_s()
        if self._is_first:
            self._is_first = False
            return -ahead_s(self._ledger, now)
        return set_by_s

    def _note(self, set_by_s: float, now: datetime) -> None:
        if set_by_s > TOLERANCE_S:
            self._forward.append((self._steady(), set_by_s))
        if set_by_s < -LATE_S:
            shorten_waits(self._ledger, now, -set_by_s)
        if abs(set_by_s) > LATE_S:
            _LOG.warning("The system clock was set %s by %.0f s.", "forward" if set_by_s > 0 else "back", abs(set_by_s))
            forget_run_times(self._ledger)
            move_past(self._ledger, now, set_by_s)
