"""Which frame is in view, and the ways to step to another: by frame, by class, by peak, by disagreement."""

from __future__ import annotations

import numpy as np
import streamlit as st

from components.analytics.cached_counts import cached_extremes
from components.analytics.comparison_panel import disagreements
from components.analytics.view_picker import FRAME_KEY
from frametally.analysis.counts import count
from frametally.analysis.moments import (
    Moment,
    class_moments,
    next_moment,
    next_with_detections,
    previous_moment,
    representative_entry,
)
from frametally.analysis.view import View

_FRAME, _ANY, _PEAKS, _DISAGREEMENT = (
    "frame",
    "any detection",
    "peak, first and last seen",
    "disagreement of the models",
)


def entry_in_view(view: View) -> int:
    """The entry that the viewer shows; at first the busiest one, as far as the chart knows."""
    if st.session_state.get(FRAME_KEY, st.query_params.get(FRAME_KEY)) is None:
        st.session_state[FRAME_KEY] = _busiest(view)
    asked = st.session_state.get(FRAME_KEY, st.query_params.get(FRAME_KEY, "0"))
    entry = int(asked) if str(asked).isdecimal() else 0
    return min(entry, len(view.results.time_s) - 1)


def frame_stepper(view: View) -> int:
    """Slider and buttons over the entries; returns the one in view, which the address bar names."""
    last = len(view.results.time_s) - 1
    if last < 1:
        return 0
    entry_in_view(view)
    entry = st.slider(
        "Analyzed frame",
        0,
        last,
        key=FRAME_KEY,
        bind="query-params",
        help="The entries of the results, in the order of the video.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.selectbox("Step by", _ways(view), key="step_by", width=170)
        back, forth = _neighbors(view, way, entry)
        for name, icon, target in (("Previous", "chevron_left", back), ("Next", "chevron_right", forth)):
            st.button(
                name,
                icon=f":material/{icon}:",
                disabled=target is None,
                key=f"step_{icon}",
                on_click=_step_to,
                args=(target,),
            )
    return entry


def _step_to(entry: int) -> None:
    st.session_state[FRAME_KEY] = entry


def _ways(view: View) -> list[str]:
    if not view.table.kind.has_boxes:
        return [_FRAME]
    several = sum(table.kind.has_boxes for table in view.results.models.values()) > 1
    return [_FRAME, _ANY, *view.names, _PEAKS, *([_DISAGREEMENT] if several else [])]


def _neighbors(view: View, way: str, entry: int) -> tuple[int | None, int | None]:
    if way == _FRAME:
        return (entry - 1 if entry else None), (entry + 1 if entry < len(view.results.time_s) - 1 else None)
    if way in (_PEAKS, _DISAGREEMENT):
        moments = class_moments(cached_extremes(view)) if way == _PEAKS else disagreements(view)
        return _entry_of(previous_moment(moments, entry)), _entry_of(next_moment(moments, entry))
    class_name = None if way == _ANY else way
    return next_with_detections(view, entry, class_name, step=-1), next_with_detections(view, entry, class_name)


def _entry_of(moment: Moment | None) -> int | None:
    return moment.entry if moment else None


def _busiest(view: View) -> int:
    """The fullest entry of the highest point; of results without boxes the first one that was analyzed."""
    if not view.table.kind.has_boxes or not len(view.entries):
        return representative_entry(view, np.array([view.entries.start]), view.entries.start)
    counts = count(view)
    highest = np.argmax(np.where(counts.analyzed > 0, counts.values.sum(axis=1), -1))
    return representative_entry(view, counts.starts, int(counts.starts[highest]))
