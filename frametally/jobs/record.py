"""Record the outcome of a step in the ledger; the workflow records outcomes only here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from frametally.job import Job, JobStatus
from frametally.jobs import messages
from frametally.jobs.outcome import (
    Cancelled,
    Failed,
    InProgress,
    Lost,
    Outcome,
    Postponed,
    ResultsFetched,
    ResultsReady,
    Started,
    Succeeded,
    Uploaded,
    UploadRejected,
)
from frametally.ledger.events import Actor
from frametally.ledger.ledger import Ledger
from frametally.ledger.uploads import forget_upload

_FIRST_CHECK_S: Final = 1.0
_NO_RUN: Final[dict[str, Any]] = {
    "service_message": "",
    "progress": None,
    "run_progress": None,
    "run_started_at": None,
}
_NO_UPLOAD: Final[dict[str, Any]] = {"upload_url": None, "uploaded_at": None, "start_requested_at": None}


def record(ledger: Ledger, job: Job, outcome: Outcome, now: datetime, actor: Actor | None) -> bool:
    """Write the outcome to the job; False where the job has changed since it was read and no longer allows it.

    `actor`: the user who requested the step; None for the watcher.
    """
    match outcome:
        case InProgress():
            return _record_progress(ledger, job, outcome, now, actor)
        case Postponed():
            return _record_postponed(ledger, job, outcome)
        case Lost(reason=reason, next_check_at=next_check_at):
            lost = {"failure": reason, "next_check_at": next_check_at, **_NO_RUN}
            if job.status is JobStatus.LOST:
                return ledger.update(job, **lost)
            return ledger.transition(job, JobStatus.LOST, actor=actor, **lost)
        case ResultsReady() | ResultsFetched():
            return True  # only the next step needs it; after a crash the status call is repeated, or the file is found
        case UploadRejected():
            forget_upload(ledger, job.upload_url or "")
    # Cancel only from the status that was read: a job that the service has accepted since must be canceled there first.
    source = job.status if isinstance(outcome, Cancelled) else None
    target, cause, values = _transition(job, outcome, now)
    return ledger.transition(job, target, cause, source, actor=actor, **values)


def _transition(
    job: Job, outcome: Uploaded | UploadRejected | Started | Succeeded | Failed | Cancelled, now: datetime
) -> tuple[JobStatus, str, dict[str, Any]]:
    """The new status, the cause in the history, and the values that change with it."""
    ended = {**_NO_RUN, "run_started_at": job.run_started_at, "ended_at": now}
    match outcome:
        case Uploaded(upload_url=url, uploaded_at=uploaded_at, cause=cause):
            cleared = {"progress": None, "service_message": ""}
            return JobStatus.UPLOADED, cause, {"upload_url": url, "uploaded_at": uploaded_at, **cleared}
        case UploadRejected():
            return JobStatus.CREATED, messages.UPLOAD_REJECTED, {"next_check_at": now, **_NO_UPLOAD}
        case Started(remote_job_id=remote_job_id):
            known = {"last_known_at": now, "run_started_at": now, "service_message": "", "failure": ""}
            check_at = now + timedelta(seconds=_FIRST_CHECK_S)
            return JobStatus.SUBMITTED, "", {"remote_job_id": remote_job_id, "next_check_at": check_at, **known}
        case Succeeded(frames=frames, damaged=damaged):
            # `run_started_at` stays: estimates are based on the duration of earlier runs.
            done = {"progress": 1.0, "run_progress": None, "frames": frames, "failure": "", "service_message": ""}
            return (
                JobStatus.SUCCEEDED,
                messages.damaged_frames(damaged),
                {"ended_at": now, "last_known_at": now, **done},
            )
        case Failed(reason=reason):
            return JobStatus.FAILED, "", {"failure": reason, **ended}
        case Cancelled():
            return JobStatus.CANCELLED, "", {"failure": messages.CANCELED, **ended}


def _record_progress(ledger: Ledger, job: Job, outcome: InProgress, now: datetime, actor: Actor | None) -> bool:
    news: dict[str, Any] = {
        "progress": outcome.progress,
        "run_progress": outcome.run_progress,
        "service_message": outcome.message,
        "next_check_at": outcome.next_check_at,
    }
    if outcome.is_known:
        news |= {"last_known_at": now, "failure": ""}
    if outcome.is_queued:
        news["run_started_at"] = now
    if job.status is JobStatus.LOST and outcome.is_known:
        return ledger.transition(job, JobStatus.SUBMITTED, actor=actor, **news)
    return ledger.update(job, **news)


def _record_postponed(ledger: Ledger, job: Job, outcome: Postponed) -> bool:
    news: dict[str, Any] = {"service_message": outcome.message, "next_check_at": outcome.next_check_at}
    if outcome.clears_progress:
        news["progress"] = None
    if outcome.clears_start:
        news["start_requested_at"] = None
    if outcome.failed_uploads is not None:
        news["failed_uploads"] = outcome.failed_uploads
    return ledger.update(job, **news)
