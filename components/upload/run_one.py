"""Running one video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from components.session import Connection
from components.upload.estimate_note import estimate_note
from components.upload.job_tracker import submit_once
from components.upload.preflight_notes import preflight_notes, url_is_good
from components.upload.run_button import run_button
from components.upload.started import remember_files
from components.upload.video_source import VideoSource
from frametally.contract import ModelInfo
from frametally.deployment import Deployment
from frametally.job import RunRequest


def run_one(
    deployment: Deployment,
    connection: Connection,
    source: VideoSource,
    settings: RunRequest,
    installed: Sequence[ModelInfo],
    camera: str | None,
) -> None:
    """Draw what is known of the run and its button; `settings` is the request without the video."""
    kept, rate = source.kept, settings.infer_fps
    sha256 = kept.sha256 if kept else None
    request = replace(settings, video_name=source.name, video_sha256=sha256, video_url=source.url)
    preflight = preflight_notes(deployment, request, source, installed)
    frames = kept.info.planned_count(rate) if kept and rate else None
    estimate_note(deployment.ledger, connection.service, request.models, frames)
    disabled = preflight is None or bool(request.missing)
    clicked = run_button(connection, "Run analysis", key="run", disabled=disabled)
    if clicked and url_is_good(deployment, preflight):
        submit_once(deployment, request, camera)
        remember_files([sha256])
