"""Moments as cards: frames with their detections; a click shows the frame in the player.

The browser asks our route for the moments and their pictures, so that a change of the view costs the script nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import streamlit as st

from components.analytics.sections.compare.compared import picked_other
from components.analytics.view_address import filter_query, view_url
from frametally.analysis.moments import DEFINITIONS
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.library.video_store import StoredVideo

_HERE: Final = Path(__file__).parent
_KEY: Final = "moments"
_component = st.components.v2.component(
    "frametally.moments",
    html=(_HERE / "moments.html").read_text(),
    css=(_HERE / "moments.css").read_text(),
    js=(_HERE / "moments.js").read_text(),
)


def moments(deployment: Deployment, view: View, video: StoredVideo | None) -> int | None:
    """Draw the cards; returns the entry that the user wants to see in the player."""
    data = {
        "url": view_url(deployment, view, video),
        "query": filter_query(view),
        "other": picked_other(view),
        "has_pictures": video is not None,
        "kinds": _kinds(view),
        "interval_s": max(round(float(view.results.time_s[-1]) / 12), 1),
        "meanings": DEFINITIONS,
    }
    chosen: Any = _component(key=_KEY, data=data, on_moment_change=lambda: None).moment
    return chosen if isinstance(chosen, int) and 0 <= chosen < len(view.results.time_s) else None


def _kinds(view: View) -> list[str]:
    """Kinds of moments that the results can have, as the route names them."""
    if not view.table.kind.has_boxes:
        return ["interval"]
    several = sum(table.kind.has_boxes for table in view.results.models.values()) > 1
    return ["peak", *(["disagreement"] if several else []), "interval"]
