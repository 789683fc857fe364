"""Other jobs of the same camera or video, which the tab can compare with this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from components.access import own_tickets
from components.analytics.view_address import view_ticket
from components.formatting import distinct_labels
from components.session import placed_results
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import Job, JobStatus
from frametally.ledger import region_sets

MAX_COMPARED: Final = 4
_COMPARED: Final = "regions_compared"


def other_jobs(deployment: Deployment, view: View, camera: str) -> dict[str, str]:
    """Label by id of the finished jobs on other videos of the camera, and of those on the same video."""
    own = view.results.folder.name
    jobs = {job.id: job for job in deployment.ledger.jobs(statuses=[JobStatus.SUCCEEDED])}
    of_camera = set(region_sets.jobs_of(deployment.ledger, camera)) if camera else set()
    video = jobs[own].video_sha256 if own in jobs else None
    found = [job for job in jobs.values() if job.id in of_camera or (video and job.video_sha256 == video)]
    return distinct_labels({job.id: _label(job) for job in found if job.id != own})


def choose_jobs(job_ids: Sequence[str]) -> None:
    """Compare with these jobs from now on."""
    st.session_state[_COMPARED] = tuple(job_ids)[:MAX_COMPARED]


def compared_jobs(deployment: Deployment, view: View, offered: dict[str, str]) -> list[dict[str, Any]]:
    """Name and ticket of this job and those it is compared with; those without boxes are left out."""
    chosen = [job_id for job_id in st.session_state.get(_COMPARED, ()) if job_id in offered]
    if not chosen:
        return []
    jobs = {job.id: job for job in deployment.ledger.jobs(statuses=[JobStatus.SUCCEEDED])}
    wanted = [job_id for job_id in (view.results.folder.name, *chosen) if job_id in jobs]
    tickets = {job_id: _ticket(deployment, jobs[job_id], view) for job_id in wanted}
    return [
        {"id": job_id, "name": offered.get(job_id, "This job"), "ticket": ticket}
        for job_id, ticket in tickets.items()
        if ticket
    ]


def _ticket(deployment: Deployment, job: Job, view: View) -> str | None:
    """Permission to read the results of the model of the view, or of the first one with boxes."""
    video = deployment.library.get(job.video_sha256) if job.video_sha256 else None
    try:
        results = placed_results(job, video)
    except FrametallyError:
        return None
    models = [model for model, table in results.models.items() if table.kind.has_boxes]
    if not models:
        return None
    model = view.model if view.model in models else models[0]
    return own_tickets().for_view(view_ticket(deployment, View(results, model, classes=view.classes), video))


def _label(job: Job) -> str:
    models = ", ".join(model.label for model in job.models) or "imported"
    return f"{job.video_name} · {models} · {job.created_at:%d %b %H:%M} UTC"
