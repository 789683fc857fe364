"""Chart and current frame of a view side by side, where videos cannot be played."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from components.analytics.audit.book import corrected
from components.analytics.frame_stepper import entry_in_view, frame_stepper
from components.analytics.frame_viewer import frame_viewer
from components.analytics.overview import Picked, overview
from components.analytics.scan_note import scan_note
from components.analytics.view_picker import class_editor
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.library.video_store import StoredVideo

WITHOUT_ROUTES = (
    "Videos cannot be played here, because `app.py` was started as a script, without its own routes. The chart and the "
    "analyzed frames are shown instead."
)


def chart_and_frame(
    deployment: Deployment, view: View, video: StoredVideo | None, colors: Mapping[str, str]
) -> tuple[Picked, int]:
    """Draw both; returns what the user has picked in the chart, and the current entry."""
    st.caption(WITHOUT_ROUTES)
    charts, viewer = st.columns([3, 2], gap="medium")
    with charts:
        if video is not None:
            scan_note(deployment.library, video)
        picked = overview(view, colors, entry_in_view(view), corrected(deployment, view, video))
        class_editor(view.table.classes)
    with viewer:
        entry = frame_stepper(view)
        frame_viewer(view, video, entry, colors)
    return picked, entry
