"""How a job gets to its service: the video first, then the start. What may have been heard is written down before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from frametally.client.client import VideoInferenceClient
from frametally.errors import (
    BadRequest,
    ConnectFailed,
    InvalidResponse,
    JobError,
    LinkExpired,
    MediaError,
    ServerError,
    ServiceError,
    ServiceUnreachable,
)
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs import messages
from frametally.jobs.cancel import cancel_late
from frametally.jobs.steps import heard, progress_writer
from frametally.ledger.lease import lease_held
from frametally.ledger.ledger import Ledger
from frametally.ledger.uploads import begin_upload, forget_upload, kept_upload
from frametally.library.library import Library
from frametally.library.video_store import StoredVideo

MAX_UPLOAD_BREAKS: Final = 10
KEPT_THERE_S: Final = 6 * 24 * 3600.0
"""A service keeps an upload for a week; a job that begins with it needs some of that."""
_FIRST_CHECK_S: Final = 1.0
_LOOK_AGAIN_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """The steps from a kept video to a job that its service has accepted."""

    ledger: Ledger
    library: Library
    clock: Callable[[], datetime]

    def upload(self, job: Job, client: VideoInferenceClient) -> Job:
        """Have the service hold the video: one that it was sent within the last days is not sent again.

        Where it is being sent for another job, this one waits for that and is returned as it was.

        Raises:
            MediaError: the kept video is gone, or the upload broke off too often.
            ServiceError: not now.
            JobError: somebody else is at work on the job.
        """
        earlier = kept_upload(self.ledger, job, self.clock() - timedelta(seconds=KEPT_THERE_S))
        if earlier is not None and earlier.upload_url:
            return self._uploaded(job, earlier.upload_url, earlier.uploaded_at, "Its service still has the video.")
        video = self.library.get(job.video_sha256 or "")
        if video is None:
            raise MediaError("The kept video is gone.", "Upload it again and start a new job.")
        now = self.clock()
        if not begin_upload(self.ledger, job, now):
            again = now + timedelta(seconds=_LOOK_AGAIN_S)
            self.ledger.update(job, service_message=messages.sent_for_another(), next_check_at=again)
            return job
        with lease_held(self.ledger, job, self.clock):
            with heard(self.ledger, job.service, self.clock):
                upload_url = client.request_upload_url(video.file_name)
            self._put(job, client, video, upload_url)
        return self._uploaded(job, upload_url, self.clock(), "")

    def start(self, job: Job, client: VideoInferenceClient) -> None:
        """Have the service begin. Where it may have heard of that and not said so, a person decides what is next.

        Raises:
            ServiceError: not now, or not at all.
            JobError: somebody else is at work on the job.
        """
        if job.start_requested_at and job.service != EMBEDDED and job.status is not JobStatus.LOST:
            self._mark_start_unknown(job, messages.start_cut_short())
            return
        if not self.ledger.compare_and_set(job, "start_requested_at", self.clock()):
            raise JobError("Somebody else is at work on this job.")
        try:
            with heard(self.ledger, job.service, self.clock):
                remote_job_id = self._ask_for_start(job, client)
        except ServiceError as error:
            self._bear_start(job, error)
            return
        now = self.clock()
        first_check = now + timedelta(seconds=_FIRST_CHECK_S)
        known = {
            "remote_job_id": remote_job_id,
            "last_known_at": now,
            "run_started_at": now,
            "next_check_at": first_check,
        }
        if not self.ledger.transition(job, JobStatus.SUBMITTED, service_message="", failure="", **known):
            cancel_late(self.ledger, client, job, remote_job_id)

    def _put(self, job: Job, client: VideoInferenceClient, video: StoredVideo, upload_url: str) -> None:
        """Send the video, and count where that breaks off: not for ever again, it may have gigabytes."""
        try:
            client.upload(video.path, upload_url, progress_writer(self.ledger, job, self.clock))
        except ConnectFailed:
            raise
        except (ServiceUnreachable, ServerError, LinkExpired) as error:
            breaks = job.failed_uploads + 1
            self.ledger.update(job, failed_uploads=breaks)
            if breaks >= MAX_UPLOAD_BREAKS:
                raise MediaError(messages.upload_broke_off(error, times=breaks)) from error
            raise

    def _uploaded(self, job: Job, upload_url: str, uploaded_at: datetime | None, cause: str) -> Job:
        news = {"upload_url": upload_url, "uploaded_at": uploaded_at, "progress": None, "service_message": ""}
        if not self.ledger.transition(job, JobStatus.UPLOADED, cause, **news):
            raise JobError("Somebody else is at work on this job.")
        return self.ledger.job(job.id)

    def _ask_for_start(self, job: Job, client: VideoInferenceClient) -> str:
        return client.start_job(
            input_url=job.video_url or job.upload_url or "",
            infer_fps=job.request_fps,
            models=[model.request for model in job.models],
            idempotency_key=job.id,
        )

    def _bear_start(self, job: Job, error: ServiceError) -> None:
        maybe_heard = isinstance(error, ServiceUnreachable | ServerError | InvalidResponse)
        surely_not = isinstance(error, ConnectFailed) or error.retry_after_s is not None
        if maybe_heard and not surely_not and job.service != EMBEDDED:
            self._mark_start_unknown(job, messages.doubtful(error))
            return
        self.ledger.update(job, start_requested_at=None)
        if isinstance(error, BadRequest) and job.status is JobStatus.UPLOADED and _was_sent_for_another(job):
            self._send_anew(job)
            return
        raise error

    def _send_anew(self, job: Job) -> None:
        """The service may have dropped what it was sent for an earlier job: once it is sent again, we know."""
        forget_upload(self.ledger, job.upload_url or "")
        cause = "Its service has refused the video that it was sent before: it is sent again."
        self.ledger.transition(
            job, JobStatus.CREATED, cause, upload_url=None, uploaded_at=None, next_check_at=self.clock()
        )

    def _mark_start_unknown(self, job: Job, failure: str) -> None:
        """Have a person decide: the service may have taken the job, and a second one may cost as much again."""
        news = {"failure": failure, "service_message": "", "next_check_at": self.clock()}
        if job.status is JobStatus.LOST:  # a person had it started again, and that is in doubt as well
            self.ledger.update(job, **news)
        else:
            self.ledger.transition(job, JobStatus.LOST, **news)


def _was_sent_for_another(job: Job) -> bool:
    return job.uploaded_at is not None and job.uploaded_at < job.created_at
