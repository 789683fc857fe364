"""One menu of everything that can be exported: tables, frames for labeling, the original results, a video."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from components.analytics.exports.label_export import label_exports
from components.analytics.exports.table_export import table_exports
from components.analytics.exports.track_export import track_exports
from components.analytics.exports.video_export import video_export
from components.download_link import download_url
from components.errors import show_errors
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.job import Job
from frametally.library.video_store import StoredVideo
from frametally.results import find_original

_OPEN = "export_menu"
_SECTION, _EARLIER_LINK = "section", "Export"


@st.fragment
@show_errors()
def export_menu(
    deployment: Deployment, job: Job, view: View | None, video: StoredVideo | None, colors: Mapping[str, str]
) -> None:
    """Draw the menu; what it offers is looked up only while it is open."""
    if st.query_params.get(_SECTION) == _EARLIER_LINK:  # links of earlier versions open a tab of this name
        del st.query_params[_SECTION]
        st.session_state[_OPEN] = True
    with st.popover("Export", icon=":material/download:", key=_OPEN, on_change="rerun") as menu:
        if menu.open:
            with st.container(key="export_items"):
                _menu(deployment, job, view, video, colors)


def _menu(
    deployment: Deployment, job: Job, view: View | None, video: StoredVideo | None, colors: Mapping[str, str]
) -> None:
    name = Path(job.video_name).stem or "video"
    if view and view.table.kind.has_boxes:
        st.caption("Exports the current filters. Frames that were not analyzed are left blank.")
        table_exports(deployment, view, name)
        track_exports(deployment, view, video, name)
        if video is not None:
            label_exports(deployment, view, video, name)
    original = find_original(deployment.settings.results_dir / job.id)
    if original:
        url = download_url(deployment, original, f"{name}.results.json")
        st.link_button("Original results (JSON)", url, icon=":material/download:", width="stretch")
    if view is None:
        st.caption("These results contain nothing that can be drawn on the video.")
    elif video is None:
        st.caption("No copy of this video was kept, so it cannot be annotated.")
    else:
        video_export(deployment, job, view, video, colors)
