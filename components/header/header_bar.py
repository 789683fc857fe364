"""The bar in the header of every page."""

from __future__ import annotations

import streamlit as st

from components.access import own_tickets
from components.analytics_link import open_analytics
from components.errors import show_errors
from components.header.bar import FoundJob, bar
from components.job_status import status_color
from components.session import current_connection
from frametally.deployment import Deployment
from frametally.errors import JobError
from frametally.job import Job, JobStatus
from frametally.ledger.search import JobQuery, find
from frametally.previews.routes import thumbnail_url

_TEXT = "header_search"
_MAX_FOUND = 8


@st.fragment
@show_errors()
def header_bar(deployment: Deployment) -> None:
    """Draw the bar, and open what the user chose in it. A search runs this fragment only, and no other run searches."""
    text: str | None = st.session_state.pop(_TEXT, None)
    found = [] if text is None else find(deployment.ledger, JobQuery(text=text), limit=_MAX_FOUND)
    connection = current_connection()
    event = bar(
        service=connection.label,
        is_ready=connection.is_ready,
        text=text,
        found=[_found(deployment, job) for job in found],
        on_search=_search,
    )
    if event.page:
        st.switch_page(f"../pages/{event.page}.py")
    if event.job_id:
        _open(deployment, event.job_id)


def _search(text: str) -> None:
    st.session_state[_TEXT] = text


def _found(deployment: Deployment, job: Job) -> FoundJob:
    return FoundJob(
        id=job.id,
        name=job.video_name,
        model=", ".join(model.label for model in job.models),
        status=job.status_word,
        color=status_color(job),
        created=f"{job.created_at:%d %b %Y}",
        thumbnail=thumbnail_url(deployment.library, own_tickets(), job.video_sha256),
    )


def _open(deployment: Deployment, job_id: str) -> None:
    """Open the analytics of a finished job, the row of another one in the list."""
    try:
        job = deployment.ledger.job(job_id)
    except JobError:  # deleted since the search
        return
    if job.status is JobStatus.SUCCEEDED:
        open_analytics(job.id)
    st.switch_page("../pages/jobs.py", query_params={"q": job.id})
