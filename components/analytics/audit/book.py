"""The audits of this deployment, and what they say about the view of a page."""

from __future__ import annotations

import streamlit as st

from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.library.video_store import StoredVideo
from frametally.rendering.audits.audits import Audits
from frametally.rendering.audits.report import Report
from frametally.rendering.playback.sources import Source
from frametally.video.frame_index import load_index


@st.cache_resource(show_spinner=False)
def audits() -> Audits:
    """The one of this deployment, which routes and pages share."""
    return Audits()


def audited(deployment: Deployment, view: View, video: StoredVideo | None) -> Report | None:
    """What checked frames say about the view; None if none were checked, or if it cannot be found out now."""
    if video is None:
        return None
    try:
        source = Source(view=view, video=video, index=load_index(video.path))
        found = audits().report(deployment.ledger, source, view)
    except FrametallyError:  # the numbers of the model stay
        return None
    return found if found and found.checked else None
