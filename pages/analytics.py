"""Analytics: what a job counted over time, and the frames that prove it."""

import streamlit as st

from components.analytics.frame_stepper import entry_in_view, stepper
from components.analytics.frame_viewer import frame_view
from components.analytics.job_picker import job_picker
from components.analytics.overview import overview
from components.analytics.tabs import sections
from components.analytics.view_picker import class_editor, go_to, view_picker
from components.session import job_results, workbench

st.title("Analytics")
bench = workbench()
job = job_picker(bench.store)
if job is None:
    st.info("No finished job yet: its counts and frames will be here.", icon=":material/info:")
    st.page_link("../pages/upload.py", label="Run a video", icon=":material/upload:")
    st.stop()

results = job_results(job.id)
view = view_picker(results)
video = bench.media.get(job.video_sha256) if job.video_sha256 else None
colors = bench.colors.of(view.classes.name_of(name) for name in view.table.classes) if view else {}

if view:
    charts, proof = st.columns([3, 2], gap="medium")
    with charts:
        picked = overview(view, colors, entry_in_view(view), job.id)
        class_editor(view.table.classes)
    with proof:
        entry = stepper(view, job.id)
        frame_view(view, video, entry, colors)
chosen = sections(bench, job, view, video, colors)
if view:
    go_to(entry=picked.entry if chosen is None else chosen, window_s=picked.window_s)
