"""The tabs below the charts; only the open one is computed."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from components.analytics.comparison_panel import comparison_panel
from components.analytics.exports_panel import exports_panel
from components.analytics.gallery import gallery
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.job import Job
from frametally.library.video_store import StoredVideo

_MOMENTS, _COMPARE, _EXPORTS = "Moments", "Compare models", "Export"


def tabs(
    deployment: Deployment, job: Job, view: View | None, video: StoredVideo | None, colors: Mapping[str, str]
) -> int | None:
    """Draw the open tab; returns the entry that the user wants to see in the viewer."""
    st.divider()
    ways = [_MOMENTS, _COMPARE, _EXPORTS] if view else [_EXPORTS]
    way = st.segmented_control("Section", ways, key="section", bind="query-params", label_visibility="collapsed")
    if view and way == _MOMENTS:
        return gallery(view, video)
    if view and way == _COMPARE:
        return comparison_panel(view)
    if way == _EXPORTS or not view:
        exports_panel(deployment, job, view, video, colors)
    return None
