"""The jobs as people follow them: state, progress, times, reason, and what can be done next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from components.downloads import download_link
from components.errors import escape_markdown
from components.formatting import format_age, format_duration
from components.job_progress import finished_jobs, job_progress
from components.job_status import state_badge, what_runs
from components.jobs.job_commands import Act, JobCommand
from components.jobs.job_history import HISTORY, is_history_open, job_history
from components.session import service_label
from frametally.contract import CANCELLED
from frametally.deployment import Deployment
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs.deletion import can_be_deleted
from frametally.ledger.tags import tags_of
from frametally.results import find_original
from frametally.sample import is_sample

_OVER = (JobStatus.FAILED, JobStatus.CANCELLED)
_SAMPLE = ":violet-badge[:material/science: Sample] "
_DUPLICATE, _EDIT, _DELETE = "Run other models…", "Note and tags…", "Delete"


@dataclass(frozen=True)
class _Surroundings:
    """What the cards need to know beside their jobs."""

    deployment: Deployment
    now: datetime
    earlier: Mapping[str, Sequence[Job]]
    """Finished jobs by service, for the estimates."""
    without_cancel: Collection[str]
    """Services that cannot call a job off."""
    tags: Mapping[str, Sequence[str]]


def job_cards(deployment: Deployment, jobs: Sequence[Job], now: datetime) -> JobCommand | None:
    """Draw a card per job; returns what the person wants done now."""
    ledger = deployment.ledger
    at_work = {job.service for job in jobs if job.status.is_open}
    around = _Surroundings(
        deployment=deployment,
        now=now,
        earlier={service: finished_jobs(ledger, service) for service in at_work},
        without_cancel=ledger.services_without_cancel() if at_work else (),
        tags=tags_of(ledger, [job.id for job in jobs]),
    )
    wishes = [_job_card(job, around) for job in jobs]
    return next((JobCommand(act, (job.id,)) for job, act in zip(jobs, wishes, strict=True) if act), None)


PICKING = "jobs_picking"
"""The session-state key of whether several jobs are being picked."""


def pick_key(job_id: str) -> str:
    """The session-state key of the box that picks a job."""
    return f"pick-{job_id}"


def _job_card(job: Job, around: _Surroundings) -> Act | None:
    """A card of few elements: each of them costs a browser some milliseconds, ten times over, every two seconds."""
    is_live = job.status.is_open and not job.deleted_at
    if not (is_live or job.service_message or job.failure or is_history_open(job.id)):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"job-{job.id}"):
            return _first_row(job, around)
    with st.container(border=True, gap="xsmall", key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            act = _first_row(job, around)
        if is_live:
            job_progress(job, around.earlier.get(job.service, ()), around.now)
        _reasons(job)
        reads = _unread(around.deployment, job)
        job_history(around.deployment.ledger, job)
    return "read" if reads else act


def _first_row(job: Job, around: _Surroundings) -> Act | None:
    if st.session_state.get(PICKING):
        st.checkbox(f"Pick {escape_markdown(job.video_name)}", key=pick_key(job.id), label_visibility="collapsed")
    st.markdown(_told(job, around), width="stretch")
    acts = (_restore(job),) if job.deleted_at else (_next_step(job, around), _further(job))
    return next((act for act in acts if act), None)


def _told(job: Job, around: _Surroundings) -> str:
    """State and name, facts, labels: a line each."""
    sample = _SAMPLE if is_sample(job) else ""
    facts = f"{what_runs(job)} · {escape_markdown(service_label(job.service))} · {_times(job, around.now)}"
    labels = [f":violet-badge[:material/label: {escape_markdown(tag)}]" for tag in around.tags.get(job.id, ())]
    notes = [f":small[:material/sticky_note_2: {escape_markdown(' '.join(job.notes.split()))}]"] if job.notes else []
    lines = [
        f"{state_badge(job)} {sample}**{escape_markdown(job.video_name)}**",
        f":small[:gray[{facts}]]",
        *([" ".join([*labels, *notes])] if labels or notes else []),
    ]
    return "  \n".join(lines)


def _reasons(job: Job) -> None:
    if job.service_message:
        st.warning(escape_markdown(job.service_message), icon=":material/info:")
    if job.failure and job.status is not JobStatus.CANCELLED:
        st.error(escape_markdown(job.failure), icon=":material/error:")
    elif job.failure and job.failure != CANCELLED:
        st.warning(escape_markdown(job.failure), icon=":material/info:")


def _unread(deployment: Deployment, job: Job) -> bool:
    """What came and could not be read: to take away, and to try again."""
    kept = find_original(deployment.settings.results_dir / job.id)
    if job.status is not JobStatus.FAILED or kept is None:
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        download_link(deployment, kept, f"{Path(job.video_name).stem or 'video'}.results.json", "Results as they came")
        tip = "After an upgrade it may be possible. The service is not asked again."
        return st.button("Read again", key=f"read-{job.id}", icon=":material/menu_book:", help=tip)


def _next_step(job: Job, around: _Surroundings) -> Act | None:
    """The one thing that most people want next, in plain sight."""
    asks = _ask(job, around.now)
    cancels = _can_be_cancelled(job, around.without_cancel) and _cancel(job)
    retries = _can_be_retried(job) and st.button("Retry", key=f"retry-{job.id}", icon=":material/replay:")
    return "cancel" if cancels else "retry" if retries else "ask" if asks else None


def _further(job: Job) -> Act | None:
    """The rest, in a menu."""
    acts: dict[str, Act] = {_EDIT: "edit", HISTORY: "history"}
    if job.video_sha256 or job.video_url:
        acts = {_DUPLICATE: "duplicate", **acts}
    if can_be_deleted(job):
        acts[_DELETE] = "delete"
    chosen = st.menu_button("More", list(acts), key=f"more-{job.id}", icon=":material/more_horiz:", type="tertiary")
    return acts[chosen] if chosen else None


def _restore(job: Job) -> Act | None:
    return "restore" if st.button("Bring back", key=f"restore-{job.id}", icon=":material/undo:") else None


def _can_be_retried(job: Job) -> bool:
    """One that may have begun by itself is asked for by `_ask` instead."""
    return not job.request.missing and job.status.can_be_retried and not _is_doubtful(job)


def _can_be_cancelled(job: Job, without_cancel: Collection[str]) -> bool:
    """What the service does not have yet, can be; else it must have said so, and never have refused."""
    if not job.status.is_open or job.remote_job_id is None:
        return job.status.is_open
    refused = job.cancel_refused or (job.service in without_cancel and job.service != EMBEDDED)
    return job.run_progress is not None and job.run_progress.cancellable and not refused


def _cancel(job: Job) -> bool:
    """Ask before it is done: what has been analyzed so far is lost."""
    with st.popover("Cancel", icon=":material/cancel:", key=f"cancelling-{job.id}"):
        st.markdown(f"Cancel **{escape_markdown(job.video_name)}**? It ends without results.")
        return st.button("Cancel the job", key=f"cancel-{job.id}", type="primary", icon=":material/cancel:")


def _ask(job: Job, now: datetime) -> bool:
    if job.status is JobStatus.SUCCEEDED:
        st.page_link(
            "../pages/analytics.py",
            label="Open in analytics",
            icon=":material/monitoring:",
            query_params={"job": job.id},
        )
        return False
    if _is_doubtful(job):
        return st.button(
            "Start it again", key=f"ask-{job.id}", icon=":material/replay:", help="Only if it did not start."
        )
    if job.remote_job_id is None or job.status in _OVER or _is_asked_all_the_time(job):
        return False
    wait_s = (job.next_check_at - now).total_seconds()
    return st.button(
        "Ask now" if wait_s <= 0 else f"Ask in {wait_s:.0f} s",
        key=f"ask-{job.id}",
        icon=":material/refresh:",
        disabled=wait_s > 0,
        help="A service is asked about a job at most once a minute, by everybody together, unless it invites more.",
    )


def _is_doubtful(job: Job) -> bool:
    """Whether nobody knows if the service took it."""
    return job.status is JobStatus.LOST and job.remote_job_id is None


def _times(job: Job, now: datetime) -> str:
    told = [f"started {format_age(now - job.created_at)}"]
    if job.ended_at:
        told.append(f"took {format_duration((job.ended_at - job.created_at).total_seconds())}")
    elif job.remote_job_id:
        told.append(f"checked {format_age(now - job.checked_at)}" if job.checked_at else "not checked yet")
        if job.status.is_open and not job.deleted_at and not _is_asked_all_the_time(job):
            wait_s = (job.next_check_at - now).total_seconds()
            told.append(f"next check in {format_duration(wait_s)}" if wait_s > 0 else "next check now")
    return " · ".join(told)


def _is_asked_all_the_time(job: Job) -> bool:
    """The built-in engine invites a call every second or two: a countdown and a button would only flicker."""
    return job.status.is_open and job.service == EMBEDDED
