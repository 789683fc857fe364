"""Choosing a finished job, by hand or by link (`?job=…`)."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.view_picker import forget_view
from video_inference.jobs import Job
from video_inference.sample import is_sample


def job_picker(jobs: Sequence[Job]) -> Job | None:
    """Let the person choose; the address bar always names the job in view."""
    by_id = {job.id: job for job in jobs}
    linked = st.query_params.get("job")
    if linked and linked not in by_id:
        st.warning("The job of this link is not finished, or is not here. Showing the newest.", icon=":material/link:")
    ids = list(by_id)
    if not ids:
        return None
    start = ids.index(linked) if linked in by_id else 0
    chosen = st.selectbox("Job", ids, start, format_func=lambda job_id: _label(by_id[job_id]), on_change=forget_view)
    st.query_params["job"] = chosen
    return by_id[chosen]


def _label(job: Job) -> str:
    models = ", ".join(model.label for model in job.models) or "adopted"
    rate = "" if job.infer_fps is None else f" · {job.infer_fps:.4g} fps"
    mark = "Sample · " if is_sample(job) else ""
    return f"{mark}{job.video_name} · {models}{rate} · {job.created_at:%d %b %H:%M} UTC"
