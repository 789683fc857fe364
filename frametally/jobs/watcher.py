"""The watcher: advances jobs that are due. Any number of processes may each run one."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from frametally.job import Job
from frametally.jobs.abandoned import LOOK_EVERY_S, AbandonedJobs
from frametally.jobs.workflow import Workflow
from frametally.storage.objects import StoreUnavailable

TIDY_EVERY_S: Final = 3600.0
_LOG = logging.getLogger(__name__)


class Watcher:
    """One thread that polls for due jobs every `poll_every_s` seconds, and one for each job being advanced."""

    def __init__(self, workflow: Workflow, *, poll_every_s: float = 1.0) -> None:
        self._workflow = workflow
        self._poll_every_s = poll_every_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._advancing: set[str] = set()
        self._slots = workflow.slots
        self._abandoned = AbandonedJobs(workflow.ledger, workflow.clients)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start; idempotent."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Claim no more jobs. Steps in progress end with the process, and are resumed after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        tidied_s, looked_s = -TIDY_EVERY_S, time.monotonic()
        while not self._stopping.wait(self._poll_every_s):
            try:
                self._poll()
                if time.monotonic() - looked_s >= LOOK_EVERY_S:
                    looked_s = time.monotonic()
                    self._abandoned.look(self._workflow.clock())
                if time.monotonic() - tidied_s >= TIDY_EVERY_S:
                    tidied_s = time.monotonic()
                    self._workflow.tidy()
            except StoreUnavailable as error:  # tidying is due again in an hour
                _LOG.warning("Tidying waits for the object storage: %s", error)
            except Exception:  # every job depends on this thread
                _LOG.exception("Polling for due jobs failed; retrying")

    def _poll(self) -> None:
        # Claim no more than can start now: the lease of a queued claim would expire.
        for job in self._workflow.claim_due(self._slots):
            with self._lock:
                if job.id in self._advancing:  # the lease expired in a suspend of the machine; the thread still runs
                    self._slots.release(job.service)
                    continue
                self._advancing.add(job.id)
            # A daemon thread, so that a shutdown does not wait hours for an upload.
            threading.Thread(target=self._advance, args=(job,), name=f"job {job.id}", daemon=True).start()

    def _advance(self, job: Job) -> None:
        try:
            self._workflow.advance(job)
        except SQLAlchemyError:
            _LOG.exception("The ledger did not respond for job %s, which continues once its lease expires", job.id)
        finally:
            self._slots.release(job.service)
            with self._lock:
                self._advancing.discard(job.id)
