"""Submitting a job and following it on the Upload page."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from components.access import current_person
from components.analytics_link import analytics_link
from components.errors import show_errors
from components.formatting import escape_markdown
from components.upload.in_view import bring_into_view
from components.upload.job_steps import job_steps
from frametally.deployment import Deployment
from frametally.errors import JobError
from frametally.job import Job, JobStatus, RunRequest
from frametally.ledger.ledger import Ledger

_SUBMITTED = "submitted_job"
_DOUBLE_CLICK = timedelta(seconds=5)


def submit_once(deployment: Deployment, request: RunRequest, camera: str | None) -> None:
    """Submit a job and follow it from now on; a double click submits one job.

    `camera`: which took the video; None if that is not known.
    """
    last = _last(deployment.ledger)
    is_same = last is not None and last.request == request
    if last is None or not is_same or deployment.workflow.clock() - last.created_at > _DOUBLE_CLICK:
        job = deployment.workflow.submit(request, camera=camera, actor=current_person())
        st.session_state[_SUBMITTED] = job.id


def job_tracker(ledger: Ledger) -> None:
    """Follow the job that this session submitted last, if any."""
    if _SUBMITTED in st.session_state:
        _follow(ledger)


@st.fragment(run_every="1s")
@show_errors()
def _follow(ledger: Ledger) -> None:
    job = _last(ledger)
    if job is None:
        return
    with st.container(border=True, key="submitted_job"):
        models = ", ".join(escape_markdown(model.label) for model in job.models)
        st.markdown(f"**{escape_markdown(job.video_name)}** · {models}")
        job_steps(ledger, job)
        if job.status is JobStatus.SUCCEEDED:
            analytics_link(job.id)
        st.page_link("../pages/jobs.py", label="All jobs", icon=":material/list_alt:")
        bring_into_view("submitted_job", job.id)


def _last(ledger: Ledger) -> Job | None:
    try:
        return ledger.job(st.session_state[_SUBMITTED])
    except KeyError:
        return None
    except JobError:  # deleted permanently
        del st.session_state[_SUBMITTED]
        return None
