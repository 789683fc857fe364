"""Upload: a video, the models to run over it, how often to look, and off it goes."""

import streamlit as st

from components.errors import escape_markdown
from components.job_progress import estimate_note
from components.model_picker import installed_models, model_picker
from components.preflight_notes import address_is_good, as_converted, preflight_notes
from components.rate_picker import rate_picker
from components.session import current_connection, get_deployment
from components.upload.batch import batch
from components.upload.job_tracker import submission, submit_once
from components.upload.sample_card import sample_card
from components.upload.video_source import video_source
from frametally.job import RunRequest

st.title("Run a video")
deployment, connection = get_deployment(), current_connection()
sample_card(deployment)
if not connection.is_ready:
    st.warning(f"**{escape_markdown(connection.label)}** needs an API key first.", icon=":material/key:")
    st.page_link("../pages/configuration.py", label="Configuration", icon=":material/tune:")
    st.stop()

source = as_converted(deployment, video_source(deployment))
if source:
    left, right = st.columns(2)
    installed = installed_models(connection)
    with left:
        models = model_picker(deployment.ledger.presets(), installed, key="upload_models")
    with right:
        infer_fps = rate_picker(source.kept.info if source.kept else None, key="upload_rate")
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
    wanted = st.button(
        f"Run on {escape_markdown(connection.label)}",
        type="primary",
        icon=":material/play_arrow:",
        disabled=preflight is None or bool(request.missing),
    )
    if wanted and address_is_good(deployment, preflight):
        submit_once(deployment, request)
submission(deployment.ledger)
batch(deployment, connection, source.arrived if source else ())
