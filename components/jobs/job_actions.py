"""The actions that apply to a job: one as a button in its row, all of them in its menu."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from components.jobs.job_commands import Action
from components.jobs.job_times import is_polled_constantly
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs.deletion import can_be_deleted

_CLOSED = (JobStatus.FAILED, JobStatus.CANCELLED)
_REFRESH_TIP = "Status is checked at most once a minute to respect the service's rate limit."
_AGAIN_TIP = "Only if the job is not running at the service."
_READ_TIP = "A newer version of Frametally may be able to read them. Sends no request to the service."


class RowAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An action as the row of a job offers it."""

    action: Action
    label: str
    help: str = ""
    disabled: bool = False


def job_actions(job: Job, now: datetime, without_cancel: Collection[str], *, has_unread: bool) -> list[RowAction]:
    """The actions that apply, the one that most users want next first.

    Args:
        job: any job.
        now: the current time.
        without_cancel: services that cannot cancel a job.
        has_unread: whether results are kept that could not be read.
    """
    if job.deleted_at:
        return [RowAction(action="restore", label="Restore")]
    next_steps = [*_refresh(job, now), *_retry(job), *_cancel(job, without_cancel)]
    unread = [RowAction(action="read_again", label="Read again", help=_READ_TIP)] if has_unread else []
    return [*next_steps, *unread, *_others(job)]


def _others(job: Job) -> list[RowAction]:
    has_video = job.video_sha256 or job.video_url
    again = [RowAction(action="other_models", label="Re-run with other models…")] if has_video else []
    delete = [RowAction(action="delete", label="Delete")] if can_be_deleted(job) else []
    edit, history = RowAction(action="edit", label="Note and tags…"), RowAction(action="history", label="History")
    return [*again, edit, history, *delete]


def _retry(job: Job) -> list[RowAction]:
    """Repeat the run; for a job that may have been started, `_refresh` offers it instead."""
    can_retry = not job.request.missing and job.status.can_be_retried and not _may_have_started(job)
    return [RowAction(action="retry", label="Retry")] if can_retry else []


def _cancel(job: Job, without_cancel: Collection[str]) -> list[RowAction]:
    """If the service does not have the job yet, or reports that it can cancel it and has never refused to."""
    can_cancel = job.status.is_open
    if can_cancel and job.remote_job_id is not None:
        refused = job.cancel_refused or (job.service in without_cancel and job.service != EMBEDDED)
        can_cancel = job.run_progress is not None and job.run_progress.cancellable and not refused
    return [RowAction(action="cancel", label="Cancel")] if can_cancel else []


def _refresh(job: Job, now: datetime) -> list[RowAction]:
    if _may_have_started(job):
        return [RowAction(action="refresh", label="Start again", help=_AGAIN_TIP)]
    is_done = job.status is JobStatus.SUCCEEDED
    if is_done or job.remote_job_id is None or job.status in _CLOSED or is_polled_constantly(job):
        return []
    wait_s = (job.next_check_at - now).total_seconds()
    label = "Refresh status" if wait_s <= 0 else f"Refresh in {wait_s:.0f} s"
    return [RowAction(action="refresh", label=label, help=_REFRESH_TIP, disabled=wait_s > 0)]


def _may_have_started(job: Job) -> bool:
    """Whether the service may have started the job although its response was lost; not the built-in engine."""
    return job.status is JobStatus.LOST and job.remote_job_id is None and job.service != EMBEDDED
