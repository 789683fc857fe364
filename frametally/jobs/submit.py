"""How a job gets to its service: the video first, then the start. What may have been heard is written down before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from frametally.client.client import VideoInferenceClient
from frametally.errors import (
    AnswerUnreadable,
    JobError,
    LinkExpired,
    MediaError,
    NothingSent,
    RequestRefused,
    ServiceBroken,
    ServiceError,
    ServiceUnreachable,
)
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs import messages as sentences
from frametally.jobs.cancel import cancel_late
from frametally.jobs.steps import heard, progress_writer
from frametally.ledger.lease import lease_held
from frametally.ledger.ledger import Store
from frametally.ledger.uploads import begin_upload, forget_upload, kept_upload
from frametally.library.library import KeptVideo, MediaLibrary

MAX_UPLOAD_BREAKS: Final = 10
KEPT_THERE_S: Final = 6 * 24 * 3600.0
"""A service keeps an upload for a week; a job that begins with it needs some of that."""
_FIRST_CHECK_S: Final = 1.0
_LOOK_AGAIN_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Sending:
    """The steps from a kept video to a job that its service has accepted."""

    store: Store
    media: MediaLibrary
    clock: Callable[[], datetime]

    def upload(self, job: Job, client: VideoInferenceClient) -> Job:
        """Have the service hold the video: one that it was sent within the last days is not sent again.

        Where it is being sent for another job, this one waits for that and is returned as it was.

        Raises:
            MediaError: the kept video is gone, or the upload broke off too often.
            ServiceError: not now.
            JobError: somebody else is at work on the job.
        """
        earlier = kept_upload(self.store, job, self.clock() - timedelta(seconds=KEPT_THERE_S))
        if earlier is not None and earlier.upload_url:
            return self._uploaded(job, earlier.upload_url, earlier.upload_at, "Its service still has the video.")
        video = self.media.get(job.video_sha256 or "")
        if video is None:
            raise MediaError("The kept video is gone.", "Upload it again and start a new job.")
        now = self.clock()
        if not begin_upload(self.store, job, now):
            again = now + timedelta(seconds=_LOOK_AGAIN_S)
            self.store.note(job, service_says=sentences.sent_for_another(), next_check_at=again)
            return job
        with lease_held(self.store, job, self.clock):
            with heard(self.store, job.service, self.clock):
                upload_url = client.request_upload_url(video.file_name)
            self._put(job, client, video, upload_url)
        return self._uploaded(job, upload_url, self.clock(), "")

    def start(self, job: Job, client: VideoInferenceClient) -> None:
        """Have the service begin. Where it may have heard of that and not said so, a person decides what is next.

        Raises:
            ServiceError: not now, or not at all.
            JobError: somebody else is at work on the job.
        """
        if job.starting_at and job.service != EMBEDDED and job.status is not JobStatus.LOST:
            self._doubt(job, sentences.start_cut_short())
            return
        if not self.store.stamp(job, "starting_at", self.clock()):
            raise JobError("Somebody else is at work on this job.")
        try:
            with heard(self.store, job.service, self.clock):
                remote_job_id = self._ask_for_start(job, client)
        except ServiceError as error:
            self._bear_start(job, error)
            return
        now = self.clock()
        first_check = now + timedelta(seconds=_FIRST_CHECK_S)
        known = {"remote_job_id": remote_job_id, "answered_at": now, "began_at": now, "next_check_at": first_check}
        if not self.store.move(job, JobStatus.SUBMITTED, service_says="", failure="", **known):
            cancel_late(self.store, client, job, remote_job_id)

    def _put(self, job: Job, client: VideoInferenceClient, video: KeptVideo, upload_url: str) -> None:
        """Send the video, and count where that breaks off: not for ever again, it may have gigabytes."""
        try:
            client.upload(video.path, upload_url, progress_writer(self.store, job, self.clock))
        except NothingSent:
            raise
        except (ServiceUnreachable, ServiceBroken, LinkExpired) as error:
            breaks = job.upload_breaks + 1
            self.store.note(job, upload_breaks=breaks)
            if breaks >= MAX_UPLOAD_BREAKS:
                raise MediaError(sentences.upload_broke_off(error, times=breaks)) from error
            raise

    def _uploaded(self, job: Job, upload_url: str, upload_at: datetime | None, cause: str) -> Job:
        news = {"upload_url": upload_url, "upload_at": upload_at, "progress": None, "service_says": ""}
        if not self.store.move(job, JobStatus.UPLOADED, cause, **news):
            raise JobError("Somebody else is at work on this job.")
        return self.store.job(job.id)

    def _ask_for_start(self, job: Job, client: VideoInferenceClient) -> str:
        return client.start_job(
            input_url=job.video_url or job.upload_url or "",
            infer_fps=job.request_fps,
            models=[model.request for model in job.models],
            idempotency_key=job.id,
        )

    def _bear_start(self, job: Job, error: ServiceError) -> None:
        maybe_heard = isinstance(error, ServiceUnreachable | ServiceBroken | AnswerUnreadable)
        surely_not = isinstance(error, NothingSent) or error.retry_after_s is not None
        if maybe_heard and not surely_not and job.service != EMBEDDED:
            self._doubt(job, sentences.doubtful(error))
            return
        self.store.note(job, starting_at=None)
        if isinstance(error, RequestRefused) and job.status is JobStatus.UPLOADED and _was_sent_for_another(job):
            self._send_anew(job)
            return
        raise error

    def _send_anew(self, job: Job) -> None:
        """The service may have dropped what it was sent for an earlier job: once it is sent again, we know."""
        forget_upload(self.store, job.upload_url or "")
        cause = "Its service has refused the video that it was sent before: it is sent again."
        self.store.move(job, JobStatus.CREATED, cause, upload_url=None, upload_at=None, next_check_at=self.clock())

    def _doubt(self, job: Job, failure: str) -> None:
        """Have a person decide: the service may have taken the job, and a second one may cost as much again."""
        news = {"failure": failure, "service_says": "", "next_check_at": self.clock()}
        if job.status is JobStatus.LOST:  # a person had it started again, and that is in doubt as well
            self.store.note(job, **news)
        else:
            self.store.move(job, JobStatus.LOST, **news)


def _was_sent_for_another(job: Job) -> bool:
    return job.upload_at is not None and job.upload_at < job.created_at
