"""The tab of lines and zones: drawn on the player's picture, and counted after the run.

The browser asks our route for the counts, so that a line that is moved costs the script nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import streamlit as st

from components.access import is_allowed
from components.analytics.regions.assets import REGIONS, SCRIPT_FILE, STYLE_FILE
from components.analytics.regions.moment_files import moment_file
from components.analytics.regions.other_jobs import choose_jobs, compared_jobs, other_jobs
from components.analytics.regions.saved_sets import KEY, act, current_camera, drawn, keep_drawn, saved_sets
from components.analytics.view_address import filter_query, view_url
from components.errors import show_errors
from components.player.assets import PLOTLY, PLOTLY_FILE
from frametally.access.permissions import Action
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.library.video_store import StoredVideo

_HERE: Final = Path(__file__).parent
_FAILURE: Final = "regions_failure"
_component = st.components.v2.component(
    "frametally.regions",
    html=(_HERE / "regions.html").read_text(),
    css=(_HERE / "regions.css").read_text(),
    js=(_HERE.parent / "tab_loader.js").read_text(),
)


@st.fragment
@show_errors()
def regions(deployment: Deployment, view: View, video: StoredVideo | None) -> None:
    """Draw the tab."""
    if video is None:
        st.info("No copy of this video was kept, so there is no picture to draw on.", icon=":material/info:")
        return
    job_id = view.results.folder.name
    camera = current_camera(deployment, job_id)
    offered = other_jobs(deployment, view, camera)
    data = {
        "script": f".{REGIONS.url(SCRIPT_FILE)}",
        "style": f".{REGIONS.url(STYLE_FILE)}",
        "plotly": f".{PLOTLY.url(PLOTLY_FILE)}",
        "job": job_id,
        "name": Path(video.file_name).stem,
        "url": view_url(deployment, view, video),
        "query": filter_query(view),
        "sets": saved_sets(deployment),
        "camera": camera,
        "drawn": drawn(job_id, camera),
        "jobs": offered,
        "compared": compared_jobs(deployment, view, offered),
        "can_save": is_allowed(Action.EDIT_REGIONS),
        "failure": st.session_state.pop(_FAILURE, ""),
    }

    def on_act() -> None:
        st.session_state[_FAILURE] = act(deployment, view, video)

    def on_compare() -> None:
        sent: Any = st.session_state.get(KEY) or {}
        choose_jobs(str(sent.get("compare")).split())

    sent: Any = _component(
        key=KEY,
        data=data,
        on_act_change=on_act,
        on_drawn_change=lambda: keep_drawn(job_id, camera),
        on_file_change=lambda: None,
        on_compare_change=on_compare,
    )
    if sent.file:
        moment_file(deployment, view, video, str(sent.file))
