"""The times of a job as text."""

from __future__ import annotations

from datetime import datetime

from components.formatting import format_age, format_duration
from frametally.clock import seconds_between
from frametally.job import EMBEDDED, Job


def run_time(job: Job, now: datetime) -> str:
    """How long the job ran, or has run so far: `48 s`; empty where the start of the run is unknown."""
    end = job.ended_at or (now if job.status.is_open and not job.is_in_queue else None)
    run_s = seconds_between(job.run_started_at, end)
    return "" if run_s is None else format_duration(run_s)


def times(job: Job, now: datetime) -> str:
    """When the job was created, and how long it waited and ran or when it is checked next."""
    parts = [f"created {format_age(now - job.created_at)}"]
    if job.ended_at:
        parts += _durations(job, job.ended_at)
    elif job.remote_job_id:
        parts.append(f"checked {format_age(now - job.checked_at)}" if job.checked_at else "not checked yet")
        if job.status.is_open and not job.deleted_at and not is_polled_constantly(job):
            wait_s = (job.next_check_at - now).total_seconds()
            parts.append(f"next check in {format_duration(wait_s)}" if wait_s > 0 else "next check now")
    return " · ".join(parts)


def is_polled_constantly(job: Job) -> bool:
    """Whether the job is checked every second or two, so that a countdown would only flicker."""
    return job.status.is_open and job.service == EMBEDDED


def _durations(job: Job, ended_at: datetime) -> list[str]:
    """How long the job was queued and ran; the sum where the start of the run is not known.

    Nothing where the clock was set back in between.
    """
    queued_s = seconds_between(job.created_at, job.run_started_at)
    run_s = seconds_between(job.run_started_at, ended_at)
    if queued_s is None or run_s is None:
        whole_s = seconds_between(job.created_at, ended_at)
        return [] if whole_s is None else [f"ended after {format_duration(whole_s)}"]
    ran = f"ran {format_duration(run_s)}"
    return [f"queued {format_duration(queued_s)}", ran] if queued_s >= 1 else [ran]
