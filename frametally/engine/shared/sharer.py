"""Publishes what happens to the jobs of an engine, and does what others have published for it, in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final

from msgspec import structs

from frametally.clock import utc_now
from frametally.engine.shared.records import CANCELLED_END, KEYS_EVERY_S, AcceptedJob, JobEnd, PublishedProgress
from frametally.engine.shared.shared_spool import SharedJob, SharedSpool
from frametally.errors import FrametallyError

WATCH_EVERY_S: Final = 2.0
"""How often marks are looked for, and progress is published, while there are jobs."""
MOVE_EVERY_S: Final = 0.5
"""How often the spool is looked at for what can be published."""
_AFTER_FAILURE_S: Final = 5.0
_LOG = logging.getLogger("frametally.engine")


class Sharer:
    """Three threads: videos that are brought here must not delay a cancellation or an end."""

    def __init__(
        self,
        spool: SharedSpool,
        *,
        max_video_bytes: int,
        retention_s: float,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._spool, self._records = spool, spool.records
        self._max_video_bytes, self._retention_s, self._clock = max_video_bytes, retention_s, clock
        self._reported: dict[str, PublishedProgress] = {}
        self._recorded: set[str] = set()
        self._queued: set[str] = set()
        self._published: set[str] = set()
        self._ended: set[str] = set()
        self._tidied_s = float("-inf")
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start. Idempotent."""
        if not self._threads:
            self._stopping.clear()
            self._threads = [
                threading.Thread(target=self._repeat, args=(turn, every_s), name="engine sharer", daemon=True)
                for turn, every_s in (
                    (self.watch, WATCH_EVERY_S),
                    (self.bring, MOVE_EVERY_S),
                    (self.publish, MOVE_EVERY_S),
                )
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """Stop; what has begun goes on at the next start."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_AFTER_FAILURE_S)
        self._threads = []

    def watch(self) -> list[Exception]:
        """Cancel what others have canceled, and publish the progress of what runs; returns what failed."""
        return _take([self._watch])

    def bring(self) -> list[Exception]:
        """Go on with what was begun, whose video may be elsewhere; returns what failed, which is to be repeated."""
        go_on = partial(self._spool.go_on, max_video_bytes=self._max_video_bytes)
        begun = (partial(go_on, job, accepted) for job, accepted in self._spool.begun(known=self._queued))
        return _take(chain(begun, [self._tidy]))

    def publish(self) -> list[Exception]:
        """Publish what is here only; returns what failed, which is to be repeated."""
        return _take(partial(self._publish, job) for job in self._spool.unpublished(known=self._published))

    def _repeat(self, turn: Callable[[], list[Exception]], every_s: float) -> None:
        wait_s = every_s
        while not self._stopping.wait(wait_s):
            errors = turn()
            wait_s = _AFTER_FAILURE_S if errors else every_s
            if errors:
                unexpected = next((each for each in errors if not isinstance(each, (FrametallyError, OSError))), None)
                text = "jobs of this engine are not shared yet (%d): %s"
                _LOG.warning(text, len(errors), errors[0], exc_info=unexpected)

    def _watch(self) -> None:
        if not self._spool.queued(known_ended=self._ended):
            return
        for job_id in self._records.cancelled():
            if found := self._spool.find(job_id):
                found.cancel()
                self._records.unmark(job_id)
        running = [SharedJob(job.folder) for job in self._spool.queued(known_ended=self._ended)]
        self._reported = {job.id: latest for job in running if (latest := self._report(job))}

    def _tidy(self) -> None:
        now_s = self._clock().timestamp()
        if now_s - self._tidied_s > min(KEYS_EVERY_S, self._retention_s):
            self._records.compare_keys(now_s=now_s)
            self._records.delete_old(now_s=now_s, retention_s=self._retention_s)
            self._tidied_s = now_s

    def _report(self, job: SharedJob) -> PublishedProgress | None:
        if (progress := job.progress) is None or job.accepted is None:
            return None
        latest = PublishedProgress(progress.fraction, structs.replace(progress.run_progress, cancellable=True))
        if self._reported.get(job.id) != latest:
            self._records.report(job.id, latest)
        return latest

    def _publish(self, job: SharedJob) -> None:
        """Publish the end of a job; of one of the dashboard itself also that it is there, so that others can cancel it.

        What another engine has answered before stays true: a job that it has canceled has no results.
        """
        is_shared = job.accepted is not None
        if not is_shared and job.id not in self._recorded:
            first = self._records.accept(job.id, AcceptedJob(self._records.engine_id, job.request))
            if first.engine_id != self._records.engine_id:  # it was started there by the same key
                job.mark_published()
                return
            self._recorded.add(job.id)
        state = job.state
        if state not in ("done", "failed"):
            return
        if state == "done" and is_shared:
            self._records.publish_results(job.id, job.results)
        failure = job.failure.reason if job.failure else "The job failed."
        end = self._records.end(job.id, JobEnd(None if state == "done" else failure))
        if is_shared and end == CANCELLED_END:
            job.withdraw()
        job.mark_published()


def _take(steps: Iterable[Callable[[], None]]) -> list[Exception]:
    """One that fails holds up no other, and whatever fails ends no thread: all jobs depend on it."""
    errors: list[Exception] = []
    remaining = iter(steps)
    while True:
        try:
            if (step := next(remaining, None)) is None:
                return errors
            step()
        except Exception as error:
            errors.append(error)
