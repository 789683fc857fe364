"""The tab of audits: a sample of frames is checked by eye, and corrects the counts.

The browser asks our routes for frames and sends its answers there, so that no answer runs the script.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import streamlit as st

from components.access import current_person
from components.analytics.audit.assets import AUDIT, SCRIPT_FILE
from components.analytics.view_address import filter_query, view_url
from components.errors import show_errors
from frametally.access.permissions import Action, advice, may
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.library.video_store import StoredVideo

_HERE: Final = Path(__file__).parent
_component = st.components.v2.component(
    "frametally.audit",
    html=(_HERE / "audit.html").read_text(),
    css=(_HERE / "audit.css").read_text(),
    js=(_HERE.parent / "tab_loader.js").read_text(),
)


@st.fragment
@show_errors()
def audit(deployment: Deployment, view: View, video: StoredVideo | None, colors: Mapping[str, str]) -> None:
    """Draw the tab."""
    if video is None:
        st.info("No copy of this video was kept, so its frames cannot be checked.", icon=":material/info:")
        return
    if not view.names:
        st.info("The model found nothing in the whole video, so there is no class to check.", icon=":material/info:")
        return
    person = current_person()
    is_allowed = may(person, Action.CHECK_FRAME)
    width, height = video.info.displayed_wh
    shown = _component(
        key="audit",
        on_checked_change=lambda: None,
        data={
            "script": f".{AUDIT.url(SCRIPT_FILE)}",
            "url": view_url(deployment, view, video),
            "query": filter_query(view),
            "confidence": view.confidence,
            "job": view.results.folder.name,
            "model": view.model,
            "size": [width, height],
            "classes": [{"name": name, "color": colors[name]} for name in view.names],
            "can_check": is_allowed,
            "advice": "" if is_allowed else f"You cannot check frames. {advice(person, Action.CHECK_FRAME)}",
        },
    )
    if shown.checked:  # the frames are checked: chart and totals show the corrected numbers too
        st.rerun(scope="app")
