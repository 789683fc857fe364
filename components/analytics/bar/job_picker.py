"""Choosing a finished job, from a list or by link (`?job=…`)."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.analytics.bar.waiting_job import newest_waiting, waiting_job
from components.analytics.view_picker import reset_view
from components.formatting import distinct_labels, escape_markdown, said_by_service
from frametally.errors import JobError
from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger
from frametally.sample import is_sample

_PICKED = "picked_job"


def job_picker(ledger: Ledger, below: DeltaGenerator) -> Job | None:
    """Let the user choose among the newest jobs; a link can open any finished one. Its id is in the page's address.

    Args:
        ledger: where the jobs are.
        below: the container of the message about a job that cannot be shown.
    """
    linked = st.query_params.get("job")
    by_id = {job.id: job for job in [*ledger.jobs(statuses=[JobStatus.SUCCEEDED]), *_linked(ledger, linked)]}
    ids = list(by_id)
    if linked and linked not in by_id:
        with below:
            _unavailable(ledger, linked, newest=next(iter(ids), None))
    if not ids:
        return None
    chosen = linked if linked in by_id else ids[0]
    st.query_params["job"] = st.session_state[_PICKED] = chosen
    labels = distinct_labels({job_id: _label(job) for job_id, job in by_id.items()})
    st.selectbox(
        "Job",
        ids,
        key=_PICKED,
        format_func=labels.__getitem__,
        on_change=_open_picked,
        label_visibility="collapsed",
    )
    return by_id[chosen]


def no_results(ledger: Ledger) -> None:
    """Without a finished job, draw the progress of the newest job, or a link to Upload."""
    if waiting := newest_waiting(ledger):
        waiting_job(ledger, waiting.id)
        return
    st.info("No finished jobs yet. Their counts and frames appear here.", icon=":material/info:")
    st.page_link("../pages/upload.py", label="Run a video", icon=":material/upload:")


def _open_picked() -> None:
    reset_view()
    st.query_params["job"] = st.session_state[_PICKED]


def _unavailable(ledger: Ledger, job_id: str, newest: str | None) -> NoReturn:
    """Explain why the job of the link cannot be shown, and stop; the address stays as it is."""
    if _is_waiting(ledger, job_id):
        waiting_job(ledger, job_id)
    else:
        st.warning(_reason(ledger, job_id), icon=":material/link_off:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if newest and st.button("Open newest", icon=":material/monitoring:", key="open_newest"):
            reset_view()
            st.query_params.from_dict({"job": newest})
            st.rerun()
        st.page_link("../pages/jobs.py", label="All jobs", icon=":material/list_alt:")
    st.stop()


def _is_waiting(ledger: Ledger, job_id: str) -> bool:
    try:
        job = ledger.job(job_id)
    except JobError:
        return False
    return job.status.is_open and job.deleted_at is None


def _reason(ledger: Ledger, job_id: str) -> str:
    try:
        job = ledger.job(job_id)
    except JobError:
        return "The job of this link does not exist. It may have been deleted, or belong to another server."
    name = f"**{escape_markdown(job.video_name)}**"
    if job.deleted_at:
        return f"{name}: this job was deleted."
    reason = "" if job.status is JobStatus.CANCELLED else job.failure
    return f"{name}: this job {job.status.phrase}. {escape_markdown(said_by_service(reason) or reason)}".strip()


def _linked(ledger: Ledger, job_id: str | None) -> list[Job]:
    """The job of the link, if it can be shown."""
    try:
        job = ledger.job(job_id or "")
    except JobError:
        return []
    return [job] if job.status is JobStatus.SUCCEEDED and job.deleted_at is None else []


def _label(job: Job) -> str:
    models = ", ".join(model.label for model in job.models) or "imported"
    rate = "" if job.infer_fps is None else f" · {job.infer_fps:.4g} fps"
    mark = "Sample · " if is_sample(job) else ""
    return f"{mark}{job.video_name} · {models}{rate} · {job.created_at:%d %b %H:%M} UTC"
