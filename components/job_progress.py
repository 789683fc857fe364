"""Progress of an open job, with an estimate of the time that remains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from components.formatting import format_estimate, plural
from frametally.contract import RunProgress
from frametally.job import Job, JobStatus
from frametally.jobs.eta import Estimate, estimate
from frametally.ledger.ledger import Ledger

OVERDUE_AFTER_S: Final = 10.0


def job_progress(job: Job, finished: Sequence[Job], now: datetime, *, doing: str = "") -> None:
    """Draw a progress bar if the share is known, otherwise a line of text if there is anything to report.

    Args:
        job: an open one.
        finished: finished jobs of the same service, newest first, for the estimate.
        now: the current time.
        doing: the current activity, shown first: `Uploading`.
    """
    share, text = progress_of(job, finished, now, doing=doing)
    if share is not None:
        st.progress(share, text=text)
    elif text:
        st.caption(text)


def progress_of(job: Job, finished: Sequence[Job], now: datetime, *, doing: str = "") -> tuple[float | None, str]:
    """The share of the current step, None where unknown, and what is known of it as text; see `job_progress`."""
    text = " · ".join(part for part in (doing, *_counted(job), _time_left(job, finished, now)) if part)
    is_known = job.progress is not None and not job.is_in_queue
    return (min(job.progress or 0.0, 1.0) if is_known else None), text


@st.cache_resource(ttl="10s", show_spinner=False, max_entries=16)
def finished_jobs(_ledger: Ledger, service: str) -> Sequence[Job]:
    """The finished jobs of this service, newest first, on which estimates are based; at most 10 s old.

    Shared by all tabs, which draw their progress every one or two seconds.
    """
    return tuple(_ledger.jobs(statuses=[JobStatus.SUCCEEDED], service=service))


def _counted(job: Job) -> list[str]:
    run_progress = job.run_progress or RunProgress()
    if run_progress.jobs_before is not None:
        ahead = run_progress.jobs_before
        return [f"{plural(ahead, 'job')} ahead" if ahead else "next in line"]
    if run_progress.frames_done is None:
        uploaded = " uploaded" if job.status is JobStatus.CREATED else ""
        return [] if job.progress is None else [f"{job.progress:.0%}{uploaded}"]
    total = f" of {run_progress.frames_total:,}" if run_progress.frames_total is not None else ""
    speed = run_progress.frames_per_second
    return [f"{run_progress.frames_done:,}{total} frames", *([f"{speed:.3g} frames/s"] if speed else [])]


def _time_left(job: Job, finished: Sequence[Job], now: datetime) -> str:
    run_progress = job.run_progress or RunProgress()
    if run_progress.remaining_s is not None:
        return _remaining(run_progress, 0.0 if job.checked_at is None else (now - job.checked_at).total_seconds())
    frames = run_progress.frames_total or job.frames
    whole = None if frames is None else estimate(finished, job.models, frames)
    return "" if whole is None else _estimated(job, whole, now)


def _remaining(run_progress: RunProgress, passed_s: float) -> str:
    """The time that the service reported `passed_s` seconds ago, as of now: a range, or one value without one."""
    current = run_progress.after(max(passed_s, 0.0))
    expected_s = current.remaining_s or 0.0
    low_s, high_s = current.remaining_low_s, current.remaining_high_s
    known = (low_s, high_s) if low_s is not None and high_s is not None else (expected_s, expected_s)
    is_overdue = known[1] == 0 and passed_s > OVERDUE_AFTER_S
    return "taking longer than usual" if is_overdue else f"{format_estimate(*known)} left"


def _estimated(job: Job, whole: Estimate, now: datetime) -> str:
    if job.status is not JobStatus.SUBMITTED or job.is_in_queue:
        return f"{format_estimate(whole.low_s, whole.high_s)} once started"
    if job.run_started_at is None:
        return f"{format_estimate(whole.low_s, whole.high_s)} in total"
    left = whole.after((now - job.run_started_at).total_seconds())
    return f"{format_estimate(left.low_s, left.high_s)} left" if left.high_s else "taking longer than usual"
