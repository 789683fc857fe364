"""What happens to a job from the click to the results: submit, ask how it stands, archive.

Each step that has become true is written down before the next begins, so a job goes on from wherever a crash left it.
"""

from __future__ import annotations

import logging
import random
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from video_inference import sentences
from video_inference.cancelling import cancel, cancel_late, end_cancelled
from video_inference.client import VideoInferenceClient
from video_inference.contract import STATUS_FLOOR_S, StatusReport
from video_inference.disk import last_change
from video_inference.errors import (
    AnswerUnreadable,
    JobError,
    KeyRefused,
    MediaError,
    NothingSent,
    RequestRefused,
    ResultsError,
    ServiceBroken,
    ServiceError,
    ServiceUnreachable,
)
from video_inference.jobs import EMBEDDED, Job, JobStatus, ModelChoice
from video_inference.lease import LEASE_S, lease_held
from video_inference.media import MediaLibrary
from video_inference.results import archive_apart, open_results
from video_inference.services import Services
from video_inference.store import Store

_SHOW_EVERY_S = 2.0
_KEEP_LEFTOVERS_S = 24 * 3600.0
_FIRST_CHECK_S = 1.0
_LONGEST_PAUSE_S = 600.0
_NOTHING_MORE: dict[str, Any] = {"progress": None, "standing": None, "began_at": None}
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """The steps of a job over what they need."""

    store: Store
    services: Services
    media: MediaLibrary
    results_dir: Path
    lost_after_s: float
    clock: Callable[[], datetime]

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
        kept = self.media.get(video_sha256 or "")
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
            frames=kept.facts.planned_count(infer_fps) if kept else None,
            created_at=now,
            next_check_at=now,
        )
        self.store.add(job)
        return job

    def claim_due(self, at_most: int) -> list[Job]:
        """The jobs whose turn has come, claimed for this caller alone: `advance` each of them at once."""
        now = self.clock()
        due = self.store.due(now, self.services.known(), limit=at_most)
        return [job for job in due if self.store.claim(job, now, LEASE_S)]

    def refresh_due(self) -> int:
        """Advance every job whose turn has come; returns how many."""
        claimed = self.claim_due(at_most=1000)
        for job in claimed:
            self.advance(job)
        return len(claimed)

    def refresh(self, job_id: str) -> Job | None:
        """Ask about one job now, also a lost one; None where the floor (or somebody at work on it) says not yet."""
        job = self.store.job(job_id)
        waits = job.status.is_open or job.status is JobStatus.LOST
        if not waits or not self.store.claim(job, self.clock(), LEASE_S):
            return None
        self.advance(job)
        return self.store.job(job_id)

    def cancel(self, job_id: str) -> Job:
        """Call a job off, here and at its service; see `cancelling.cancel` for what it raises."""
        return cancel(self.store, self.services, job_id, self.clock())

    def advance(self, job: Job) -> None:
        """Take the next steps of a claimed job, as far as they go now; what goes wrong is written down, not raised.

        `job` is as it was before the claim.
        """
        client = self.services.client(job.service, job.key_id)
        if client is None:
            why = "The key for this service is not known since the restart: enter it on Configuration."
            self.store.note(job, service_says=why, next_check_at=self.clock())
            return
        try:
            job = self._without_downtime(job)
            if job.status is JobStatus.CREATED and not job.video_url:
                job = self._upload(job, client)
            if job.remote_job_id is None:
                self._start(job, client)
            else:
                self._check(job, client)
        except ServiceError as error:
            self._bear(job, error)
        except (MediaError, ResultsError) as error:
            self._fail(job, str(error))
        except JobError:
            _LOG.info("Job %s was removed or taken over while it was worked on", job.id)
        except OSError as error:
            what = f"This machine could not keep up: {error.strerror or 'a file could not be written'}."
            self._wait(job, what, sentences.BY_ITSELF)
        except Exception:
            _LOG.exception("Job %s met a fault of ours", job.id)
            what = "Frametally met a fault of its own; the log of the server says more."
            self._wait(job, what, sentences.BY_ITSELF)

    def tidy(self) -> None:
        """Remove what given-up uploads and crashes left behind more than a day ago."""
        now_s = self.clock().timestamp()
        self.media.remove_stale_uploads(_KEEP_LEFTOVERS_S, now_s)
        for path in self.results_dir.glob("*.*"):  # the folder of a job has no dot in its name
            if now_s - last_change(path) > _KEEP_LEFTOVERS_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _upload(self, job: Job, client: VideoInferenceClient) -> Job:
        video = self.media.get(job.video_sha256 or "")
        if video is None:
            raise MediaError("The kept video is gone.", "Upload it again and start a new job.")
        with lease_held(self.store, job, self.clock):
            upload_url = client.request_upload_url(video.file_name)
            client.upload(video.path, upload_url, self._progress_writer(job))
        sent: dict[str, Any] = {"progress": None, "service_says": ""}
        if not self.store.move(job, JobStatus.UPLOADED, upload_url=upload_url, upload_at=self.clock(), **sent):
            raise JobError("Somebody else is at work on this job.")
        return self.store.job(job.id)

    def _start(self, job: Job, client: VideoInferenceClient) -> None:
        input_url = job.video_url or job.upload_url or ""
        requests = [model.request for model in job.models]
        try:
            remote_job_id = client.start_job(input_url=input_url, infer_fps=job.request_fps, models=requests)
        except (ServiceUnreachable, ServiceBroken, AnswerUnreadable) as error:
            if job.service == EMBEDDED or isinstance(error, NothingSent) or error.retry_after_s is not None:
                raise
            self._doubt(job, error)
            return
        now = self.clock()
        first_check = now + timedelta(seconds=_FIRST_CHECK_S)
        known = {"remote_job_id": remote_job_id, "answered_at": now, "began_at": now, "next_check_at": first_check}
        if not self.store.move(job, JobStatus.SUBMITTED, service_says="", failure="", **known):
            cancel_late(self.store, client, job, remote_job_id)

    def _doubt(self, job: Job, error: ServiceError) -> None:
        """Have a person decide: the service may have taken the job, and a second one may cost as much again."""
        failure = sentences.doubtful(error)
        self.store.move(job, JobStatus.LOST, failure=failure, service_says="", next_check_at=self.clock())

    def _check(self, job: Job, client: VideoInferenceClient) -> None:
        self.store.note(job, checked_at=self.clock())
        answer = client.get_status(job.remote_job_id or "")
        report, now = answer.report, self.clock()
        if report.is_cancelled:
            end_cancelled(self.store, job, now)
        elif report.is_failed:
            self._fail(job, sentences.failed(job, report))
        elif report.is_done and report.output_signed_url:
            try:
                self._archive(job, client, report.output_signed_url)
            except ServiceError as error:
                self._bear(job, error, is_done=True)
        elif self._is_lost(job, report, now):
            self._give_up(job)
        else:
            pause_s = STATUS_FLOOR_S if answer.retry_after_s is None else answer.retry_after_s
            known = {"answered_at": now, "failure": ""} if report.status is not None else {}
            age_s = (now - job.created_at).total_seconds()
            says = sentences.pending(job, report, age_s=age_s, patience_s=self.lost_after_s)
            begins = {"began_at": now} if report.is_queued else {}
            news = {"progress": report.fraction, "standing": report.standing, "service_says": says, **known, **begins}
            news["next_check_at"] = now + timedelta(seconds=pause_s)
            if job.status is JobStatus.LOST and known:
                self.store.move(job, JobStatus.SUBMITTED, **news)
            else:
                self.store.note(job, **news)

    def _archive(self, job: Job, client: VideoInferenceClient, output_url: str) -> None:
        # The tables before the status: a crash must not leave SUCCEEDED without data.
        self.results_dir.mkdir(parents=True, exist_ok=True)
        download = self.results_dir / f"{job.id}.json"
        with lease_held(self.store, job, self.clock):
            client.download_results(output_url, download, self._progress_writer(job))
            try:
                archive_apart(download, self.results_dir / job.id)
            finally:
                download.unlink(missing_ok=True)
        frames, now = len(open_results(self.results_dir / job.id).time_s), self.clock()
        news = {"progress": 1.0, "standing": None, "frames": frames, "failure": "", "service_says": ""}
        self.store.move(job, JobStatus.SUCCEEDED, ended_at=now, answered_at=now, **news)

    def _bear(self, job: Job, error: ServiceError, *, is_done: bool = False) -> None:
        """Try again later where time may help; end the job where it will not."""
        _LOG.warning("Job %s: %s", job.id, error)
        unsent = job.status in (JobStatus.CREATED, JobStatus.UPLOADED)
        if unsent and isinstance(error, KeyRefused | RequestRefused):
            self._fail(job, str(error))
            return
        if unsent or is_done:
            self.store.note(job, progress=None)  # it was that of the transfer that broke
        self._wait(job, sentences.fault(error, is_done=is_done), sentences.next_step(error), error.retry_after_s)

    def _wait(self, job: Job, what: str, next_step: str, asked_for_s: float | None = None) -> None:
        now = self.clock()
        silent_s = (now - (job.answered_at or job.created_at)).total_seconds()
        if self._is_lost(job, StatusReport(), now):
            self._give_up(job, what)
            return
        # The longer the silence, the longer the pause; a status call never under the floor.
        floor_s = 5.0 if job.remote_job_id is None else STATUS_FLOOR_S
        backoff_s = min(max(floor_s, silent_s / 4), _LONGEST_PAUSE_S) * random.uniform(1.0, 1.2)  # noqa: S311
        pause_s = max(backoff_s, asked_for_s or 0)
        says = f"{what} {next_step}".strip()
        self.store.note(job, service_says=says, next_check_at=now + timedelta(seconds=pause_s))

    def _without_downtime(self, job: Job) -> Job:
        """Silence counts only while somebody was asking: it begins later by the time in which nobody did."""
        unasked = self.clock() - job.next_check_at
        if unasked.total_seconds() < LEASE_S or not job.status.is_open:
            return job
        since = (job.answered_at or job.created_at) + unasked
        self.store.note(job, answered_at=since, began_at=None)  # nor does anybody know how long it took
        return replace(job, answered_at=since, began_at=None)

    def _is_lost(self, job: Job, report: StatusReport, now: datetime) -> bool:
        last = job.answered_at or job.created_at
        return report.status is None and (now - last).total_seconds() > self.lost_after_s

    def _give_up(self, job: Job, what: str = "") -> None:
        """Lost where a late answer may still come; failed where the service never heard of the job."""
        if job.remote_job_id is None:
            self._fail(job, sentences.unsent(what, after_s=self.lost_after_s))
            return
        news = {
            "failure": sentences.lost(job, what, after_s=self.lost_after_s),
            "next_check_at": self.clock() + timedelta(seconds=STATUS_FLOOR_S),
        }
        if job.status is JobStatus.LOST:
            self.store.note(job, **news)
        else:
            self.store.move(job, JobStatus.LOST, service_says="", **news, **_NOTHING_MORE)

    def _fail(self, job: Job, why: str) -> None:
        self.store.move(job, JobStatus.FAILED, failure=why, ended_at=self.clock(), service_says="", **_NOTHING_MORE)

    def _progress_writer(self, job: Job) -> Callable[[int, int | None], None]:
        """Writes the share done at most every two seconds, and ends the transfer where the job has moved on."""
        written_at = self.clock() - timedelta(seconds=_SHOW_EVERY_S)

        def write(done_bytes: int, total_bytes: int | None) -> None:
            nonlocal written_at
            now = self.clock()
            if (now - written_at).total_seconds() >= _SHOW_EVERY_S:
                written_at = now
                if not self.store.note(job, progress=done_bytes / total_bytes if total_bytes else None):
                    raise JobError("The job has ended meanwhile, or somebody else is at work on it.")

        return write
