"""The watchdog: ends the worker process when a phase of its job exceeds its time limit or a canceled job does not stop.

A call into a decoder or a model can be interrupted only by ending the process. The supervisor starts the next worker
within a second.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, NamedTuple

from frametally.contract import CANCELLED
from frametally.engine.spool import SpooledJob
from frametally.network.download import MAX_DOWNLOAD_S

CHECK_EVERY_S: Final = 0.25
GRACE_S: Final = 0.75
"""Time for a canceled job to stop by itself."""
_LOG = logging.getLogger("frametally.engine.worker")


class Phase(NamedTuple):
    """A phase of a job: its time limit, and the failure if it takes longer."""

    limit_s: float
    reason: str


FETCHING: Final = Phase(MAX_DOWNLOAD_S + 300, "Fetching the video took too long. Download it and upload it instead.")
READING: Final = Phase(900, "Reading the video took more than 15 minutes. Convert it to MP4 (H.264) and try again.")
OPENING: Final = Phase(900, "Loading a model took more than 15 minutes. Use a smaller model.")
DECODING: Final = Phase(120, "Decoding the video made no progress for 120 s. Convert it to MP4 (H.264) and try again.")
"""Until the next planned frame is decoded; an 8K frame takes one second."""
INFERRING: Final = Phase(900, "A model took more than 15 minutes for one frame. Use a smaller model.")
"""One frame by all models of the job. A busy inference server is called up to five times, two minutes each."""
WRITING: Final = Phase(900, "Writing the results took more than 15 minutes. Check the engine's disk, then try again.")

EnterPhase = Callable[[Phase], object]
"""Called at the beginning of each phase."""


class Watchdog:
    """Context manager around one job: ends this process when a phase of the job exceeds its limit."""

    def __init__(self, job: SpooledJob) -> None:
        self._job = job
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watchdog {job.id}", daemon=True)
        self.enter_phase(READING)

    def enter_phase(self, phase: Phase) -> None:
        """Start the time limit of a phase."""
        self._current = phase, time.monotonic() + phase.limit_s
        # Native code that holds the GIL stops every Python thread; the timer of faulthandler is a C thread.
        faulthandler.dump_traceback_later(2 * phase.limit_s, exit=True, file=sys.__stderr__ or 2)

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finished.set()
        self._thread.join()
        faulthandler.cancel_dump_traceback_later()

    def _watch(self) -> None:
        while not self._finished.wait(CHECK_EVERY_S):
            phase, until_s = self._current
            if self._job.is_cancelled and not self._finished.wait(GRACE_S):
                self._end_process(CANCELLED)
            if time.monotonic() > until_s:
                self._end_process(phase.reason)

    def _end_process(self, reason: str) -> None:
        _LOG.warning("job %s does not stop; ending the worker: %s", self._job.id, reason)
        try:
            faulthandler.dump_traceback()
            self._job.fail(reason)
        finally:
            os._exit(0)
