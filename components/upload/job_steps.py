"""The steps of a job from creation to saved results."""

from __future__ import annotations

import streamlit as st

from components.access import current_person
from components.formatting import escape_markdown, said_by_service
from components.job_progress import finished_jobs, job_progress
from components.job_status import step_word
from components.key_needed import key_needed
from components.session import whole_deployment
from frametally.clock import utc_now
from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger

_ORDER = [JobStatus.CREATED, JobStatus.UPLOADED, JobStatus.SUBMITTED, JobStatus.SUCCEEDED]
_DOING = {JobStatus.CREATED: "Uploading", JobStatus.UPLOADED: "Starting", JobStatus.SUBMITTED: "Running"}


def job_steps(ledger: Ledger, job: Job) -> None:
    """Draw the completed steps, the progress of the current one, and the failure or message of the service."""
    marks = {True: ":green[:material/check_circle:]", False: ":gray[:material/radio_button_unchecked:]"}
    st.markdown("  \n".join(f"{marks[done]} {text}" for done, text in _steps(job)))
    if job.status.is_open:
        doing = job.status_word if job.is_in_queue else _DOING[job.status]
        job_progress(job, finished_jobs(ledger, job.service), utc_now(), doing=doing)
    if waits_for := key_needed(job, whole_deployment().clients, current_person(), utc_now()):
        st.warning(waits_for, icon=":material/key:")
    if job.failure or job.service_message:
        is_bad = job.failure and job.status is not JobStatus.CANCELLED
        (st.error if is_bad else st.warning)(
            escape_markdown(said_by_service(job.failure) or job.failure or job.service_message)
        )


def _steps(job: Job) -> list[tuple[bool, str]]:
    """(done, text) of each step; a video at a URL is not uploaded."""
    reached = _ORDER.index(job.status) if job.status in _ORDER else (2 if job.remote_job_id else 0)
    shown = [status for status in _ORDER if not (status is JobStatus.UPLOADED and job.video_url)]
    return [(reached >= _ORDER.index(status), step_word(status)) for status in shown]
