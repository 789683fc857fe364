"""A job: the request it runs, its states and the transitions between them. Pure: no clock, no database, no network.

A status states a fact that already holds, so a crash cannot make it false.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from frametally.clock import seconds_between
from frametally.contract import ModelRequest, RunProgress
from frametally.errors import JobError

EMBEDDED: Final = "embedded"
"""The `service` of a job that runs on the built-in engine; any other value is the base URL of a service."""


class JobStatus(StrEnum):
    """The last fact established about a job."""

    CREATED = "created"
    """Recorded in the ledger; the video is in the library or at a public URL."""
    UPLOADED = "uploaded"
    """The service has the whole video."""
    SUBMITTED = "submitted"
    """The service accepted the job and returned an id."""
    SUCCEEDED = "succeeded"
    """The results are stored and readable."""
    FAILED = "failed"
    """Ended without results; `failure` gives the reason."""
    LOST = "lost"
    """The service stopped reporting on the job, or did not confirm its start; a late response is still accepted."""
    CANCELLED = "cancelled"
    """Canceled by a user, here or at the service."""

    @property
    def is_open(self) -> bool:
        """Whether the watcher still advances the job."""
        return self in OPEN

    @property
    def can_be_retried(self) -> bool:
        """Whether the job ended without results, so that a new one may replace it."""
        return self in _ENDED_WITHOUT_RESULTS

    @property
    def word(self) -> str:
        """The status as the user reads it: `Running`."""
        return _WORDS[self][0]

    @property
    def phrase(self) -> str:
        """The status as the end of a sentence: `is running`."""
        return _WORDS[self][1]


_WORDS: Final = {
    JobStatus.CREATED: ("Queued", "is queued"),
    JobStatus.UPLOADED: ("Queued", "is queued"),
    JobStatus.SUBMITTED: ("Running", "is running"),
    JobStatus.SUCCEEDED: ("Done", "is done"),
    JobStatus.FAILED: ("Failed", "has failed"),
    JobStatus.LOST: ("No response", "has had no response from its service"),
    JobStatus.CANCELLED: ("Canceled", "was canceled"),
}
OPEN: Final = frozenset({JobStatus.CREATED, JobStatus.UPLOADED, JobStatus.SUBMITTED})
FINAL: Final = frozenset(JobStatus) - OPEN
"""The statuses in which a job has ended. LOST and FAILED can still change; see `TRANSITIONS`."""
_ENDED_WITHOUT_RESULTS = FINAL - {JobStatus.SUCCEEDED}
TRANSITIONS: Final[dict[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.CREATED: frozenset({JobStatus.UPLOADED, JobStatus.SUBMITTED, *_ENDED_WITHOUT_RESULTS}),
    # Back to CREATED if the service rejected an upload that was made for an earlier job.
    JobStatus.UPLOADED: frozenset({JobStatus.CREATED, JobStatus.SUBMITTED, *_ENDED_WITHOUT_RESULTS}),
    JobStatus.SUBMITTED: frozenset({JobStatus.SUCCEEDED, *_ENDED_WITHOUT_RESULTS}),
    JobStatus.SUCCEEDED: frozenset(),
    # The stored results were unreadable, and a newer version can read them.
    JobStatus.FAILED: frozenset({JobStatus.SUCCEEDED}),
    JobStatus.LOST: frozenset({JobStatus.SUBMITTED, JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.CANCELLED: frozenset(),
}


def sources_of(target: JobStatus) -> frozenset[JobStatus]:
    """The statuses from which a job may change to `target`."""
    return frozenset(status for status, targets in TRANSITIONS.items() if target in targets)


class ModelChoice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A model as it was selected: only the fields that the contract sends."""

    model_id: str
    version: str
    inference_type: str = "object-detection"
    confidence: float | None = None
    """Minimum confidence, 0 to 1, sent as `inference_params`; None leaves it to the service."""

    @property
    def label(self) -> str:
        return f"{self.model_id}/{self.version}"

    @property
    def request(self) -> ModelRequest:
        """The model in the form of the contract."""
        return ModelRequest(
            model_id=self.model_id,
            model_version=self.version,
            inference_type=self.inference_type,
            inference_params=None if self.confidence is None else {"confidence": self.confidence},
        )


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What to run: one or several models over one video, at one frame rate, on one service.

    It may be incomplete while a form is being filled in, or for an imported job: see `missing`.
    """

    service: str
    """`embedded`, or the base URL of the service."""
    key_id: str
    """Fingerprint of the API key, never the key itself."""
    video_name: str = ""
    """The file name, or the last part of the URL."""
    video_sha256: str | None = None
    """The video in the library; None where only the service can read it, or the job was imported without one."""
    video_url: str | None = field(default=None, repr=False)
    """The public URL that the service reads; None where the video is uploaded from the library."""
    models: tuple[ModelChoice, ...] = ()
    """Empty where unknown (an imported job): its results name them."""
    infer_fps: float | None = None
    """Frames analyzed per second of video; None where not chosen yet, or unknown (an imported job)."""

    @property
    def missing(self) -> str:
        """What the request lacks before it can be sent; empty where it is complete."""
        if self.video_sha256 is None and self.video_url is None:
            return "a video"
        if not self.models:
            return "a model"
        return "a frame rate" if self.infer_fps is None else ""

    def as_fields(self) -> dict[str, Any]:
        """The request as keyword arguments for `Job`."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of one or several models over one video. All times are aware and in UTC.

    Raises:
        JobError: a time has no time zone, or the request of a job that was not imported is incomplete.
    """

    id: str
    """Our own id; the service's is `remote_job_id`."""
    status: JobStatus
    service: str
    key_id: str
    video_name: str
    video_sha256: str | None = None
    video_url: str | None = field(default=None, repr=False)
    models: tuple[ModelChoice, ...]
    infer_fps: float | None
    frames: int | None = None
    """Number of frames to analyze, as planned; once the results are read, the number in them. None where unknown."""
    upload_url: str | None = field(default=None, repr=False)
    """The signed URL that the video was PUT to; it is the job's input."""
    uploaded_at: datetime | None = None
    """When the upload to `upload_url` was complete; a service keeps an upload for a week."""
    failed_uploads: int = 0
    """Number of uploads that were interrupted."""
    start_requested_at: datetime | None = None
    """When the last start request was sent; its outcome is unknown without a `remote_job_id`. Cleared for a retry."""
    remote_job_id: str | None = None
    """The id that the service returned."""
    service_message: str = ""
    """The last message worth showing: an unknown status, a temporary error."""
    progress: float | None = None
    """Between 0 and 1, of the current step; None where unknown."""
    run_progress: RunProgress | None = None
    """The last progress that a service with our extensions reported; None once the job has ended."""
    cancel_refused: bool = False
    """Whether the service turned out not to support cancellation."""
    failure: str = ""
    """Why the job failed, is lost or was canceled, as shown to users."""
    created_at: datetime
    checked_at: datetime | None = None
    """When the last status call was sent."""
    last_known_at: datetime | None = None
    """When the service last reported on the job, moved forward by any time during which we did not poll."""
    run_started_at: datetime | None = None
    """About when the run started: when the job was last reported as queued, else accepted. None where unknown."""
    next_check_at: datetime
    """No step is taken before this time: the next retry or status call, or the end of a process's lease on the job."""
    ended_at: datetime | None = None
    notes: str = ""
    """Free text entered by users."""
    deleted_at: datetime | None = None
    """When the job was deleted: it is hidden from lists and not advanced; None where it is not deleted."""
    owner: str | None = None
    """Who created the job; None where unknown."""

    def __post_init__(self) -> None:
        for name in _TIMES:
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise JobError(f"Job {self.id}: {name} has no time zone.")
        if self.remote_job_id is None and (missing := self.request.missing):  # an imported job may lack any of them
            raise JobError(f"Job {self.id} needs {missing}.")

    @property
    def request(self) -> RunRequest:
        """What the job runs."""
        return RunRequest(**{each.name: getattr(self, each.name) for each in fields(RunRequest)})

    @property
    def is_in_queue(self) -> bool:
        """Whether the service reports that the job waits in its queue."""
        progress = self.run_progress
        return self.status is JobStatus.SUBMITTED and progress is not None and progress.jobs_before is not None

    @property
    def status_word(self) -> str:
        """The status as the user reads it; `Queued` also while the service has the job in its queue."""
        return JobStatus.CREATED.word if self.is_in_queue else self.status.word

    @property
    def known_fps(self) -> float:
        """The frame rate to send to the service.

        Raises:
            JobError: it is unknown, because the job was imported without it.
        """
        if self.infer_fps is None:
            raise JobError("The frame rate of this job is unknown.", "Start a new job and choose one.")
        return self.infer_fps

    @property
    def run_s(self) -> float | None:
        """Seconds from `run_started_at` to the status call that reported success; None where unknown."""
        return seconds_between(self.run_started_at, self.checked_at) if self.status is JobStatus.SUCCEEDED else None


_TIMES = tuple(each.name for each in fields(Job) if each.name.endswith("_at"))
