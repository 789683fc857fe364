"""The jobs as people follow them: state, progress, times, reason, and what can be done next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from components.error_notice import plain
from components.session import service_label
from video_inference.jobs import EMBEDDED, Job, JobStatus

_LOOKS = {
    JobStatus.CREATED: ("Sending", "blue", ":material/cloud_upload:"),
    JobStatus.UPLOADED: ("Scheduling", "blue", ":material/schedule_send:"),
    JobStatus.SUBMITTED: ("Running", "orange", ":material/hourglass_top:"),
    JobStatus.SUCCEEDED: ("Done", "green", ":material/check_circle:"),
    JobStatus.FAILED: ("Failed", "red", ":material/error:"),
    JobStatus.LOST: ("Lost", "gray", ":material/help:"),
}


def job_table(jobs: Sequence[Job], now: datetime) -> str | None:
    """Draw a card per job; returns the id of the job that the person wants asked about now."""
    asked = [job.id for job in jobs if _job_card(job, now)]
    return asked[0] if asked else None


def job_badge(job: Job) -> None:
    """The state of a job as a coloured word."""
    word, color, icon = _LOOKS[job.status]
    st.badge(word, icon=icon, color=color)  # type: ignore[arg-type]


def _job_card(job: Job, now: datetime) -> bool:
    with st.container(border=True, gap="xsmall", key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            job_badge(job)
            st.markdown(f"**{plain(job.video_name)}**", width="stretch")
            asks = _actions(job, now)
        models = ", ".join(plain(model.label) for model in job.models)
        st.caption(f"{models} · {job.infer_fps:.4g} fps · {service_label(job.service)} · {_times(job, now)}")
        if job.status.is_open and job.progress is not None:
            st.progress(min(job.progress, 1.0), text=f"{job.progress:.0%}")
        if job.service_says:
            st.warning(plain(job.service_says), icon=":material/info:")
        if job.failure:
            st.error(plain(job.failure), icon=":material/error:")
    return asks


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
    if job.remote_job_id is None or job.status is JobStatus.FAILED or _is_asked_all_the_time(job):
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
        told.append(f"took {_span((job.ended_at - job.created_at).total_seconds())}")
    elif job.remote_job_id:
        told.append(f"checked {ago(now - job.checked_at)}" if job.checked_at else "not checked yet")
        if job.status.is_open and not _is_asked_all_the_time(job):
            wait_s = (job.next_check_at - now).total_seconds()
            told.append(f"next check in {_span(wait_s)}" if wait_s > 0 else "next check now")
    return " · ".join(told)


def _is_asked_all_the_time(job: Job) -> bool:
    """The built-in engine invites a call every second or two: a countdown and a button would only flicker."""
    return job.status.is_open and job.service == EMBEDDED


def ago(age: object) -> str:
    """How long ago, in words."""
    seconds: float = age.total_seconds()  # type: ignore[attr-defined]
    return "just now" if seconds < 2 else f"{_span(seconds)} ago"


def _span(seconds: float) -> str:
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{seconds // unit_s:.0f} {unit}"
    return f"{max(seconds, 0) // 1:.0f} s"
