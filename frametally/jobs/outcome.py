"""What the answer to a step means for a job. Pure: no clock, no database, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from frametally.client.client import StatusResponse
from frametally.contract import STATUS_FLOOR_S, RunProgress, StatusReport
from frametally.errors import (
    BadRequest,
    ConnectFailed,
    InvalidResponse,
    MediaError,
    ResultsError,
    ServerError,
    ServiceError,
    ServiceUnreachable,
    Unauthorized,
)
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs import messages

MAX_FAILED_UPLOADS: Final = 10
_MIN_RETRY_S: Final = 5.0
_MAX_RETRY_S: Final = 600.0


class Step(Enum):
    """What the workflow does next with a job."""

    UPLOAD = auto()
    START = auto()
    CHECK = auto()
    FETCH = auto()
    READ = auto()


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a decision depends on besides the job and the answer."""

    now: datetime
    lost_after_s: float
    """A job that its service does not report on for longer is lost."""
    held_until: datetime | None = None
    """Until when the circuit breaker holds back the jobs of the service."""
    jitter: float = 1.0
    """Factor of a retry's pause, 1.0 to 1.2, so that jobs do not retry at the same time."""


@dataclass(frozen=True)
class StepFailed:
    """The answer of a step that raised an error."""

    step: Step
    error: Exception


class UploadInterrupted(Exception):
    """An upload broke off after it had begun: the next one repeats up to gigabytes, so these are counted."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """The service has the video."""

    upload_url: str = field(repr=False)
    uploaded_at: datetime | None
    cause: str = ""


@dataclass(frozen=True)
class UploadRejected:
    """The service refused a job whose video was uploaded for an earlier one: upload it again."""


@dataclass(frozen=True)
class Started:
    """The service accepted the job."""

    remote_job_id: str


@dataclass(frozen=True, kw_only=True)
class InProgress:
    """The job has not ended."""

    is_known: bool
    """Whether the service reported a status."""
    is_queued: bool
    progress: float | None
    run_progress: RunProgress | None
    message: str
    next_check_at: datetime


@dataclass(frozen=True)
class ResultsReady:
    """The results can be downloaded."""

    output_url: str = field(repr=False)


@dataclass(frozen=True)
class ResultsFetched:
    """The results are on this machine, and not read yet."""


@dataclass(frozen=True)
class Succeeded:
    """The results are readable."""

    frames: int


@dataclass(frozen=True)
class Failed:
    """The job has ended without results."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The service no longer reports on the job, or may have started it without an answer: the user decides."""

    reason: str
    next_check_at: datetime


@dataclass(frozen=True)
class Cancelled:
    """The job was canceled at the service."""


@dataclass(frozen=True, kw_only=True)
class Postponed:
    """The same step is tried again later."""

    message: str
    next_check_at: datetime
    clears_progress: bool = False
    """A transfer broke off: its progress no longer holds."""
    clears_start: bool = False
    """The start request was certainly not carried out, and may be sent again."""
    failed_uploads: int | None = None
    """The new count; None where it stays."""


Outcome = (
    Uploaded
    | UploadRejected
    | Started
    | InProgress
    | ResultsReady
    | ResultsFetched
    | Succeeded
    | Failed
    | Lost
    | Cancelled
    | Postponed
)


def outcome_of(answer: Outcome | StatusResponse | StepFailed, job: Job, situation: Situation) -> Outcome:
    """What the answer to a step means for the job, as it was before the step."""
    match answer:
        case StatusResponse():
            return _of_status(answer, job, situation)
        case StepFailed(step=step, error=error):
            return _of_error(step, error, job, situation)
        case _:
            return answer


def interrupted_start(job: Job, now: datetime) -> Lost | None:
    """Where the server stopped between a start request and its answer: the job may run, so it is not started again.

    The built-in engine recognizes a repeated request, and a user may start a lost job again.
    """
    if not job.start_requested_at or job.service == EMBEDDED or job.status is JobStatus.LOST:
        return None
    return Lost(reason=messages.start_unknown(messages.START_INTERRUPTED), next_check_at=now)


def _of_status(answer: StatusResponse, job: Job, situation: Situation) -> Outcome:
    report = answer.report
    if report.is_cancelled:
        return Cancelled()
    if report.is_failed:
        return Failed(messages.failed(job, report))
    if report.is_done and report.output_signed_url:
        return ResultsReady(report.output_signed_url)
    if report.status is None and _is_silent(job, situation):
        return _lost(job, situation)
    pause_s = STATUS_FLOOR_S if answer.retry_after_s is None else answer.retry_after_s
    return InProgress(
        is_known=report.status is not None,
        is_queued=report.is_queued,
        progress=report.fraction,
        run_progress=report.run_progress,
        message=_pending_message(job, report, situation),
        next_check_at=situation.now + timedelta(seconds=pause_s),
    )


