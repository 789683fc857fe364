"""The tabs below the timeline; only the open one is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from components.analytics.audit import audit
from components.analytics.audit.book import audited
from components.analytics.charts.confidence_histogram import confidence_histogram
from components.analytics.regions import regions
from components.analytics.sections.compare import compare_panel
from components.analytics.sections.gallery import gallery
from components.analytics.sections.moments import moments
from components.analytics.sections.table import table
from components.analytics.truth import truth
from components.session import serves_routes
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.library.video_store import StoredVideo
from frametally.results import Kind

_KEY: Final = "section"
_MOMENTS, _REGIONS, _COMPARE, _AUDIT, _TRUTH = "Moments", "Lines & zones", "Compare", "Audit", "Ground truth"
_DISTRIBUTION, _TABLE = "Distribution", "Table"


def sections(
    deployment: Deployment, view: View, video: StoredVideo | None, colors: Mapping[str, str], entry: int
) -> int | None:
    """Draw the tabs; returns the entry that the user wants to see in the player. `entry`: the current one."""
    names = _names(view)
    default = _MOMENTS if serves_routes() or _TABLE not in names else _TABLE
    opened = st.tabs(names, default=default, key=_KEY, on_change="rerun", bind="query-params")
    chosen = None
    for name, tab in zip(names, opened, strict=True):
        if tab.open:
            with tab:
                chosen = _draw(name, deployment, view, video, colors, entry)
    return chosen


def open_comparison() -> None:
    """Open the comparison in the next run, or in this one if the tabs are not drawn yet."""
    st.session_state[_KEY] = _COMPARE


def _names(view: View) -> list[str]:
    if not view.table.kind.has_boxes:
        return [_MOMENTS] if view.table.kind is Kind.CLIP else [_MOMENTS, _TABLE]
    if not serves_routes():
        return [_MOMENTS, _COMPARE, _DISTRIBUTION, _TABLE]
    return [_MOMENTS, _REGIONS, _COMPARE, _AUDIT, _TRUTH, _DISTRIBUTION, _TABLE]


def _draw(
    name: str, deployment: Deployment, view: View, video: StoredVideo | None, colors: Mapping[str, str], entry: int
) -> int | None:
    if name == _MOMENTS:
        return moments(deployment, view, video) if serves_routes() else gallery(view, video)
    if name == _REGIONS:
        regions(deployment, view, video)
    elif name == _COMPARE:
        compare_panel(deployment, view, video, colors, entry)
    elif name == _AUDIT:
        audit(deployment, view, video, colors)
    elif name == _TRUTH:
        truth(deployment, view, video, colors)
    elif name == _DISTRIBUTION:
        confidence_histogram(view, colors, key=f"{view.results.folder.name}-{view.model}-distribution")
    else:
        table(view, audited(deployment, view, video) if view.table.kind.has_boxes else None)
    return None
