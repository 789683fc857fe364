"""A job, the states it can be in, and the moves between them. Pure: no clock, no database, no network.

A state says what is already true, so a crash never makes it a lie.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from frametally.contract import ModelRequest, RunProgress
from frametally.errors import JobError

EMBEDDED: Final = "embedded"
"""The `service` of a job that the built-in engine runs; any other value is the base URL of a service."""


class JobStatus(StrEnum):
    """What has become true of a job."""

    CREATED = "created"
    """It is written down; its video is kept here or is a public URL."""
    UPLOADED = "uploaded"
    """The service has the whole video."""
    SUBMITTED = "submitted"
    """The service has accepted the job and given it an id."""
    SUCCEEDED = "succeeded"
    """The results are archived and readable here."""
    FAILED = "failed"
    """It ended without results; `failure` says why."""
    LOST = "lost"
    """The service stopped answering for it; a late answer still wins."""
    CANCELLED = "cancelled"
    """Somebody called it off, here or at the service."""

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do for it."""
        return self in _OPEN


_OPEN = {JobStatus.CREATED, JobStatus.UPLOADED, JobStatus.SUBMITTED}
_ENDS_BADLY = {JobStatus.FAILED, JobStatus.LOST, JobStatus.CANCELLED}
TRANSITIONS: Final[dict[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.CREATED: frozenset({JobStatus.UPLOADED, JobStatus.SUBMITTED, *_ENDS_BADLY}),
    # Back where the service has not kept a video that was sent for an earlier job.
    JobStatus.UPLOADED: frozenset({JobStatus.CREATED, JobStatus.SUBMITTED, *_ENDS_BADLY}),
    JobStatus.SUBMITTED: frozenset({JobStatus.SUCCEEDED, *_ENDS_BADLY}),
    JobStatus.SUCCEEDED: frozenset(),
    # Where kept results could not be read, and a newer version can.
    JobStatus.FAILED: frozenset({JobStatus.SUCCEEDED}),
    JobStatus.LOST: frozenset({JobStatus.SUBMITTED, JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.CANCELLED: frozenset(),
}


def sources_of(target: JobStatus) -> frozenset[JobStatus]:
    """The states from which a job may become `target`."""
    return frozenset(status for status, targets in TRANSITIONS.items() if target in targets)


class ModelChoice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A model as a person picked it: what the contract sends, and nothing that it does not."""

    model_id: str
    version: str
    inference_type: str = "object-detection"
    confidence: float | None = None
    """Sent as `inference_params`, 0 to 1; None leaves it to the service."""

    @property
    def label(self) -> str:
        return f"{self.model_id}/{self.version}"

    @property
    def request(self) -> ModelRequest:
        """What the contract sends."""
        return ModelRequest(
            model_id=self.model_id,
            model_version=self.version,
            inference_type=self.inference_type,
            inference_params=None if self.confidence is None else {"confidence": self.confidence},
        )


_TIMES = (
    *(
        "created_at",
        "uploaded_at",
        "start_requested_at",
        "checked_at",
        "last_known_at",
        "run_started_at",
        "next_check_at",
        "ended_at",
    ),
    "deleted_at",
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of one or several models over one video. All times are aware and in UTC."""

    id: str
    """Our own id; the service's is `remote_job_id`."""
    status: JobStatus
    service: str
    """`embedded`, or the base URL of the service."""
    key_id: str
    """Which key opens it: a fingerprint, never the key."""
    video_name: str
    """The file name that the person gave, or the last part of the URL."""
    video_sha256: str | None = None
    """The kept video; None where only the service can read it, or where the job was adopted without one."""
    video_url: str | None = field(default=None, repr=False)
    """The public URL that the service reads; None where the kept video is sent to it."""
    models: tuple[ModelChoice, ...]
    """Empty where the job was adopted and nobody knows them: its results name them."""
    infer_fps: float | None
    """None where the job was adopted and nobody knows it."""
    frames: int | None = None
    """How many frames are analyzed: as planned here, in the end as the results have it; None where nobody knows."""
    upload_url: str | None = field(default=None, repr=False)
    """The signed URL that the video was PUT to; it is the job's input."""
    uploaded_at: datetime | None = None
    """When the service had the whole video behind that URL; it keeps it for a week."""
    failed_uploads: int = 0
    """How often the video was on its way to the service, and did not get there."""
    start_requested_at: datetime | None = None
    """Since when the service may have been told to start it; None where it cannot have been."""
    remote_job_id: str | None = None
    """The id the service gave."""
    service_message: str = ""
    """What the service said last, where it is worth showing (an unknown status word, a passing fault)."""
    progress: float | None = None
    """Between 0 and 1, of the step the job is in; None where nobody knows."""
    run_progress: RunProgress | None = None
    """What a service with our extensions last told of it; None once it has ended."""
    cancel_refused: bool = False
    """Whether the service turned out to have no way to call it off."""
    failure: str = ""
    """Why it failed or is lost, for a person to read."""
    created_at: datetime
    checked_at: datetime | None = None
    """When the service was last asked for its status."""
    last_known_at: datetime | None = None
    """When the service last knew something of it, later by the time in which nobody asked."""
    run_started_at: datetime | None = None
    """Since when the service has been at work on it, as far as it tells; None where that cannot be known."""
    next_check_at: datetime
    """Nobody acts on the job before this: the floor between status calls, and the lease of whoever is at work."""
    ended_at: datetime | None = None
    notes: str = ""
    """What people wrote about it."""
    deleted_at: datetime | None = None
    """Since when it is in no list, and nobody acts on it; None where it is not deleted."""
    owner: str | None = None
    """Who started it; None where that is not known."""

    def __post_init__(self) -> None:
        for name in _TIMES:
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise JobError(f"Job {self.id}: {name} has no time zone.")
        if self.remote_job_id is not None:
            return  # the service has all it needs, and an adopted job may know no more than its id there
        if self.video_sha256 is None and self.video_url is None:
            raise JobError(f"Job {self.id} needs a kept video or a public URL.")
        if not self.models:
            raise JobError(f"Job {self.id} names no model.")
        if self.infer_fps is None:
            raise JobError(f"Job {self.id} names no frame rate.")

    @property
    def request_fps(self) -> float:
        """The frame rate to ask the service for.

        Raises:
            JobError: the job was adopted, and nobody knows it.
        """
        if self.infer_fps is None:
            raise JobError("The frame rate of this job is not known here.", "Start a new job and pick one.")
        return self.infer_fps

    @property
    def run_s(self) -> float | None:
        """How long the service took, to the call that said so; None where it has not succeeded or nobody knows."""
        if self.status is not JobStatus.SUCCEEDED or self.run_started_at is None or self.checked_at is None:
            return None
        return (self.checked_at - self.run_started_at).total_seconds()
