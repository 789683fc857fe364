"""Submit a job: upload the video, then start it. Each request is recorded before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from frametally.client.client import VideoInferenceClient
from frametally.errors import ConnectFailed, JobError, LinkExpired, MediaError, ServerError, ServiceUnreachable
from frametally.job import Job
from frametally.jobs import messages
from frametally.jobs.outcome import Lost, Postponed, Started, Uploaded, UploadInterrupted, interrupted_start
from frametally.ledger.lease import lease_held, progress_writer
from frametally.ledger.ledger import Ledger
from frametally.ledger.uploads import begin_upload, kept_upload
from frametally.library.library import Library
from frametally.library.video_store import StoredVideo

UPLOAD_LIFETIME_S: Final = 6 * 24 * 3600.0
"""A service keeps an upload for a week; a job that reuses it needs part of that time."""
_CHECK_UPLOAD_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """The steps from a video in the library to a job that its service has accepted."""

    ledger: Ledger
    library: Library
    clock: Callable[[], datetime]

    def upload(self, job: Job, client: VideoInferenceClient) -> Uploaded | Postponed:
        """Upload the video, unless another job did so within `UPLOAD_LIFETIME_S`, or is doing so now.

        Raises:
            MediaError: the stored video no longer exists, or cannot be read.
            UploadInterrupted: the upload was interrupted.
            ServiceError: the service refused it, or did not respond.
            JobError: another process has taken the job over.
        """
        earlier = kept_upload(self.ledger, job, self.clock() - timedelta(seconds=UPLOAD_LIFETIME_S))
        if earlier is not None and earlier.upload_url:
            url, at = earlier.upload_url, earlier.uploaded_at
            return Uploaded(upload_url=url, uploaded_at=at, cause=messages.UPLOAD_REUSED)
        video = self.library.get(job.video_sha256 or "")
        if video is None:
            raise MediaError(*messages.STORED_VIDEO_GONE)
        now = self.clock()
        if not begin_upload(self.ledger, job, now):
            again = now + timedelta(seconds=_CHECK_UPLOAD_S)
            return Postponed(message=messages.WAITS_FOR_UPLOAD, next_check_at=again)
        with lease_held(self.ledger, job, self.clock):
            with self.ledger.circuit(job.service, self.clock):
                upload_url = client.request_upload_url(video.file_name)
            self._put(job, client, video, upload_url)
        return Uploaded(upload_url=upload_url, uploaded_at=self.clock())

    def start(self, job: Job, client: VideoInferenceClient) -> Started | Lost:
        """Start the job at the service; returns `Lost` where an earlier request may have started it.

        Raises:
            ServiceError: the service refused it, or did not respond.
            JobError: another process has taken the job over.
        """
        if lost := interrupted_start(job, self.clock()):
            return lost
        if not self.ledger.compare_and_set(job, "start_requested_at", self.clock()):
            raise JobError(messages.TAKEN_OVER)
        with self.ledger.circuit(job.service, self.clock):
            remote_job_id = client.start_job(
                input_url=job.video_url or job.upload_url or "",
                infer_fps=job.known_fps,
                models=[model.request for model in job.models],
                idempotency_key=job.id,
            )
        return Started(remote_job_id)

    def _put(self, job: Job, client: VideoInferenceClient, video: StoredVideo, upload_url: str) -> None:
        try:
            client.upload(video.path, upload_url, progress_writer(self.ledger, job, self.clock))
        except ConnectFailed:
            raise
        except (ServiceUnreachable, ServerError, LinkExpired) as error:
            raise UploadInterrupted(error) from error
