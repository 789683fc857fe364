"""The steps of a job that has just been submitted, live."""

from __future__ import annotations

import streamlit as st

from components.error_notice import plain, told
from components.job_progress import finished_jobs, is_queued, job_progress
from components.session import service_label
from video_inference.clock import utc_now
from video_inference.errors import JobError
from video_inference.jobs import Job, JobStatus
from video_inference.store import Store

_SUBMITTED = "submitted_job"
_ORDER = [JobStatus.CREATED, JobStatus.UPLOADED, JobStatus.SUBMITTED, JobStatus.SUCCEEDED]


def submitted(job: Job) -> None:
    """This session has just submitted it: show its steps from now on."""
    st.session_state[_SUBMITTED] = job.id


def submission(store: Store) -> None:
    """Follow what this session submitted last, where there is something."""
    if _SUBMITTED in st.session_state:
        _follow(store)


@st.fragment(run_every="1s")
@told()
def _follow(store: Store) -> None:
    """Show which steps are true, which one is at work, and where to go on."""
    try:
        job = store.job(st.session_state[_SUBMITTED])
    except (JobError, KeyError):  # it was deleted for good
        st.session_state.pop(_SUBMITTED, None)
        return
    with st.container(border=True):
        st.markdown(f"**{plain(job.video_name)}** with {', '.join(plain(model.label) for model in job.models)}")
        job_steps(store, job)
        if job.status is JobStatus.SUCCEEDED:
            st.page_link(
                "../pages/analytics.py",
                label="Open in analytics",
                icon=":material/monitoring:",
                query_params={"job": job.id},
            )
        st.page_link("../pages/jobs.py", label="All jobs", icon=":material/list_alt:")


def job_steps(store: Store, job: Job) -> None:
    """Draw which steps are true, how far the one at work is, and what stands in the way."""
    marks = {True: ":green[:material/check_circle:]", False: ":gray[:material/radio_button_unchecked:]"}
    st.markdown("  \n".join(f"{marks[done]} {text}" for done, text in _steps(job)))
    if job.status.is_open:
        job_progress(job, finished_jobs(store, job.service), utc_now(), doing=_doing(job))
    if job.failure or job.service_says:
        is_bad = job.failure and job.status is not JobStatus.CANCELLED
        (st.error if is_bad else st.warning)(plain(job.failure or job.service_says))


def _steps(job: Job) -> list[tuple[bool, str]]:
    reached = _ORDER.index(job.status) if job.status in _ORDER else (2 if job.remote_job_id else 0)
    where = service_label(job.service)
    sent = [] if job.video_url else [(reached >= 1, f"Video sent to {plain(where)}")]
    return [
        (True, "Written down here"),
        *sent,
        (reached >= 2, "Job scheduled"),
        (reached >= 3, "Results archived"),
    ]


def _doing(job: Job) -> str:
    words = {JobStatus.CREATED: "Sending the video", JobStatus.UPLOADED: "Scheduling", JobStatus.SUBMITTED: "Running"}
    return "Queued" if is_queued(job) else words[job.status]
