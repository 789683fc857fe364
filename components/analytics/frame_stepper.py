"""The current frame, and stepping to another: by frame, detection, class, peak or disagreement."""

from __future__ import annotations

import numpy as np
import streamlit as st

from components.analytics.cached_counts import cached_extremes
from components.analytics.sections.compare.compared import disagreements
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

_MAX_DIGITS = 12
_FRAME, _DETECTION, _PEAKS, _DISAGREEMENT = (
    "frame",
    "detection",
    "peak, first or last appearance",
    "model disagreement",
)


def entry_in_view(view: View) -> int:
    """The current entry; initially the one with the most detections, at the resolution of the chart."""
    if st.session_state.get(FRAME_KEY, st.query_params.get(FRAME_KEY)) is None:
        st.session_state[FRAME_KEY] = _busiest(view)
    stored = st.session_state.get(FRAME_KEY, st.query_params.get(FRAME_KEY, "0"))
    entry = int(stored) if str(stored).isdecimal() else 0
    return min(entry, len(view.results.time_s) - 1)


def entry_in_link(view: View) -> int:
    """The entry in the page's address; by default the one with the most detections, as in `entry_in_view`."""
    linked = st.query_params.get(FRAME_KEY, "")
    entry = int(linked) if linked.isdecimal() and len(linked) < _MAX_DIGITS else _busiest(view)
    return min(entry, len(view.results.time_s) - 1)


def frame_stepper(view: View) -> int:
    """Draw a slider and buttons over the entries; returns the current one, which is part of the page's address."""
    last = len(view.results.time_s) - 1
    if last < 1:
        return 0
    entry_in_view(view)
    entry = st.slider(
        "Frame",
        0,
        last,
        key=FRAME_KEY,
        bind="query-params",
        help="The frames selected for analysis, in video order.",
    )
    way = st.selectbox("Jump to next", _ways(view), key="step_by")
    with st.container(horizontal=True):
        back, forth = _neighbors(view, way, entry)
        for name, icon, target in (("Previous", "chevron_left", back), ("Next", "chevron_right", forth)):
            st.button(
                name,
                icon=f":material/{icon}:",
                disabled=target is None,
                key=f"step_{icon}",
                width="stretch",
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
    return [_FRAME, _DETECTION, *view.names, _PEAKS, *([_DISAGREEMENT] if several else [])]


def _neighbors(view: View, way: str, entry: int) -> tuple[int | None, int | None]:
    """The entries before and after this one to which the buttons lead."""
    if way == _FRAME:
        return (entry - 1 if entry else None), (entry + 1 if entry < len(view.results.time_s) - 1 else None)
    if way in (_PEAKS, _DISAGREEMENT):
        moments = class_moments(cached_extremes(view)) if way == _PEAKS else disagreements(view)
        return _entry_of(previous_moment(moments, entry)), _entry_of(next_moment(moments, entry))
    class_name = None if way == _DETECTION else way
    return next_with_detections(view, entry, class_name, step=-1), next_with_detections(view, entry, class_name)


def _entry_of(moment: Moment | None) -> int | None:
    return moment.entry if moment else None


def _busiest(view: View) -> int:
    """The entry with the most detections in the highest point of the chart; without boxes, the first analyzed entry."""
    if not view.table.kind.has_boxes or not len(view.entries):
        return representative_entry(view, np.array([view.entries.start]), view.entries.start)
    counts = count(view)
    highest = np.argmax(np.where(counts.analyzed > 0, counts.values.sum(axis=1), -1))
    return representative_entry(view, counts.starts, int(counts.starts[highest]))
