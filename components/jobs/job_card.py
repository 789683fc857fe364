"""A card for each job: status, progress, times, the reason of a failure, and the actions that apply."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from components.analytics_link import analytics_link
from components.download_link import download_link
from components.formatting import escape_markdown, format_age, format_duration
from components.job_progress import finished_jobs, job_progress
from components.job_status import status_badge
from components.jobs.job_commands import Action, JobCommand
from components.jobs.job_history import HISTORY, is_history_open, job_history
from components.jobs.selection import is_selecting, selection_checkbox
from components.session import service_label
from frametally.deployment import Deployment
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs.deletion import can_be_deleted
from frametally.jobs.messages import PLAIN_CANCELLATIONS
from frametally.ledger.tags import tags_of
from frametally.results import find_original
from frametally.sample import is_sample

_CLOSED = (JobStatus.FAILED, JobStatus.CANCELLED)
_SAMPLE = ":violet-badge[:material/science: Sample] "
_OTHER_MODELS, _EDIT, _DELETE = "Re-run with other models…", "Note and tags…", "Delete"


@dataclass(frozen=True)
class _Context:
    """What the cards of a page share."""

    deployment: Deployment
    now: datetime
    finished: Mapping[str, Sequence[Job]]
    """Finished jobs by service, for the estimates."""
    without_cancel: Collection[str]
    """Services that cannot cancel a job."""
    tags: Mapping[str, Sequence[str]]


def job_cards(deployment: Deployment, jobs: Sequence[Job], now: datetime) -> JobCommand | None:
    """Draw a card for each job; returns the command that the user chose."""
    ledger = deployment.ledger
    services = {job.service for job in jobs if job.status.is_open}
    context = _Context(
        deployment=deployment,
        now=now,
        finished={service: finished_jobs(ledger, service) for service in services},
        without_cancel=ledger.services_without_cancel() if services else (),
        tags=tags_of(ledger, [job.id for job in jobs]),
    )
    actions = [_job_card(job, context) for job in jobs]
    return next((JobCommand(act, (job.id,)) for job, act in zip(jobs, actions, strict=True) if act), None)


def run_label(job: Job) -> str:
    """Models and frame rate of a job, in Markdown; an imported job may have neither."""
    models = ", ".join(escape_markdown(model.label) for model in job.models) or "models unknown"
    return f"{models} · {'frame rate unknown' if job.infer_fps is None else f'{job.infer_fps:.4g} fps'}"


def _job_card(job: Job, context: _Context) -> Action | None:
    """A card of few elements: each takes the browser some milliseconds, for ten cards every two seconds."""
    is_live = job.status.is_open and not job.deleted_at
    if not (is_live or job.service_message or job.failure or is_history_open(job.id)):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"job-{job.id}"):
            return _first_row(job, context)
    with st.container(border=True, gap="xsmall", key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            action = _first_row(job, context)
        if is_live:
            job_progress(job, context.finished.get(job.service, ()), context.now)
        _reasons(job)
        read_again = _unread_results(context.deployment, job)
        job_history(context.deployment.ledger, job)
    return "read_again" if read_again else action


def _first_row(job: Job, context: _Context) -> Action | None:
    if is_selecting():
        selection_checkbox(job)
    st.markdown(_summary(job, context), width="stretch")
    actions = (_restore(job),) if job.deleted_at else (_next_step(job, context), _menu(job))
    return next((action for action in actions if action), None)


def _summary(job: Job, context: _Context) -> str:
    """Three lines of Markdown: status and name; the run and its times; tags and note, if any."""
    sample = _SAMPLE if is_sample(job) else ""
    facts = f"{run_label(job)} · {escape_markdown(service_label(job.service))} · {_times(job, context.now)}"
    tags = [f":violet-badge[:material/label: {escape_markdown(tag)}]" for tag in context.tags.get(job.id, ())]
    notes = [f":small[:material/sticky_note_2: {escape_markdown(' '.join(job.notes.split()))}]"] if job.notes else []
    lines = [
        f"{status_badge(job)} {sample}**{escape_markdown(job.video_name)}**",
        f":small[:gray[{facts}]]",
        *([" ".join([*tags, *notes])] if tags or notes else []),
    ]
    return "  \n".join(lines)


def _reasons(job: Job) -> None:
    if job.service_message:
        st.warning(escape_markdown(job.service_message), icon=":material/info:")
    if job.failure and job.status is not JobStatus.CANCELLED:
        st.error(escape_markdown(job.failure), icon=":material/error:")
    elif job.failure and job.failure not in PLAIN_CANCELLATIONS:
        st.warning(escape_markdown(job.failure), icon=":material/info:")


def _unread_results(deployment: Deployment, job: Job) -> bool:
    """Offer results that could not be read for download; True if the user wants them read again."""
    kept = find_original(deployment.settings.results_dir / job.id)
    if job.status is not JobStatus.FAILED or kept is None:
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        download_link(deployment, kept, f"{Path(job.video_name).stem or 'video'}.results.json", "Original results")
        tip = "A newer version of Frametally may be able to read them. Sends no request to the service."
        return st.button("Read again", key=f"read-{job.id}", icon=":material/menu_book:", help=tip)


def _next_step(job: Job, context: _Context) -> Action | None:
    """The action that most users want next, as a button or a link."""
    refreshes = _refresh(job, context.now)
    cancels = _can_be_cancelled(job, context.without_cancel) and _cancel(job)
    retries = _can_be_retried(job) and st.button("Retry", key=f"retry-{job.id}", icon=":material/replay:")
    return "cancel" if cancels else "retry" if retries else "refresh" if refreshes else None


def _menu(job: Job) -> Action | None:
    """The other actions, in a menu."""
    actions: dict[str, Action] = {_EDIT: "edit", HISTORY: "history"}
    if job.video_sha256 or job.video_url:
        actions = {_OTHER_MODELS: "other_models", **actions}
    if can_be_deleted(job):
        actions[_DELETE] = "delete"
    chosen = st.menu_button("More", list(actions), key=f"more-{job.id}", icon=":material/more_horiz:", type="tertiary")
    return actions[chosen] if chosen else None


def _restore(job: Job) -> Action | None:
    return "restore" if st.button("Restore", key=f"restore-{job.id}", icon=":material/undo:") else None


def _can_be_retried(job: Job) -> bool:
    """Whether the run can be repeated; for a job that may have been started, `_refresh` offers it instead."""
    return not job.request.missing and job.status.can_be_retried and not _may_have_started(job)


def _can_be_cancelled(job: Job, without_cancel: Collection[str]) -> bool:
    """Whether the service does not have the job yet, or reports that it can cancel it and has never refused to."""
    if not job.status.is_open or job.remote_job_id is None:
        return job.status.is_open
    refused = job.cancel_refused or (job.service in without_cancel and job.service != EMBEDDED)
    return job.run_progress is not None and job.run_progress.cancellable and not refused


def _cancel(job: Job) -> bool:
    """Confirm first: what has been analyzed so far is lost."""
    with st.popover("Cancel", icon=":material/cancel:", key=f"cancelling-{job.id}"):
        st.markdown(f"Cancel **{escape_markdown(job.video_name)}**? No results are kept.")
        return st.button("Cancel job", key=f"cancel-{job.id}", type="primary", icon=":material/cancel:")


def _refresh(job: Job, now: datetime) -> bool:
    if job.status is JobStatus.SUCCEEDED:
        analytics_link(job.id)
        return False
    key = f"refresh-{job.id}"
    if _may_have_started(job):
        tip = "Only if the job is not running at the service."
        return st.button("Start again", key=key, icon=":material/replay:", help=tip)
    if job.remote_job_id is None or job.status in _CLOSED or _is_polled_constantly(job):
        return False
    wait_s = (job.next_check_at - now).total_seconds()
    return st.button(
        "Refresh status" if wait_s <= 0 else f"Refresh in {wait_s:.0f} s",
        key=key,
        icon=":material/refresh:",
        disabled=wait_s > 0,
        help="Status is checked at most once a minute to respect the service's rate limit.",
    )


def _may_have_started(job: Job) -> bool:
    """Whether the service may have started the job although its response was lost."""
    return job.status is JobStatus.LOST and job.remote_job_id is None


def _times(job: Job, now: datetime) -> str:
    times = [f"created {format_age(now - job.created_at)}"]
    if job.ended_at:
        times += _durations(job, job.ended_at)
    elif job.remote_job_id:
        times.append(f"checked {format_age(now - job.checked_at)}" if job.checked_at else "not checked yet")
        if job.status.is_open and not job.deleted_at and not _is_polled_constantly(job):
            wait_s = (job.next_check_at - now).total_seconds()
            times.append(f"next check in {format_duration(wait_s)}" if wait_s > 0 else "next check now")
    return " · ".join(times)


def _durations(job: Job, ended_at: datetime) -> list[str]:
    """How long the job was queued and ran; the sum where the start of the run is not known."""
    if job.run_started_at is None:
        return [f"ended after {format_duration((ended_at - job.created_at).total_seconds())}"]
    queued_s = (job.run_started_at - job.created_at).total_seconds()
    ran = f"ran {format_duration((ended_at - job.run_started_at).total_seconds())}"
    return [f"queued {format_duration(queued_s)}", ran] if queued_s >= 1 else [ran]


def _is_polled_constantly(job: Job) -> bool:
    """Whether the job is checked every second or two, so that a countdown would only flicker."""
    return job.status.is_open and job.service == EMBEDDED
