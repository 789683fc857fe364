"""The tracks of objects, computed once for all sessions."""

from __future__ import annotations

import streamlit as st

from frametally.rendering.regions.tracking_runs import TrackingRuns


@st.cache_resource(show_spinner=False, on_release=lambda runs: runs.close())
def tracking_runs() -> TrackingRuns:
    """The one of this deployment, which routes and pages share."""
    return TrackingRuns()
