"""The workflow of a job from the click to the results: decide the next step, take it, record its outcome.

Each fact is recorded before the next step begins, so a job continues from wherever a crash left it.
"""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from frametally.access.permissions import Action, require
from frametally.access.person import Person, actor_of, id_of
from frametally.client.client import StatusResponse, VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.client.slots import Slots
from frametally.contract import STATUS_FLOOR_S
from frametally.errors import FrametallyError, JobError, ServiceError
from frametally.job import Job, JobStatus, RunRequest
from frametally.jobs import messages
from frametally.jobs.cancel import cancel, cancel_late
from frametally.jobs.collect import Collector
from frametally.jobs.deletion import delete_old, remove_deleted
from frametally.jobs.outcome import (
    Outcome,
    Postponed,
    ResultsFetched,
    ResultsReady,
    Situation,
    Started,
    Step,
    StepFailed,
    Succeeded,
    Uploaded,
    UploadInterrupted,
    outcome_of,
)
from frametally.jobs.record import record
from frametally.jobs.submit import Submitter
from frametally.ledger.events import Actor, EventKind
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from frametally.ledger.people.audit import forget_old_audit
from frametally.ledger.set_clock.guard import ClockGuard
from frametally.library.library import Library
from frametally.library.removal import Retention, remove_old_videos
from frametally.results.reading.process import MAX_BYTES

