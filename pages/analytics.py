"""Analytics: what a job counted over time, and the frames that prove it."""

import streamlit as st

from components.counts_chart import counts_chart
from components.downloads import downloads
from components.filters import filters
from components.frame_viewer import entry_in_view, frame_picker, frame_view, view_entry
from components.job_picker import job_picker
from components.session import job_results, workbench
from components.totals_table import totals_table
from video_inference.analysis.counts import count
from video_inference.colors import class_colors
from video_inference.jobs import JobStatus

st.title("Analytics")
bench = workbench()
job = job_picker(bench.store.jobs(statuses=[JobStatus.SUCCEEDED]))
if job is None:
    st.info("No finished job yet: its counts and frames will be here.", icon=":material/info:")
    st.page_link("../pages/upload.py", label="Run a video", icon=":material/upload:")
    st.stop()

results = job_results(job.id)
chosen = filters(results, job.id)
if chosen is None:
    downloads(bench, job, None)
    st.stop()
model, classes, confidence = chosen
counts = count(results, model, confidence, classes)
colors = class_colors(results.by_model[model].classes)

chart, proof = st.columns([3, 2], gap="medium")
entry_key = f"entry-{job.id}"
with chart:
    shown = entry_in_view(counts, key=entry_key)
    clicked = counts_chart(counts, colors, entry=shown, key=f"chart-{job.id}")
    if clicked is not None and clicked != shown:
        view_entry(entry_key, clicked)
        st.rerun()
    totals_table(counts)
    downloads(bench, job, counts)
with proof:
    entry = frame_picker(counts, key=entry_key)
    video = bench.media.get(job.video_sha256) if job.video_sha256 else None
    frame_view(video, results.by_model[model], counts, entry, confidence, colors)
