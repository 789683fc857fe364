"""Upload: videos, the models to run on them and the rate of analyzed frames, up to the finished job."""

import streamlit as st

from components.access import is_ever_allowed, need
from components.formatting import escape_markdown
from components.session import current_connection, get_deployment
from components.upload.job_tracker import job_tracker
from components.upload.run_form import run_form
from components.upload.sample_card import sample_card
from components.upload.started import batch_note
from components.upload.videos import choose_videos
from frametally.access.permissions import Action

st.title("Run a video")
deployment, connection = get_deployment(), current_connection()
if is_ever_allowed(Action.RUN_SAMPLE):
    sample_card(deployment)
need(Action.RUN)
if not connection.is_ready:
    st.warning(f"**{escape_markdown(connection.label)}** needs an API key.", icon=":material/key:")
    st.page_link("../pages/configuration.py", label="Configuration", icon=":material/tune:")
    st.stop()

run_form(deployment, connection, choose_videos(deployment))
batch_note()
job_tracker(deployment.ledger)
