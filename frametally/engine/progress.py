"""How far a running job is, and how fast: told twice a second at most, and where it notices that it was cancelled."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from frametally.contract import RunProgress
from frametally.engine.spool import Job, Progress

REPORT_EVERY_S: Final = 0.5
MARKS: Final = 20
"""The speed is that between the last so many reports: what is told now, not what the first frames took."""


class JobCancelled(Exception):
    """The job has ended while it ran: somebody called it off."""


class Meter:
    """Counts the finished frames of one run. One thread at a time may call it."""

    def __init__(self, job: Job, frames_total: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._job = job
        self._frames_total = frames_total
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque(maxlen=MARKS)

    def note(self, frames_done: int) -> None:
        """So many of the planned frames are finished, the ones that could not be decoded among them.

        Raises:
            JobCancelled: nobody wants the rest.
        """
        now_s = self._clock()
        if self._marks and now_s - self._marks[-1][0] < REPORT_EVERY_S:
            return
        check_cancelled(self._job)
        self._marks.append((now_s, frames_done))
        share = round(frames_done / self._frames_total, 4)
        self._job.report(Progress(share, os.getpid(), self._standing(frames_done)))

    def _standing(self, frames_done: int) -> RunProgress:
        (first_s, first_done), (last_s, last_done) = self._marks[0], self._marks[-1]
        rate = (last_done - first_done) / (last_s - first_s) if last_done > first_done else None
        return RunProgress(
            frames_done=frames_done,
            frames_total=self._frames_total,
            frames_per_second=round(rate, 2) if rate else None,
            remaining_s=round((self._frames_total - frames_done) / rate, 1) if rate else None,
        )


def check_cancelled(job: Job) -> None:
    """Go on only where the job has not ended.

    Raises:
        JobCancelled: it has.
    """
    if job.state != "queued":
        raise JobCancelled
