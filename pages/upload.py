"""Upload: a video, the models to run on it and the rate of analyzed frames, up to the finished job."""

import streamlit as st

from components.formatting import escape_markdown
from components.installed_models import installed_models
from components.model_picker import model_picker
from components.rate_picker import rate_picker
from components.session import current_connection, get_deployment
from components.upload.batch import batch
from components.upload.estimate_note import estimate_note
from components.upload.job_tracker import job_tracker, submit_once
from components.upload.mp4_conversion import as_converted
from components.upload.preflight_notes import preflight_notes, url_is_good
from components.upload.run_button import run_button
from components.upload.sample_card import sample_card
from components.upload.video_source import video_source
from frametally.job import RunRequest

st.title("Run a video")
deployment, connection = get_deployment(), current_connection()
sample_card(deployment)
if not connection.is_ready:
    st.warning(f"**{escape_markdown(connection.label)}** needs an API key.", icon=":material/key:")
    st.page_link("../pages/configuration.py", label="Configuration", icon=":material/tune:")
    st.stop()

source = as_converted(deployment, video_source(deployment))
if source:
    left, right = st.columns(2)
    installed = installed_models(connection)
    with left:
        models = model_picker(deployment.ledger, connection.service, installed, key="upload_models")
    with right:
        infer_fps = rate_picker(source.kept.info if source.kept else None, connection.service, key="upload_rate")
    request = RunRequest(
        service=connection.service,
        key_id=connection.key_id or "",
        video_name=source.name,
        video_sha256=source.kept.sha256 if source.kept else None,
        video_url=source.url,
        models=tuple(models),
        infer_fps=infer_fps,
    )
    preflight = preflight_notes(deployment, request, source, installed)
    frames = source.kept.info.planned_count(infer_fps) if source.kept and infer_fps else None
    estimate_note(deployment.ledger, connection.service, models, frames)
    disabled = preflight is None or bool(request.missing)
    clicked = run_button(connection, "Run analysis", key="run", disabled=disabled)
    if clicked and url_is_good(deployment, preflight):
        submit_once(deployment, request)
job_tracker(deployment.ledger)
batch(deployment, connection, source.arrived if source else ())