def _pending_message(job: Job, report: StatusReport, situation: Situation) -> str:
    age_s = (situation.now - job.created_at).total_seconds()
    return messages.pending(job, report, age_s=age_s, patience_s=situation.lost_after_s)


def _of_error(step: Step, error: Exception, job: Job, situation: Situation) -> Outcome:
    match error:
        case UploadInterrupted():
            return _of_interrupted_upload(error.error, job, situation)
        case ServiceError():
            return _of_service_error(step, error, job, situation)
        case MediaError() | ResultsError():
            return Failed(str(error))
        case OSError():
            reason = messages.local_error(error.strerror or "a file could not be written")
            return _postponed(job, situation, reason, messages.RETRIES)
        case _:
            return _postponed(job, situation, messages.INTERNAL_ERROR, messages.RETRIES)


def _of_interrupted_upload(error: ServiceError, job: Job, situation: Situation) -> Outcome:
    times = job.failed_uploads + 1
    if times >= MAX_FAILED_UPLOADS:
        return Failed(messages.upload_given_up(error, times=times))
    wait_s = error.retry_after_s
    return _postponed(job, situation, error.what, messages.next_step(error), wait_s=wait_s, failed_uploads=times)


def _of_service_error(step: Step, error: ServiceError, job: Job, situation: Situation) -> Outcome:
    if step is Step.START and _may_have_started(error, job):
        return Lost(reason=messages.start_unknown(error.what), next_check_at=situation.now)
    if step is Step.START and isinstance(error, BadRequest) and _reuses_upload(job):
        return UploadRejected()
    if job.status in (JobStatus.CREATED, JobStatus.UPLOADED) and isinstance(error, Unauthorized | BadRequest):
        return Failed(str(error))
    what = messages.temporary_error(error, is_done=step is Step.FETCH)
    return _postponed(job, situation, what, messages.next_step(error), step=step, wait_s=error.retry_after_s)


def _may_have_started(error: ServiceError, job: Job) -> bool:
    """Whether the service may have carried out a start request that failed; the built-in engine knows repeated ones."""
    is_ambiguous = isinstance(error, ServiceUnreachable | ServerError | InvalidResponse)
    is_refused = isinstance(error, ConnectFailed) or error.retry_after_s is not None
    return is_ambiguous and not is_refused and job.service != EMBEDDED


def _reuses_upload(job: Job) -> bool:
    is_older = job.uploaded_at is not None and job.uploaded_at < job.created_at
    return job.status is JobStatus.UPLOADED and is_older


def _postponed(
    job: Job,
    situation: Situation,
    what: str,
    next_step: str,
    *,
    step: Step | None = None,
    wait_s: float | None = None,
    failed_uploads: int | None = None,
) -> Outcome:
    """Another try later; the longer the service has been silent, the longer the pause."""
    if _is_silent(job, situation):
        return _lost(job, situation, what)
    count = job.failed_uploads if failed_uploads is None else failed_uploads
    pause_s = max(_backoff_s(job, situation, count), wait_s or 0.0)
    again = situation.now + timedelta(seconds=pause_s)
    return Postponed(
        message=f"{what} {next_step if job.status.is_open else messages.REFRESH}".strip(),
        next_check_at=max(again, situation.held_until or again),
        clears_progress=step is Step.FETCH or job.remote_job_id is None,
        clears_start=step is Step.START,
        failed_uploads=failed_uploads,
    )


def _backoff_s(job: Job, situation: Situation, failed_uploads: int) -> float:
    """A quarter of the time since the last answer; at least the minimum interval, doubled for each failed upload."""
    retry_s = _MIN_RETRY_S * 2.0 ** max(failed_uploads - 1, 0)
    floor_s = retry_s if job.remote_job_id is None else STATUS_FLOOR_S
    return min(max(floor_s, _silent_s(job, situation) / 4), _MAX_RETRY_S) * situation.jitter


def _silent_s(job: Job, situation: Situation) -> float:
    return (situation.now - (job.last_known_at or job.created_at)).total_seconds()


def _is_silent(job: Job, situation: Situation) -> bool:
    return _silent_s(job, situation) > situation.lost_after_s


def _lost(job: Job, situation: Situation, what: str = "") -> Outcome:
    """Lost where a late answer may come; failed where the service never accepted the job."""
    if job.remote_job_id is None:
        return Failed(messages.unsubmitted(what, after_s=situation.lost_after_s))
    reason = messages.lost(job, what, after_s=situation.lost_after_s)
    return Lost(reason=reason, next_check_at=situation.now + timedelta(seconds=STATUS_FLOOR_S))
