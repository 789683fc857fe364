"""The jobs as people follow them: state, progress, times, reason, and what can be done next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import streamlit as st

from components.durations import ago, span
from components.error_notice import plain
from components.job_progress import is_queued, job_progress
from components.session import service_label
from video_inference.contract import CANCELLED
from video_inference.jobs import EMBEDDED, Job, JobStatus
from video_inference.sample import is_sample

_LOOKS = {
    JobStatus.CREATED: ("Sending", "blue", ":material/cloud_upload:"),
    JobStatus.UPLOADED: ("Scheduling", "blue", ":material/schedule_send:"),
    JobStatus.SUBMITTED: ("Running", "orange", ":material/hourglass_top:"),
    JobStatus.SUCCEEDED: ("Done", "green", ":material/check_circle:"),
    JobStatus.FAILED: ("Failed", "red", ":material/error:"),
    JobStatus.LOST: ("Lost", "gray", ":material/help:"),
    JobStatus.CANCELLED: ("Cancelled", "gray", ":material/cancel:"),
}
_OVER = (JobStatus.FAILED, JobStatus.CANCELLED)
_QUEUED = ("Queued", "blue", ":material/hourglass_empty:")


@dataclass(frozen=True)
class Wish:
    """What the person wants done with a job."""

    act: Literal["ask", "cancel"]
    job_id: str


def job_table(
    jobs: Sequence[Job], now: datetime, earlier: Mapping[str, Sequence[Job]], without_cancel: Collection[str]
) -> Wish | None:
    """Draw a card per job; returns what the person wants done now.

    `earlier`: finished jobs by service, for the estimates. `without_cancel`: services that cannot call a job off.
    """
    wishes = [_job_card(job, now, earlier.get(job.service, ()), without_cancel) for job in jobs]
    return next((wish for wish in wishes if wish), None)


def job_badge(job: Job) -> None:
    """The state of a job as a coloured word."""
    word, color, icon = _QUEUED if is_queued(job) else _LOOKS[job.status]
    st.badge(word, icon=icon, color=color)  # type: ignore[arg-type]


def what_runs(job: Job) -> str:
    """Its models and frame rate; an adopted job may know neither."""
    models = ", ".join(plain(model.label) for model in job.models) or "models unknown"
    return f"{models} · {'frame rate unknown' if job.infer_fps is None else f'{job.infer_fps:.4g} fps'}"


def _job_card(job: Job, now: datetime, earlier: Sequence[Job], without_cancel: Collection[str]) -> Wish | None:
    with st.container(border=True, gap="xsmall", key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            job_badge(job)
            if is_sample(job):
                st.badge("Sample", icon=":material/science:", color="violet")
            st.markdown(f"**{plain(job.video_name)}**", width="stretch")
            asks = _actions(job, now)
            cancels = _can_be_cancelled(job, without_cancel) and _cancel(job)
        st.caption(f"{what_runs(job)} · {plain(service_label(job.service))} · {_times(job, now)}")
        if job.status.is_open:
            job_progress(job, earlier, now)
        if job.service_says:
            st.warning(plain(job.service_says), icon=":material/info:")
        if job.failure and job.status is not JobStatus.CANCELLED:
            st.error(plain(job.failure), icon=":material/error:")
        elif job.failure and job.failure != CANCELLED:
            st.warning(plain(job.failure), icon=":material/info:")
    if cancels:
        return Wish("cancel", job.id)
    return Wish("ask", job.id) if asks else None


def _can_be_cancelled(job: Job, without_cancel: Collection[str]) -> bool:
    """What the service does not have yet, can be; else it must have said so, and never have refused."""
    if not job.status.is_open or job.remote_job_id is None:
        return job.status.is_open
    refused = job.cancel_refused or (job.service in without_cancel and job.service != EMBEDDED)
    return job.standing is not None and job.standing.cancellable and not refused


def _cancel(job: Job) -> bool:
    """Ask before it is done: what has been analysed so far is lost."""
    with st.popover("Cancel", icon=":material/cancel:", key=f"cancelling-{job.id}"):
        st.markdown(f"Cancel **{plain(job.video_name)}**? It ends without results.")
        return st.button("Cancel the job", key=f"cancel-{job.id}", type="primary", icon=":material/cancel:")


def _actions(job: Job, now: datetime) -> bool:
    if job.status is JobStatus.SUCCEEDED:
        st.page_link(
            "../pages/analytics.py",
            label="Open in analytics",
            icon=":material/monitoring:",
            query_params={"job": job.id},
        )
        return False
    if job.status is JobStatus.LOST and job.remote_job_id is None:
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


def _times(job: Job, now: datetime) -> str:
    told = [f"started {ago(now - job.created_at)}"]
    if job.ended_at:
        told.append(f"took {span((job.ended_at - job.created_at).total_seconds())}")
    elif job.remote_job_id:
        told.append(f"checked {ago(now - job.checked_at)}" if job.checked_at else "not checked yet")
        if job.status.is_open and not _is_asked_all_the_time(job):
            wait_s = (job.next_check_at - now).total_seconds()
            told.append(f"next check in {span(wait_s)}" if wait_s > 0 else "next check now")
    return " · ".join(told)


def _is_asked_all_the_time(job: Job) -> bool:
    """The built-in engine invites a call every second or two: a countdown and a button would only flicker."""
    return job.status.is_open and job.service == EMBEDDED
