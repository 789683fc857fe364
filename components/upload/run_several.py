"""Running several videos: one job for each, all with one tag; which are skipped is shown before any job is created."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.access import current_person
from components.errors import show_error
from components.formatting import plural
from components.preflight import known_preflight, may_start
from components.session import Connection
from components.upload.batch_preview import batch_preview
from components.upload.mp4_conversion import conversion_of_files
from components.upload.run_button import run_button
from components.upload.started import remember_batch, remember_files, started
from components.upload.videos import Videos
from frametally.contract import ModelInfo
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import RunRequest
from frametally.jobs.batch import BatchLine, batch_jobs, check_lines, convertible_files, refused_files, start_batch
from frametally.library.video_store import StoredVideo


def run_several(
    deployment: Deployment,
    connection: Connection,
    videos: Videos,
    settings: RunRequest,
    installed: Sequence[ModelInfo],
    camera: str | None,
) -> None:
    """Draw the preview and the button; `settings` is the request without a video."""
    tag = st.text_input("Tag", f"batch {deployment.workflow.clock():%Y-%m-%d}", key="batch_tag")
    preflight = known_preflight(deployment, settings, installed)
    lines, refused = check_lines(videos.lines, preflight), refused_files(videos.files, preflight)
    failed = conversion_of_files(deployment, convertible_files(videos.files, preflight))
    refused |= {sha256: failed[sha256] for sha256 in refused if sha256 in failed}
    accepted = [kept for kept in videos.files if kept.sha256 not in refused]
    ready = may_start(preflight) and bool(settings.models) and settings.infer_fps is not None
    batch_preview(lines, videos.files, refused)
    count = sum(not line.error for line in lines) + len(accepted)
    # The key contains the number of the batch: the second click of a double click is on a button that is gone.
    key, disabled = f"run_several_{started().batches}", not (count and ready)
    if run_button(connection, f"Run {plural(count, 'video')}", key=key, disabled=disabled):
        _start(deployment, lines, accepted, settings, tag, camera)


def _start(
    deployment: Deployment,
    lines: Sequence[BatchLine],
    files: Sequence[StoredVideo],
    settings: RunRequest,
    tag: str,
    camera: str | None,
) -> None:
    try:
        jobs = batch_jobs(lines, files, settings, deployment.workflow.clock(), actor=current_person())
        start_batch(deployment.ledger, jobs, tag, actor=current_person(), camera=camera)
    except FrametallyError as error:
        show_error(error)
        return
    remember_files(job.video_sha256 for job in jobs)
    remember_batch(len(jobs), tag)
    st.rerun()
