"""Analytics: what a job counted over time, and the frames behind the numbers."""

import streamlit as st

from components.analytics.bar import page_bar
from components.analytics.bar.actions import actions
from components.analytics.bar.facts import facts
from components.analytics.bar.job_notes import job_notes_editor, job_notes_line
from components.analytics.bar.job_picker import job_picker, no_results
from components.analytics.chart_and_frame import chart_and_frame
from components.analytics.exports import export_menu
from components.analytics.pinned_notes.placed_notes import placed_notes
from components.analytics.player_view import played_view
from components.analytics.sections import open_comparison, sections
from components.analytics.sections.compare.compared import other_models
from components.analytics.sharing import share_button
from components.analytics.tiles import tiles
from components.analytics.view_picker import go_to, view_picker
from components.session import get_deployment, placed_results, serves_routes

deployment = get_deployment()
bar, below = page_bar(), st.container()
with bar:
    job = job_picker(deployment.ledger, below)
if job is None:
    no_results(deployment.ledger)
    st.stop()

video = deployment.library.get(job.video_sha256) if job.video_sha256 else None
results = placed_results(job, video)
view = view_picker(results, bar)
colors = deployment.class_colors.of(view.classes.name_of(name) for name in view.table.classes) if view else {}
with bar:
    if view:
        facts(job, view, video)
    job_notes_editor(deployment, job)
    actions(can_compare=bool(view and other_models(view)), on_compare=open_comparison)
    share_button(deployment, job, view, video)
    export_menu(deployment, job, view, video, colors)
notes = placed_notes(deployment, view, video) if view else []
noted = job_notes_line(deployment, job, notes)
if view:
    sought = tiles(deployment, view, video, colors)
    if serves_routes():
        picked, entry = played_view(deployment, view, video, colors, notes)
    else:
        picked, entry = chart_and_frame(deployment, view, video, colors)
    chosen = sections(deployment, view, video, colors, entry)
    entries = [at for at in (noted, sought, chosen, picked.entry) if at is not None]
    go_to(entry=entries[0] if entries else None, time_range_s=picked.time_range_s)
