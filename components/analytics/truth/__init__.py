"""The tab of labels: a file with what the video really shows is compared with the view.

The browser sends the file to our route and asks it for the comparison, so that nothing of it runs the script.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import streamlit as st

from components.access import current_person
from components.analytics.truth.assets import SCRIPT_FILE, TRUTH
from components.analytics.view_address import filter_query, view_url
from components.errors import show_errors
from components.player.assets import PLOTLY, PLOTLY_FILE
from frametally.access.permissions import Action, advice, may
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.evaluation.files.kept import kept_file
from frametally.library.video_store import StoredVideo

_HERE: Final = Path(__file__).parent
_MAX_OTHERS: Final = 20
"""Jobs of the video that are asked for labels."""
_component = st.components.v2.component(
    "frametally.truth",
    html=(_HERE / "truth.html").read_text(),
    css=(_HERE / "truth.css").read_text(),
    js=(_HERE.parent / "tab_loader.js").read_text(),
)


@st.fragment
@show_errors()
def truth(deployment: Deployment, view: View, video: StoredVideo | None, colors: Mapping[str, str]) -> None:
    """Draw the tab."""
    person = current_person()
    is_allowed = may(person, Action.SET_TRUTH)
    _component(
        key="truth",
        data={
            "script": f".{TRUTH.url(SCRIPT_FILE)}",
            "plotly": f".{PLOTLY.url(PLOTLY_FILE)}",
            "url": view_url(deployment, view, video),
            "query": filter_query(view),
            "size": video.info.displayed_wh if video else None,
            "confidence": view.confidence,
            "model": view.model,
            "colors": {name: colors[name] for name in view.names},
            "others": _others(deployment, view, video) if is_allowed else [],
            "can_set": is_allowed,
            "advice": "" if is_allowed else f"You cannot choose labels. {advice(person, Action.SET_TRUTH)}",
        },
    )


def _others(deployment: Deployment, view: View, video: StoredVideo | None) -> list[dict[str, str]]:
    """Other jobs of the video that have labels, one for each file."""
    if video is None:
        return []
    jobs = deployment.ledger.jobs(video_sha256=video.sha256, limit=_MAX_OTHERS)
    found: dict[str, dict[str, str]] = {}
    for job in jobs:
        file = None if job.id == view.results.folder.name else kept_file(deployment.settings.results_dir / job.id)
        if file is not None and file.video_sha256 == video.sha256:
            found.setdefault(f"{file.name} {file.kept_at}", {"job": job.id, "name": file.name})
    return [*found.values()]
