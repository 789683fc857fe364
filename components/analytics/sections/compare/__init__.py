"""Comparison of two models on one video: a chart with the differences, the frame with both, one table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from components.analytics.audit.book import nearer_model
from components.analytics.charts.chart_click import Click
from components.analytics.sections.compare.both_frames import both_frames
from components.analytics.sections.compare.checked_frames import checked_frames
from components.analytics.sections.compare.compared import compared, counts_of_models, other_models, picked_model
from components.analytics.sections.compare.comparison_chart import comparison_chart
from components.analytics.sections.compare.comparison_table import comparison_table
from components.analytics.view_picker import go_to
from components.formatting import format_time, plural
from components.session import serves_routes
from frametally.analysis.comparison import DEFINITIONS, Comparison, CountsOfBoth, rank_seconds, worst_entry
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.library.video_store import StoredVideo

_DIFFERENCE, _BOTH = "Difference", "Both models"
_ALL = "All classes"


def compare_panel(
    deployment: Deployment, view: View, video: StoredVideo | None, colors: Mapping[str, str], entry: int
) -> None:
    """Draw the comparison with another model; a click on the chart goes to the worst frame of its point."""
    if not other_models(view):
        st.caption(
            "These results have only one model with boxes. To compare two, choose them both when the video is run: "
            "on *Upload*, or on *Jobs* with *Re-run with other models…* in the menu of the row."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = picked_model(view)
        way = st.segmented_control("Chart", [_DIFFERENCE, _BOTH], default=_DIFFERENCE, required=True, key="compare_way")
        found = compared(view, other)
        shown = st.selectbox("Class", [_ALL, *found.classes], key="compare_class", width=200)
    _summary(found)
    checked_frames(view, nearer_model(deployment, view, other, video))
    if not found.compared.any():
        st.info("No frame was analyzed by both models.", icon=":material/info:")
    else:
        of_both = deployment.class_colors.of(found.classes) | dict(colors)
        _chart(view, found, shown, way == _DIFFERENCE, of_both, entry)
        if video is not None and serves_routes():
            both_frames(deployment, view, other, video, entry)
    comparison_table(view, found)


def _summary(found: Comparison) -> None:
    share = "" if found.agreement is None else f"**{found.agreement:.0%} agreement** · "
    skipped = int((~found.compared).sum())
    left_out = f", {skipped:,} skipped because not both models analyzed them" if skipped else ""
    st.markdown(f"{share}{plural(int(found.compared.sum()), 'frame')} compared{left_out}")


def _chart(
    view: View, found: Comparison, shown: str, is_difference: bool, colors: Mapping[str, str], entry: int
) -> None:
    ranked = rank_seconds(found)
    if not ranked:
        st.success("The models agree in every frame that both analyzed.", icon=":material/check_circle:")
    counts = counts_of_models(view, found.model_b)
    column = None if shown == _ALL else found.classes.index(shown)
    time_s = float(view.results.time_s[entry])
    models = (found.model_a, found.model_b)
    gesture = comparison_chart(view, counts, models, column, colors, time_s, is_difference=is_difference)
    if ranked and st.button(
        f"Most disagreement: {format_time(float(ranked[0].second))}",
        icon=":material/compare_arrows:",
        key="worst_second",
        help=DEFINITIONS["Disagreement"],
    ):
        go_to(entry=ranked[0].worst_entry, scrolls=False)
    target = None if gesture.click is None else _worst_at(found, counts, gesture.click)
    go_to(entry=target, time_range_s=gesture.time_range_s, scrolls=False)


def _worst_at(found: Comparison, counts: CountsOfBoth, click: Click) -> int | None:
    """The frame with the most disagreement in the point of the chart that was clicked."""
    point = max(int(np.searchsorted(counts.time_s, click.time_s, side="right")) - 1, 0)
    last = found.start + len(found.compared)
    stop = int(counts.starts[point + 1]) if point + 1 < len(counts.starts) else last
    return worst_entry(found, int(counts.starts[point]), stop)
