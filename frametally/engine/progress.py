"""Progress reports of a running job, at most two a second; each report also checks whether the job was canceled."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from msgspec import structs

from frametally.contract import RunProgress
from frametally.engine.remaining_time import RemainingTimeEstimator
from frametally.engine.spool import SpooledJob, WorkerProgress

REPORT_EVERY_S: Final = 0.5
SPEED_SAMPLES: Final = 20
"""Number of latest reports over which the displayed speed is averaged."""


class JobCancelled(Exception):
    """The job was canceled while it ran."""


class ProgressReporter:
    """Counts the finished frames of one run. One thread at a time may call it."""

    def __init__(
        self,
        job: SpooledJob,
        frames_total: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        worker_pid: int | None = None,
    ) -> None:
        """`worker_pid` is the process whose crash counts against the job; by default this one."""
        self._job = job
        self._worker_pid = os.getpid() if worker_pid is None else worker_pid
        self._frames_total = frames_total
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque(maxlen=SPEED_SAMPLES)
        self._estimator = RemainingTimeEstimator(frames_total)

    def report(self, frames_done: int) -> None:
        """Report how many of the planned frames are finished, including those that could not be decoded.

        Raises:
            JobCancelled: the job was canceled.
        """
        now_s = self._clock()
        if self._samples and now_s - self._samples[-1][0] < REPORT_EVERY_S:
            return
        check_cancelled(self._job)
        self._samples.append((now_s, frames_done))
        self._estimator.add(now_s, frames_done)
        share = round(frames_done / self._frames_total, 4)
        self._job.report(WorkerProgress(share, self._worker_pid, self._run_progress(frames_done), now_s))

    def _run_progress(self, frames_done: int) -> RunProgress:
        (first_s, first_done), (last_s, last_done) = self._samples[0], self._samples[-1]
        rate = (last_done - first_done) / (last_s - first_s) if last_done > first_done else None
        remaining = self._estimator.remaining()
        known = RunProgress(
            frames_done=frames_done,
            frames_total=self._frames_total,
            frames_per_second=round(rate, 2) if rate else None,
        )
        if remaining is None:
            return known
        return structs.replace(
            known,
            remaining_s=round(remaining.expected_s, 1),
            remaining_low_s=round(remaining.low_s, 1),
            remaining_high_s=round(remaining.high_s, 1),
        )


def check_cancelled(job: SpooledJob) -> None:
    """Raise if the job has ended.

    Raises:
        JobCancelled: the job is no longer queued.
    """
    if job.state != "queued":
        raise JobCancelled