_KEEP_LEFTOVERS_S: Final = 24 * 3600.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """Submits, advances and cancels the jobs of one deployment."""

    ledger: Ledger
    clients: ClientRegistry
    library: Library
    results_dir: Path
    lost_after_s: float
    clock: Callable[[], datetime]
    max_results_bytes: int = MAX_BYTES
    retention: Retention = field(default_factory=Retention)
    clock_guard: ClockGuard | None = None
    """None where the clock is not the system's."""
    also_tidy: Callable[[], object] = lambda: None  # what else is removed with its job or its video
    slots: Slots = field(default_factory=Slots)
    """Of this process, for the watcher and for pages."""

    @property
    def submitter(self) -> Submitter:
        """The steps up to a job that its service has accepted."""
        return Submitter(ledger=self.ledger, library=self.library, clock=self.clock)

    @property
    def collector(self) -> Collector:
        """The steps from a job that is done to readable results."""
        return Collector(
            ledger=self.ledger,
            results_dir=self.results_dir,
            clock=self.clock,
            max_results_bytes=self.max_results_bytes,
        )

    def submit(
        self, request: RunRequest, *, actor: Person | None, action: Action = Action.RUN, camera: str | None = None
    ) -> Job:
        """Create a job; the watcher advances it from here.

        With a `video_url`, the service reads that URL; a `video_sha256` in addition names the copy for viewing frames.
        `action`: what the person must be allowed to do. `camera`: which took the video; None if that is not known.

        Raises:
            AccessDenied: the person may not start jobs.
            JobError: the request lacks a video, a model or a frame rate.
        """
        require(actor, action)
        if actor is not None and not self.clients.serves(request.service, request.key_id, actor.id):
            raise JobError(*messages.KEY_OF_ANOTHER)
        now, kept = self.clock(), self.library.get(request.video_sha256 or "")
        job = Job(
            id=str(uuid.uuid4()),
            status=JobStatus.CREATED,
            **self.clients.placed(request).as_fields(),
            frames=kept.info.planned_count(request.infer_fps) if kept and request.infer_fps else None,
            created_at=now,
            next_check_at=now,
            owner=id_of(actor),
        )
        self.ledger.add(job, camera=camera, actor=actor_of(actor))
        return job

    def claim_due(self, slots: Slots | None = None) -> list[Job]:
        """Claim jobs that are due, and take a slot for each; the caller must `advance` each of them at once.

        `slots`: those of the process; None: as many jobs as there are for one process.
        """
        now, slots = self.clock(), slots or Slots()
        due_at = now - self._early_by(now)
        probe_at = {outage.service: outage.next_try_at for outage in self.ledger.outages() if outage.next_try_at}
        keys: dict[str, list[tuple[str, str]]] = {}
        for service, key_id in self.clients.known():
            if probe_at.get(service, now) <= now:
                keys.setdefault(service, []).append((service, key_id))
        claimed = []
        for service, known in keys.items():
            free = slots.free(service)
            for job in self.ledger.due(due_at, known, limit=free) if free > 0 else ():
                # While the circuit breaker of a service is open, one job probes it.
                if service in probe_at and not self.ledger.claim_probe(service, now):
                    break
                if self.ledger.claim(job, now, LEASE_S):
                    slots.take(service)
                    claimed.append(job)
        return claimed

    def refresh(self, job_id: str, *, actor: Person | None) -> Job | None:
        """Advance one open or lost job now and return it; None if it has ended, is not due, or is being advanced.

        Raises:
            AccessDenied: the person may not refresh it.
        """
        job = self.ledger.job(job_id)
        require(actor, Action.REFRESH, job.owner)
        is_waiting = job.status.is_open or job.status is JobStatus.LOST
        now = self.clock()
        is_due = job.next_check_at <= now - self._early_by(now)
        if not (is_waiting and is_due and self.ledger.claim(job, now, LEASE_S)):
            return None
        self.advance(job, actor=actor_of(actor))
        return self.ledger.job(job.id)

    def cancel(self, job_id: str, *, actor: Person | None) -> Job:
        """Cancel a job, here and at its service; see `cancel.cancel` for the errors."""
        return cancel(self.ledger, self.clients, job_id, self.clock(), actor=actor)

    def tidy(self, incoming_bytes: int = 0) -> None:
        """Remove leftovers of uploads and crashes after a day, deleted jobs after an hour, and what retention says."""
        self.library.uploads.remove_stale(_KEEP_LEFTOVERS_S, self.clock().timestamp())
        self.collector.tidy()
        delete_old(self.ledger, self.retention.results_days, self.clock())
        remove_deleted(self.ledger, self.results_dir, self.clock())
        forget_old_audit(self.ledger, self.retention.audit_days, self.clock())
        remove_old_videos(self.library, self.ledger, self.retention, self.clock(), incoming_bytes=incoming_bytes)
        self.also_tidy()

    def advance(self, job: Job, *, actor: Actor | None = None) -> None:
        """Take the steps of a claimed job until it waits or ends; errors of a step are recorded, not raised.

        `job`: as read before the claim. `actor`: who requested it; None for the watcher.
        """
        client = self.clients.client(job.service, job.key_id)
        if client is None:
            now, why = self.clock(), " ".join(messages.no_client(job, "Refresh it there."))
            record(self.ledger, job, Postponed(message=why, next_check_at=now), now, actor)
            return
        job = self._discount_downtime(job)
        outcome: Outcome | None = None
        try:
            while step := self._next_step(job, outcome):
                outcome = self._take(step, job, client, outcome, actor)
                is_recorded = record(self.ledger, job, outcome, self.clock(), actor)
                job = self._follow_up(job, outcome, client, is_recorded=is_recorded)
        except JobError:
            _LOG.info("Job %s was changed or taken over by another process", job.id)

    def read_again(self, job_id: str, *, actor: Person | None) -> Job:
        """Ingest the stored results of a failed job again, in case this version can read them.

        Raises:
            AccessDenied: the person may not change it.
            JobError: the job has not failed, or has no results.
            ResultsError: the results are still unreadable.
        """
        job = self.ledger.job(job_id)
        require(actor, Action.READ_AGAIN, job.owner)
        record(self.ledger, job, self.collector.read_again(job), self.clock(), actor_of(actor))
        return self.ledger.job(job_id)

    def _next_step(self, job: Job, outcome: Outcome | None) -> Step | None:
        """The step after `outcome`, or the first one where there is none yet; None where the job waits or has ended."""
        match outcome:
            case None if job.status is JobStatus.CREATED and not job.video_url:
                return Step.UPLOAD
            case None if job.remote_job_id is None:
                return Step.START
            case None:
                return Step.READ if self.collector.has_results(job) else Step.CHECK
            case Uploaded():
                return Step.START
            case ResultsReady():
                return Step.FETCH
            case ResultsFetched():
                return Step.READ
        return None

    def _take(
        self, step: Step, job: Job, client: VideoInferenceClient, previous: Outcome | None, actor: Actor | None
    ) -> Outcome:
        held_until = None
        answer: Outcome | StatusResponse | StepFailed
        try:
            answer = self._answer(step, job, client, previous, actor)
        except JobError:
            raise
        except Exception as error:
            _log_error(job, error)
            answer = StepFailed(step, error)
            held_until = self._held_until(job.service)
        situation = Situation(
            now=self.clock(),
            lost_after_s=self.lost_after_s,
            held_until=held_until,
            jitter=random.uniform(1.0, 1.2),  # noqa: S311
        )
        return outcome_of(answer, job, situation)

    def _answer(
        self, step: Step, job: Job, client: VideoInferenceClient, previous: Outcome | None, actor: Actor | None
    ) -> Outcome | StatusResponse:
        match step, previous:
            case Step.UPLOAD, _:
                return self.submitter.upload(job, client)
            case Step.START, _:
                return self.submitter.start(job, client)
            case Step.FETCH, ResultsReady(output_url=url):
                return self.collector.fetch(job, client, url)
            case Step.READ, _:
                return self.collector.read(job)
        return self._check(job, client, actor)

    def _check(self, job: Job, client: VideoInferenceClient, actor: Actor | None) -> StatusResponse:
        """Make the status call, and record it in the history with its response."""
        now = self.clock()
        if not self.ledger.compare_and_set(job, "checked_at", now):
            raise JobError(messages.TAKEN_OVER)
        self._log_interrupted_call(job)
        try:
            with self.ledger.circuit(job.service, self.clock):
                response = client.get_status(job.remote_job_id or "")
        except ServiceError as error:
            self.ledger.log_call(job.id, now, error.what, actor=actor)
            raise
        is_invited = response.retry_after_s is not None and response.retry_after_s < STATUS_FLOOR_S
        entry = messages.status_entry(response.report)
        self.ledger.log_call(job.id, now, entry, invited=is_invited and actor is None, actor=actor)
        return response

    def _log_interrupted_call(self, job: Job) -> None:
        """Record a status call that a crash left without a history entry: the minimum interval applies to it, too."""
        if job.checked_at is None or job.run_progress is not None:  # invited calls are not all recorded
            return
        last = self.ledger.history(job.id, kinds=[EventKind.CREATED, EventKind.STATUS_CALL], limit=1)
        if last and last[0].at < job.checked_at:
            self.ledger.log_call(job.id, job.checked_at, messages.CALL_INTERRUPTED)

    def _discount_downtime(self, job: Job) -> Job:
        """Time during which we did not poll does not count towards `lost_after_s`."""
        unpolled = self.clock() - job.next_check_at
        if unpolled.total_seconds() < LEASE_S or not job.status.is_open:
            return job
        since = (job.last_known_at or job.created_at) + unpolled
        self.ledger.update(job, last_known_at=since, run_started_at=None)  # the duration of the run is unknown, too
        return replace(job, last_known_at=since, run_started_at=None)

    def _early_by(self, now: datetime) -> timedelta:
        return timedelta(seconds=self.clock_guard.early_by_s(now)) if self.clock_guard else timedelta()

    def _held_until(self, service: str) -> datetime | None:
        return next((outage.next_try_at for outage in self.ledger.outages() if outage.service == service), None)

    def _follow_up(self, job: Job, outcome: Outcome, client: VideoInferenceClient, *, is_recorded: bool) -> Job:
        """Do what the outcome requires besides its record; returns the job for the next step.

        Raises:
            JobError: the job has changed since it was read, so no further step is taken.
        """
        match outcome:
            case Uploaded():
                if not is_recorded:
                    raise JobError(messages.TAKEN_OVER)
                return self.ledger.job(job.id)
            case Started(remote_job_id=remote_job_id) if not is_recorded:
                cancel_late(self.ledger, client, job, remote_job_id)
            case Succeeded():
                self.collector.discard_download(job)
        return job


def _log_error(job: Job, error: Exception) -> None:
    if isinstance(error, FrametallyError | OSError | UploadInterrupted):
        _LOG.warning("Job %s: %s", job.id, error)
    else:
        _LOG.error("Job %s: internal error", job.id, exc_info=error)
