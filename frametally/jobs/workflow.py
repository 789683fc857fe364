"""What happens to a job from the click to the results: submit, ask how it stands, archive.

Each step that has become true is written down before the next begins, so a job goes on from wherever a crash left it.
"""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from frametally.client.client import StatusResponse, VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.contract import STATUS_FLOOR_S, StatusReport
from frametally.errors import BadRequest, JobError, MediaError, ResultsError, ServiceError, Unauthorized
from frametally.job import Job, JobStatus, ModelChoice
from frametally.jobs import messages
from frametally.jobs.cancel import cancel, end_cancelled
from frametally.jobs.collect import Collector
from frametally.jobs.deletion import remove_deleted
from frametally.jobs.steps import heard
from frametally.jobs.submit import Submitter
from frametally.ledger.events import EventKind
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library

_KEEP_LEFTOVERS_S = 24 * 3600.0
_SEND_AGAIN_S = 5.0
_MAX_PAUSE_S = 600.0
_NOTHING_MORE: dict[str, Any] = {"progress": None, "run_progress": None, "run_started_at": None}
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """The steps of a job over what they need."""

    ledger: Ledger
    clients: ClientRegistry
    library: Library
    results_dir: Path
    lost_after_s: float
    clock: Callable[[], datetime]

    @property
    def submitter(self) -> Submitter:
        """The steps up to a job that its service has accepted."""
        return Submitter(ledger=self.ledger, library=self.library, clock=self.clock)

    @property
    def collector(self) -> Collector:
        """The steps from a job that is done to results that can be looked at."""
        return Collector(ledger=self.ledger, results_dir=self.results_dir, clock=self.clock)

    def submit(
        self,
        *,
        service: str,
        key_id: str,
        video_name: str,
        video_sha256: str | None = None,
        video_url: str | None = None,
        models: Sequence[ModelChoice],
        infer_fps: float,
    ) -> Job:
        """Write a job down; the watcher takes it from here.

        A job with a `video_url` has the service read that URL; a kept video beside it is for looking at frames.

        Raises:
            JobError: no video or no model was named.
        """
        now = self.clock()
        kept = self.library.get(video_sha256 or "")
        job = Job(
            id=str(uuid.uuid4()),
            status=JobStatus.CREATED,
            service=service,
            key_id=key_id,
            video_name=video_name,
            video_sha256=video_sha256,
            video_url=video_url,
            models=tuple(models),
            infer_fps=infer_fps,
            frames=kept.info.planned_count(infer_fps) if kept else None,
            created_at=now,
            next_check_at=now,
        )
        self.ledger.add(job)
        return job

    def claim_due(self, at_most: int) -> list[Job]:
        """The jobs whose turn has come, claimed for this caller alone: `advance` each of them at once."""
        now = self.clock()
        held = {outage.service: outage.next_try_at for outage in self.ledger.outages() if outage.next_try_at}
        open_now = [known for known in self.clients.known() if held.get(known[0], now) <= now]
        claimed = []
        for job in self.ledger.due(now, open_now, limit=at_most):
            # Of a service that does not answer one job finds out whether it is back.
            if job.service in held and not self.ledger.claim_probe(job.service, now):
                continue
            if self.ledger.claim(job, now, LEASE_S):
                claimed.append(job)
        return claimed

    def refresh_due(self) -> int:
        """Advance every job whose turn has come; returns how many."""
        claimed = self.claim_due(at_most=1000)
        for job in claimed:
            self.advance(job)
        return len(claimed)

    def refresh(self, job_id: str) -> Job | None:
        """Ask about one job now, also a lost one; None where the floor (or somebody at work on it) says not yet."""
        job = self.ledger.job(job_id)
        waits = job.status.is_open or job.status is JobStatus.LOST
        if not waits or not self.ledger.claim(job, self.clock(), LEASE_S):
            return None
        self.advance(job)
        return self.ledger.job(job_id)

    def cancel(self, job_id: str) -> Job:
        """Call a job off, here and at its service; see `cancelling.cancel` for what it raises."""
        return cancel(self.ledger, self.clients, job_id, self.clock())

    def advance(self, job: Job) -> None:
        """Take the next steps of a claimed job, as far as they go now; what goes wrong is written down, not raised.

        `job` is as it was before the claim.
        """
        client = self.clients.client(job.service, job.key_id)
        if client is None:
            why = "The key for this service is not known since the restart: enter it on Configuration."
            self.ledger.update(job, service_message=why, next_check_at=self.clock())
            return
        try:
            job = self._discount_downtime(job)
            if _is_to_be_sent(job):
                job = self.submitter.upload(job, client)
            self._next_step(job, client)
        except ServiceError as error:
            self._handle_service_error(job, error)
        except (MediaError, ResultsError) as error:
            self._fail(job, str(error))
        except JobError:
            _LOG.info("Job %s was removed or taken over while it was worked on", job.id)
        except OSError as error:
            what = f"This machine could not keep up: {error.strerror or 'a file could not be written'}."
            self._wait(job, what, messages.BY_ITSELF)
        except Exception:
            _LOG.exception("Job %s met a fault of ours", job.id)
            what = "Frametally met a fault of its own; the log of the server says more."
            self._wait(job, what, messages.BY_ITSELF)

    def _next_step(self, job: Job, client: VideoInferenceClient) -> None:
        if _is_to_be_sent(job):
            return  # it waits for another job
        if job.remote_job_id is None:
            self.submitter.start(job, client)
        elif self.collector.has_come(job):
            self.collector.read(job)
        else:
            self._check(job, client)

    def tidy(self) -> None:
        """Remove what given-up uploads and crashes left behind more than a day ago, and jobs deleted an hour ago."""
        self.library.uploads.remove_stale(_KEEP_LEFTOVERS_S, self.clock().timestamp())
        self.collector.tidy()
        remove_deleted(self.ledger, self.results_dir, self.clock())

    def _check(self, job: Job, client: VideoInferenceClient) -> None:
        answer = self._ask(job, client)
        report, now = answer.report, self.clock()
        if report.is_cancelled:
            end_cancelled(self.ledger, job, now)
        elif report.is_failed:
            self._fail(job, messages.failed(job, report))
        elif report.is_done and report.output_signed_url:
            try:
                self.collector.fetch(job, client, report.output_signed_url)
            except ServiceError as error:
                self._handle_service_error(job, error, is_done=True)
            else:
                self.collector.read(job)
        elif self._is_lost(job, report, now):
            self._mark_lost(job)
        else:
            pause_s = STATUS_FLOOR_S if answer.retry_after_s is None else answer.retry_after_s
            known = {"last_known_at": now, "failure": ""} if report.status is not None else {}
            age_s = (now - job.created_at).total_seconds()
            says = messages.pending(job, report, age_s=age_s, patience_s=self.lost_after_s)
            begins = {"run_started_at": now} if report.is_queued else {}
            news = {
                "progress": report.fraction,
                "run_progress": report.run_progress,
                "service_message": says,
                **known,
                **begins,
            }
            news["next_check_at"] = now + timedelta(seconds=pause_s)
            if job.status is JobStatus.LOST and known:
                self.ledger.transition(job, JobStatus.SUBMITTED, **news)
            else:
                self.ledger.update(job, **news)

    def _ask(self, job: Job, client: VideoInferenceClient) -> StatusResponse:
        """The status call, in the job's history with what came of it."""
        now = self.clock()
        if not self.ledger.compare_and_set(job, "checked_at", now):
            raise JobError("Somebody else is at work on this job.")
        self._log_cut_short(job)
        try:
            with heard(self.ledger, job.service, self.clock):
                answer = client.get_status(job.remote_job_id or "")
        except ServiceError as error:
            self.ledger.log_call(job.id, now, error.what)
            raise
        invited = answer.retry_after_s is not None and answer.retry_after_s < STATUS_FLOOR_S
        self.ledger.log_call(job.id, now, messages.answered(answer.report), invited=invited)
        return answer

    def _log_cut_short(self, job: Job) -> None:
        """A call that a crash cut short was made all the same: the history has it, too."""
        if (
            job.checked_at is None or job.run_progress is not None
        ):  # who tells so much invites calls: not all are written
            return
        asked = self.ledger.history(job.id, kinds=[EventKind.ADDED, EventKind.ASKED], limit=1)
        if asked and asked[0].at < job.checked_at:
            self.ledger.log_call(job.id, job.checked_at, messages.call_cut_short())

    def _handle_service_error(self, job: Job, error: ServiceError, *, is_done: bool = False) -> None:
        """Try again later where time may help; end the job where it will not."""
        _LOG.warning("Job %s: %s", job.id, error)
        unsent = job.status in (JobStatus.CREATED, JobStatus.UPLOADED)
        if unsent and isinstance(error, Unauthorized | BadRequest):
            self._fail(job, str(error))
            return
        if is_done:
            self.ledger.update(job, progress=None)  # it was that of the transfer that broke
        self._wait(job, messages.fault(error, is_done=is_done), messages.next_step(error), error.retry_after_s)

    def _wait(self, job: Job, what: str, next_step: str, asked_for_s: float | None = None) -> None:
        now = self.clock()
        silent_s = (now - (job.last_known_at or job.created_at)).total_seconds()
        if self._is_lost(job, StatusReport(), now):
            self._mark_lost(job, what)
            return
        # The longer the silence, the longer the pause; a status call never under the floor.
        floor_s = self._send_again_s(job) if job.remote_job_id is None else STATUS_FLOOR_S
        backoff_s = min(max(floor_s, silent_s / 4), _MAX_PAUSE_S) * random.uniform(1.0, 1.2)  # noqa: S311
        again = now + timedelta(seconds=max(backoff_s, asked_for_s or 0))
        held = [outage.next_try_at for outage in self.ledger.outages() if outage.service == job.service]
        says = f"{what} {next_step if job.status.is_open else messages.BY_A_PERSON}".strip()
        transfer = {"progress": None} if job.remote_job_id is None else {}  # none is under way any more
        self.ledger.update(job, service_message=says, next_check_at=max([again, *filter(None, held)]), **transfer)

    def _send_again_s(self, job: Job) -> float:
        """Each upload that breaks off doubles the pause: the next one may have gigabytes again."""
        breaks = self.ledger.job(job.id).failed_uploads
        return _SEND_AGAIN_S * 2.0 ** max(breaks - 1, 0)

    def _discount_downtime(self, job: Job) -> Job:
        """Silence counts only while somebody was asking: it begins later by the time in which nobody did."""
        unasked = self.clock() - job.next_check_at
        if unasked.total_seconds() < LEASE_S or not job.status.is_open:
            return job
        since = (job.last_known_at or job.created_at) + unasked
        self.ledger.update(job, last_known_at=since, run_started_at=None)  # nor does anybody know how long it took
        return replace(job, last_known_at=since, run_started_at=None)

    def _is_lost(self, job: Job, report: StatusReport, now: datetime) -> bool:
        last = job.last_known_at or job.created_at
        return report.status is None and (now - last).total_seconds() > self.lost_after_s

    def _mark_lost(self, job: Job, what: str = "") -> None:
        """Lost where a late answer may still come; failed where the service never heard of the job."""
        if job.remote_job_id is None:
            self._fail(job, messages.unsent(what, after_s=self.lost_after_s))
            return
        news = {
            "failure": messages.lost(job, what, after_s=self.lost_after_s),
            "next_check_at": self.clock() + timedelta(seconds=STATUS_FLOOR_S),
        }
        if job.status is JobStatus.LOST:
            self.ledger.update(job, **news)
        else:
            self.ledger.transition(job, JobStatus.LOST, service_message="", **news, **_NOTHING_MORE)

    def _fail(self, job: Job, why: str) -> None:
        self.ledger.transition(
            job, JobStatus.FAILED, failure=why, ended_at=self.clock(), service_message="", **_NOTHING_MORE
        )


def _is_to_be_sent(job: Job) -> bool:
    return job.status is JobStatus.CREATED and not job.video_url
