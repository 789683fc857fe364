"""The one watcher of a process: advances jobs whose turn has come. Any number of processes may each run one."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from frametally.job import Job
from frametally.jobs.workflow import Workflow

_LOG = logging.getLogger(__name__)


class Watcher:
    """A thread that looks for due jobs every second, and one for each job under way."""

    def __init__(self, workflow: Workflow, *, look_every_s: float = 1.0) -> None:
        self._workflow = workflow
        self._look_every_s = look_every_s
        self._stopping = threading.Event()
        self._counting = threading.Lock()
        self._under_way: set[str] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Take no more jobs. What is under way ends with the process; the next start goes on from there."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        tidied_s = -TIDY_EVERY_S
        while not self._stopping.wait(self._look_every_s):
            try:
                self._look()
                if time.monotonic() - tidied_s >= TIDY_EVERY_S:
                    tidied_s = time.monotonic()
                    self._workflow.tidy()
            except Exception:  # whatever it is, every job waits for this thread
                _LOG.exception("Looking for due jobs failed; trying again")

    def _look(self) -> None:
        # Claim no more than can begin now: a claim that waits in a queue would run out.
        for job in self._workflow.claim_due(at_most=_AT_ONCE - len(self._under_way)):
            with self._counting:
                if job.id in self._under_way:  # its lease ran out while the machine slept, and its thread goes on
                    continue
                self._under_way.add(job.id)
            # A daemon: the server must not wait hours for an upload before it ends.
            threading.Thread(target=self._advance, args=(job,), name=f"job {job.id}", daemon=True).start()

    def _advance(self, job: Job) -> None:
        try:
            self._workflow.advance(job)
        except SQLAlchemyError:
            _LOG.exception("The ledger did not answer for job %s; its lease will run out", job.id)
        finally:
            with self._counting:
                self._under_way.discard(job.id)


_AT_ONCE = 8
TIDY_EVERY_S = 3600.0
