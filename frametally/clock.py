"""The system clock, passed in as an argument wherever the time matters."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)
"""Also runs while the machine is suspended; Linux only."""


def utc_now() -> datetime:
    """The current time, timezone-aware, in UTC."""
    return datetime.now(UTC)


def steady_s() -> float:
    """Seconds on a clock that cannot be set: only differences have a meaning."""
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """None where one of them is not known, or the clock was set back in between."""
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds()


class ClockWatch:
    """Notices when the system clock is set while this process runs. A suspend of the machine does not count."""

    def __init__(self, now: Callable[[], datetime] = utc_now, steady: Callable[[], float] = steady_s) -> None:
        self._now, self._steady = now, steady
        self._apart_s = self._distance_s()

    def set_by_s(self) -> float:
        """Seconds by which the clock was set since the last call: positive, if it was set forward."""
        before_s, self._apart_s = self._apart_s, self._distance_s()
        return self._apart_s - before_s

    def _distance_s(self) -> float:
        return self._now().timestamp() - self._steady()
