"""The steps of a job that has just been submitted, live."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from components.errors import escape_markdown, show_errors
from components.job_progress import finished_jobs, is_queued, job_progress
from components.session import current_actor, service_label
from frametally.clock import utc_now
from frametally.deployment import Deployment
from frametally.errors import JobError
from frametally.job import Job, JobStatus, RunRequest
from frametally.ledger.ledger import Ledger

_SUBMITTED = "submitted_job"
_TWO_CLICKS = timedelta(seconds=5)
_ORDER = [JobStatus.CREATED, JobStatus.UPLOADED, JobStatus.SUBMITTED, JobStatus.SUCCEEDED]


def submit_once(deployment: Deployment, request: RunRequest) -> None:
    """Submit a job and show its steps from now on; a double click submits one job."""
    last = _last(deployment.ledger)
    is_same = last is not None and last.request == request
    if last is None or not is_same or deployment.workflow.clock() - last.created_at > _TWO_CLICKS:
        st.session_state[_SUBMITTED] = deployment.workflow.submit(request, actor=current_actor()).id


def submission(ledger: Ledger) -> None:
    """Follow what this session submitted last, where there is something."""
    if _SUBMITTED in st.session_state:
        _follow(ledger)


@st.fragment(run_every="1s")
@show_errors()
def _follow(ledger: Ledger) -> None:
    """Show which steps are true, which one is at work, and where to go on."""
    job = _last(ledger)
    if job is None:
        return
    with st.container(border=True):
        models = ", ".join(escape_markdown(model.label) for model in job.models)
        st.markdown(f"**{escape_markdown(job.video_name)}** with {models}")
        job_steps(ledger, job)
        if job.status is JobStatus.SUCCEEDED:
            st.page_link(
                "../pages/analytics.py",
                label="Open in analytics",
                icon=":material/monitoring:",
                query_params={"job": job.id},
            )
        st.page_link("../pages/jobs.py", label="All jobs", icon=":material/list_alt:")


def _last(ledger: Ledger) -> Job | None:
    """What this session submitted last."""
    try:
        return ledger.job(st.session_state[_SUBMITTED])
    except KeyError:
        return None
    except JobError:  # it was deleted for good
        del st.session_state[_SUBMITTED]
        return None


def job_steps(ledger: Ledger, job: Job) -> None:
    """Draw which steps are true, how far the one at work is, and what stands in the way."""
    marks = {True: ":green[:material/check_circle:]", False: ":gray[:material/radio_button_unchecked:]"}
    st.markdown("  \n".join(f"{marks[done]} {text}" for done, text in _steps(job)))
    if job.status.is_open:
        job_progress(job, finished_jobs(ledger, job.service), utc_now(), doing=_doing(job))
    if job.failure or job.service_message:
        is_bad = job.failure and job.status is not JobStatus.CANCELLED
        (st.error if is_bad else st.warning)(escape_markdown(job.failure or job.service_message))


def _steps(job: Job) -> list[tuple[bool, str]]:
    reached = _ORDER.index(job.status) if job.status in _ORDER else (2 if job.remote_job_id else 0)
    where = service_label(job.service)
    sent = [] if job.video_url else [(reached >= 1, f"Video sent to {escape_markdown(where)}")]
    return [
        (True, "Written down here"),
        *sent,
        (reached >= 2, "Job scheduled"),
        (reached >= 3, "Results archived"),
    ]


def _doing(job: Job) -> str:
    words = {JobStatus.CREATED: "Sending the video", JobStatus.UPLOADED: "Scheduling", JobStatus.SUBMITTED: "Running"}
    return "Queued" if is_queued(job) else words[job.status]
