"""A job that is not done yet: its progress, and its results as soon as they are there."""

from __future__ import annotations

import streamlit as st

from components.access import current_person
from components.errors import show_errors
from components.formatting import escape_markdown
from components.job_progress import finished_jobs, job_progress
from components.key_needed import key_needed
from components.session import whole_deployment
from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger

_OPEN = [status for status in JobStatus if status.is_open]


def newest_waiting(ledger: Ledger) -> Job | None:
    """The newest job that is not done yet."""
    return next(iter(ledger.jobs(statuses=_OPEN, limit=1)), None)


@st.fragment(run_every="2s")
@show_errors()
def waiting_job(ledger: Ledger, job_id: str) -> None:
    """Draw the progress of the job; runs the page again when it has ended."""
    job = ledger.job(job_id)
    if not job.status.is_open:
        st.rerun()
    models = ", ".join(escape_markdown(model.label) for model in job.models)
    with st.container(border=True):
        st.markdown(f"**{escape_markdown(job.video_name)}** · {models} · {job.status_word}")
        job_progress(job, finished_jobs(ledger, job.service), ledger.clock())
        if waits_for := key_needed(job, whole_deployment().clients, current_person(), ledger.clock()):
            st.warning(waits_for, icon=":material/key:")
        st.caption("Its counts and frames open here when it is done.")
