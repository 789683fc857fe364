"""Nothing takes for ever: the worker ends where a step of its job does not, or where a cancelled job does not stop.

Nothing else ends a call into a decoder or a model. The next worker is there in a second.
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
from frametally.engine.spool import Job
from frametally.network.download import MAX_DOWNLOAD_S

LOOK_EVERY_S: Final = 0.25
GRACE_S: Final = 0.75
"""How long a cancelled job may take to stop by itself."""
_LOG = logging.getLogger("frametally.engine.worker")


class Step(NamedTuple):
    """What a worker is at: how long that may take, and why the job failed where it takes longer."""

    limit_s: float
    reason: str


FETCHING: Final = Step(MAX_DOWNLOAD_S + 300, "Fetching the video took too long. Download it and upload it instead.")
READING: Final = Step(900, "Reading the video does not come to an end. Convert it to MP4 (H.264) and try again.")
OPENING: Final = Step(900, "A model takes more than 15 minutes to open. Use a smaller one.")
DECODING: Final = Step(120, "Decoding the video stopped for 120 s. Convert it to MP4 (H.264) and try again.")
"""Up to the next planned frame; an 8K one takes a second."""
INFERRING: Final = Step(900, "A model takes more than 15 minutes for one frame. Use a smaller one.")
"""One frame by all models of the job; a busy inference server is asked five times, two minutes each."""
WRITING: Final = Step(900, "Writing the results does not come to an end. Check the engine's disk, then try again.")

At = Callable[[Step], object]
"""Told what the worker is at from now on."""


class Watch:
    """Around one job: ends this process when the job's time is up."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name=f"watch {job.id}", daemon=True)
        self.at(READING)

    def at(self, step: Step) -> None:
        """From now on the worker is at this."""
        self._now = step, time.monotonic() + step.limit_s
        # Native code that does not let go of the GIL stops every thread of Python's; this one is none.
        faulthandler.dump_traceback_later(2 * step.limit_s, exit=True, file=sys.__stderr__ or 2)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        faulthandler.cancel_dump_traceback_later()

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            step, until_s = self._now
            if self._job.is_cancelled and not self._over.wait(GRACE_S):
                self._end_process(CANCELLED)
            if time.monotonic() > until_s:
                self._end_process(step.reason)

    def _end_process(self, reason: str) -> None:
        _LOG.warning("job %s does not stop, and the worker ends with it: %s", self._job.id, reason)
        try:
            faulthandler.dump_traceback()
            self._job.fail(reason)
        finally:
            os._exit(0)
