"""One form for one video or several: models, rate, camera, and what runs them."""

from __future__ import annotations

import streamlit as st

from components.installed_models import installed_models
from components.model_picker import model_picker
from components.rate_picker import common_rate_picker, rate_picker
from components.session import Connection
from components.upload.run_one import run_one
from components.upload.run_several import run_several
from components.upload.videos import Videos
from frametally.deployment import Deployment
from frametally.job import RunRequest
from frametally.ledger.ledger import Ledger
from frametally.ledger.region_sets import cameras


def run_form(deployment: Deployment, connection: Connection, videos: Videos) -> None:
    """Draw the form for these videos; nothing while there are none."""
    if not (videos.one or videos.files or videos.lines):
        return
    left, right = st.columns(2)
    installed = installed_models(connection)
    with left:
        models = model_picker(deployment.ledger, connection.service, installed, key="upload_models")
    with right:
        infer_fps = _rate(connection, videos)
        camera = _camera(deployment.ledger)
    service, key_id = connection.service, connection.key_id or ""
    request = RunRequest(service=service, key_id=key_id, models=tuple(models), infer_fps=infer_fps)
    if videos.one:
        run_one(deployment, connection, videos.one, request, installed, camera)
    else:
        run_several(deployment, connection, videos, request, installed, camera)


def _rate(connection: Connection, videos: Videos) -> float | None:
    if videos.one:
        kept = videos.one.kept
        return rate_picker(kept.info if kept else None, connection.service, key="upload_rate")
    return common_rate_picker([kept.info for kept in videos.files], connection.service, key="batch_rate")


def _camera(ledger: Ledger) -> str | None:
    """The camera that took the videos, one of those with saved lines and zones; None if that is not stated."""
    known = cameras(ledger)
    if not known:
        return None
    return st.selectbox(
        "Camera (optional)",
        known,
        index=None,
        placeholder="Not stated",
        key="upload_camera",
        help="Analytics opens the lines and zones of this camera, and its rules are checked when the job is done.",
    )
