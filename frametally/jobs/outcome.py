"""Map the response or error of a step to an outcome for the job. Pure: no clock, no database, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from frametally.client.client import StatusResponse
from frametally.client.messages import NotFound
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
from frametally.storage.objects import StoreUnavailable

MAX_FAILED_UPLOADS: Final = 10
_MIN_RETRY_S: Final = 5.0
_MAX_RETRY_S: Final = 600.0


class Step(Enum):
    """A step of the workflow: upload the video, start the job, check its status, fetch the results, read them."""

    UPLOAD = auto()
    START = auto()
    CHECK = auto()
    FETCH = auto()
    READ = auto()


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What an outcome depends on besides the job and the response."""

    now: datetime
    lost_after_s: float
    """A job is lost if its service reports nothing on it for longer than this."""
    held_until: datetime | None = None
    """Until when the circuit breaker holds back the jobs of the service; None if it does not."""
    jitter: float = 1.0
    """Factor on the pause before a retry, 1.0 to 1.2, so that jobs do not retry at the same time."""


@dataclass(frozen=True)
class StepFailed:
    """A step that raised an error."""

    step: Step
    error: Exception


class UploadInterrupted(Exception):
    """An upload was interrupted. The number is limited, as each further attempt may send gigabytes again."""

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
    """The service refused a job that reuses the upload of an earlier one: upload the video again."""


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
    """The results are downloaded, and not ingested yet."""


@dataclass(frozen=True)
class Succeeded:
    """The results are readable."""

    frames: int
    damaged: int = 0
    """Frames that the service did not analyze because they are damaged."""


@dataclass(frozen=True)
class Failed:
    """The job has ended without results."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The service no longer reports on the job, or did not confirm its start; only a refresh advances it."""

    reason: str
    next_check_at: datetime


@dataclass(frozen=True)
class Cancelled:
    """The job was canceled, here or at the service."""


@dataclass(frozen=True, kw_only=True)
class Postponed:
    """The same step is tried again later."""

    message: str
    next_check_at: datetime
    clears_progress: bool = False
    """Whether the recorded progress no longer applies, as a transfer may have been interrupted."""
    clears_start: bool = False
    """Whether the start may be requested again: it was not carried out, or the service detects the repetition."""
    failed_uploads: int | None = None
    """The new count; None where it is unchanged."""


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
    """The outcome of a step, from its answer and the job as it was before the step."""
    match answer:
        case StatusResponse():
            return _of_status(answer, job, situation)
        case StepFailed(step=step, error=error):
            return _of_error(step, error, job, situation)
        case _:
            return answer


def interrupted_start(job: Job, now: datetime) -> Lost | None:
    """`Lost` where the server stopped between a start request and its response: the job may already be running.

    None for the built-in engine, which detects a repeated request, and for a lost job, which a refresh starts again.
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
        case OSError() | StoreUnavailable():
            return _postponed(job, situation, *messages.local_error(error))
        case MediaError() | ResultsError():
            return Failed(str(error))
        case _:
            return _postponed(job, situation, messages.INTERNAL_ERROR, messages.RETRIES)


def _of_interrupted_upload(error: ServiceError, job: Job, situation: Situation) -> Outcome:
    times = job.failed_uploads + 1
    if times >= MAX_FAILED_UPLOADS:
        return Failed(messages.upload_given_up(error, times=times))
    wait_s = error.retry_after_s
    return _postponed(job, situation, error.what, messages.next_step(error), wait_s=wait_s, failed_uploads=times)


def _of_service_error(step: Step, error: ServiceError, job: Job, situation: Situation) -> Outcome:
    if step is Step.CHECK and isinstance(error, NotFound) and job.service == EMBEDDED:
        return Lost(reason=messages.GONE_FROM_ENGINE, next_check_at=situation.now)
    if step is Step.START and _may_have_started(error, job):
        return Lost(reason=messages.start_unknown(error.what), next_check_at=situation.now)
    if step is Step.START and isinstance(error, BadRequest) and _reuses_upload(job):
        return UploadRejected()
    if job.status in (JobStatus.CREATED, JobStatus.UPLOADED) and isinstance(error, Unauthorized | BadRequest):
        return Failed(str(error))
    what = messages.temporary_error(error, is_done=step is Step.FETCH)
    return _postponed(job, situation, what, messages.next_step(error), step=step, wait_s=error.retry_after_s)


def _may_have_started(error: ServiceError, job: Job) -> bool:
    """Whether a failed start request may have started a job; the built-in engine detects a repeated request."""
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
    """Retry later, the longer the service has been silent; `Lost` or `Failed` after `lost_after_s`."""
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
    """Seconds until the retry: a quarter of the time since the last report, at most `_MAX_RETRY_S`, times the jitter.

    At least the minimum interval of status calls, or before the job is accepted `_MIN_RETRY_S`, doubled for each
    failed upload after the first.
    """
    retry_s = _MIN_RETRY_S * 2.0 ** max(failed_uploads - 1, 0)
    floor_s = retry_s if job.remote_job_id is None else STATUS_FLOOR_S
    return min(max(floor_s, _silent_s(job, situation) / 4), _MAX_RETRY_S) * situation.jitter


def _silent_s(job: Job, situation: Situation) -> float:
    return (situation.now - (job.last_known_at or job.created_at)).total_seconds()


def _is_silent(job: Job, situation: Situation) -> bool:
    return _silent_s(job, situation) > situation.lost_after_s


def _lost(job: Job, situation: Situation, what: str = "") -> Outcome:
    """`Lost` where the service may still report on the job; `Failed` where it never accepted the job."""
    if job.remote_job_id is None:
        return Failed(messages.unsubmitted(what, after_s=situation.lost_after_s))
    reason = messages.lost(job, what, after_s=situation.lost_after_s)
    return Lost(reason=reason, next_check_at=situation.now + timedelta(seconds=STATUS_FLOOR_S))
