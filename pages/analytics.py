"""Analytics: what a job counted over time, and the frames behind the numbers."""

import streamlit as st

from components.analytics.frame_stepper import entry_in_view, frame_stepper
from components.analytics.frame_viewer import frame_viewer
from components.analytics.job_picker import job_picker
from components.analytics.overview import overview
from components.analytics.player_view import WITHOUT_ROUTES, played_view
from components.analytics.scan_note import scan_note
from components.analytics.tabs import tabs
from components.analytics.tiles import tiles
from components.analytics.view_picker import class_editor, go_to, view_picker
from components.session import get_deployment, placed_results, serves_routes

st.title("Analytics")
deployment = get_deployment()
job_box, model_box = st.columns([3, 1])
with job_box:
    job = job_picker(deployment.ledger)
if job is None:
    st.info("No finished jobs yet. Their counts and frames appear here.", icon=":material/info:")
    st.page_link("../pages/upload.py", label="Run a video", icon=":material/upload:")
    st.stop()

video = deployment.library.get(job.video_sha256) if job.video_sha256 else None
results = placed_results(job, video)
view = view_picker(results, model_box)
colors = deployment.class_colors.of(view.classes.name_of(name) for name in view.table.classes) if view else {}
sought = tiles(view, colors) if view else None

if view and serves_routes():
    picked = played_view(deployment, view, video, colors)
elif view:
    st.caption(WITHOUT_ROUTES)
    charts, viewer = st.columns([3, 2], gap="medium")
    with charts:
        if video is not None:
            scan_note(deployment.library, video)
        picked = overview(view, colors, entry_in_view(view))
        class_editor(view.table.classes)
    with viewer:
        entry = frame_stepper(view)
        frame_viewer(view, video, entry, colors)
chosen = tabs(deployment, job, view, video, colors)
if view:
    entries = [entry for entry in (sought, chosen, picked.entry) if entry is not None]
    go_to(entry=entries[0] if entries else None, time_range_s=picked.time_range_s)
