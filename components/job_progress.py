"""How far a job is and how long it will take: what its service tells, else what earlier jobs teach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from components.formatting import format_estimate
from frametally.contract import RunProgress
from frametally.job import Job, JobStatus, ModelChoice
from frametally.jobs.eta import MIN_JOBS, Estimate, estimate
from frametally.ledger.ledger import Ledger


def job_progress(job: Job, earlier: Sequence[Job], now: datetime, *, doing: str = "") -> None:
    """Draw the bar of an open job, as far as anybody knows, and beside it what is known in words.

    `earlier`: finished jobs of the same service, the newest first.
    """
    told = [doing, *_told(job), _time_left(job, earlier, now)]
    text = " · ".join(part for part in told if part)
    if job.progress is not None and not is_queued(job):
        st.progress(min(job.progress, 1.0), text=text)
    elif text:
        st.caption(text)


def estimate_note(ledger: Ledger, service: str, models: Sequence[ModelChoice], frames: int | None) -> None:
    """Say before the run how long it will take."""
    if not models or frames is None:
        return
    told = estimate(finished_jobs(ledger, service), models, frames)
    if told is None:
        st.caption(f"How long it takes: too few jobs yet. {MIN_JOBS} with these models make an estimate.")
    else:
        words = format_estimate(told.low_s, told.high_s)
        st.caption(f"{words[0].upper()}{words[1:]} for {frames:,} frames, going by {told.jobs} earlier jobs like this.")


def finished_jobs(ledger: Ledger, service: str) -> list[Job]:
    """What an estimate for this service is learned from."""
    return ledger.jobs(statuses=[JobStatus.SUCCEEDED], service=service)


def is_queued(job: Job) -> bool:
    """Whether the service says that the job has not had its turn yet."""
    return (
        job.status is JobStatus.SUBMITTED and job.run_progress is not None and job.run_progress.jobs_before is not None
    )


def _told(job: Job) -> list[str]:
    run_progress = job.run_progress or RunProgress()
    if run_progress.jobs_before is not None:
        return [_jobs_before(run_progress.jobs_before)]
    if run_progress.frames_done is None:
        sent = " sent" if job.status is JobStatus.CREATED else ""
        return [] if job.progress is None else [f"{job.progress:.0%}{sent}"]
    of_all = f" of {run_progress.frames_total:,}" if run_progress.frames_total is not None else ""
    speed = run_progress.frames_per_second
    return [f"{run_progress.frames_done:,}{of_all} frames", *([f"{speed:.3g} frames/s"] if speed else [])]


def _jobs_before(count: int) -> str:
    return {0: "next in line", 1: "1 job before it"}.get(count, f"{count:,} jobs before it")


def _time_left(job: Job, earlier: Sequence[Job], now: datetime) -> str:
    run_progress = job.run_progress or RunProgress()
    if run_progress.remaining_s is not None:
        return f"{format_estimate(run_progress.remaining_s, run_progress.remaining_s)} left"
    frames = run_progress.frames_total or job.frames
    if frames is None:
        return ""
    learned = estimate(earlier, job.models, frames)
    return "time left: too few jobs yet" if learned is None else _learned(job, learned, now)


def _learned(job: Job, whole: Estimate, now: datetime) -> str:
    if job.status is not JobStatus.SUBMITTED or is_queued(job):
        return f"{format_estimate(whole.low_s, whole.high_s)} once it runs"
    if job.run_started_at is None:
        return f"{format_estimate(whole.low_s, whole.high_s)} in all"
    left = whole.after((now - job.run_started_at).total_seconds())
    return f"{format_estimate(left.low_s, left.high_s)} left" if left.high_s else "longer than earlier jobs took"
