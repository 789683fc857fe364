"""How many scripts and fragments run at once: the others wait for their turn, in order.

Each tab runs its scripts in a thread of its own. Fifty at once take no less time together, and the event loop, which
serves the health route and every other request, would wait for the interpreter lock behind all of them.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

SLOTS: Final = max(2, min(4, os.cpu_count() or 1))
QUICK_S: Final = 1.0
"""A run that takes longer mostly waits, for a service or a disk, and no longer counts."""
MAX_RUNS: Final = 24
"""Runs at once, those included."""
SWITCH_INTERVAL_S: Final = 0.001
"""After this, a thread that computes lets another have the interpreter lock.

The event loop needs the lock several times for each request: beside two such threads, its slowest answers take about a
quarter of the time that they take with Python's 5 ms.
"""
_RUN: Final = "_run_script"
"""A method of Streamlit's that it does not promise to keep; a test notices if it goes."""


class RunSlots:
    """Lets a number of runs in at a time, the one that has waited longest first."""

    def __init__(
        self, slots: int = SLOTS, max_runs: int = MAX_RUNS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._slots = slots
        self._max_runs = max_runs
        self._clock = clock
        self._changed = threading.Condition()
        self._started_s: dict[int, float] = {}
        self._waiting: deque[int] = deque()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a slot, and hold it."""
        own = threading.get_ident()
        if own in self._started_s:  # a run within a run
            yield
            return
        with self._changed:
            self._waiting.append(own)
            while self._waiting[0] != own or not self._has_room():
                self._changed.wait(self._next_s())
            self._waiting.popleft()
            self._started_s[own] = self._clock()
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                del self._started_s[own]
                self._changed.notify_all()

    @property
    def running(self) -> int:
        """Runs that have started and not ended."""
        return len(self._started_s)

    @property
    def waiting(self) -> int:
        """Runs that wait for a slot."""
        return len(self._waiting)

    def _has_room(self) -> bool:
        now_s = self._clock()
        quick = sum(now_s - started_s < QUICK_S for started_s in self._started_s.values())
        return quick < self._slots and len(self._started_s) < self._max_runs

    def _next_s(self) -> float:
        """Seconds until a run that is under way no longer counts."""
        now_s = self._clock()
        left_s = [QUICK_S - (now_s - started_s) for started_s in self._started_s.values()]
        return min((each for each in left_s if each > 0), default=QUICK_S) + 0.001


def limit_runs(slots: RunSlots) -> None:
    """Let every run of a script or a fragment wait for a slot. Without the method of Streamlit, nothing is limited.

    The runs under way give the event loop the interpreter lock within `SWITCH_INTERVAL_S`.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    run = getattr(ScriptRunner, _RUN, None)
    if run is None or hasattr(run, "__wrapped__"):
        return

    @wraps(run)
    def limited(runner: ScriptRunner, rerun_data: Any) -> None:
        with slots.slot():
            run(runner, rerun_data)

    setattr(ScriptRunner, _RUN, limited)
