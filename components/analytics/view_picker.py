"""Choose a view of the results: model, classes, minimum confidence, time range.

The page's address contains the view, in the query parameters of `ViewSpec`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.formatting import escape_markdown
from components.session import serves_routes
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import TimeRange, View
from frametally.analysis.view_spec import DEFAULT_CONFIDENCE, QUERY_NAMES, ViewSpec
from frametally.errors import ViewError
from frametally.results import Results

FRAME_KEY = "frame"
COMMAND_KEY = "player_command"
"""Counts the commands of the page to the player."""
_TIME_RANGE_KEY = "window"
_MERGE_KEY = "merge"
_CLASSES_KEY = "classes"
_NEXT_VIEW = "next_view"
"""Values for keys of widgets, to be set in the next run, before the widgets are drawn."""


def reset_view() -> None:
    """Reset the view, for another job. Streamlit removes a bound query parameter only when its widget is set."""
    _reset_classes()
    if serves_routes():
        set_link(frame=None, window=None, start=None)
    st.session_state[_TIME_RANGE_KEY] = (0.0, math.inf)
    st.session_state[FRAME_KEY] = None


def view_picker(results: Results, model_box: DeltaGenerator) -> View | None:
    """Draw the widgets; returns the chosen view, None if the results contain nothing that can be charted.

    `model_box` receives the choice of the model; with the player, which has the other widgets, it is the only one.
    """
    st.session_state.update(st.session_state.pop(_NEXT_VIEW, {}))
    _warn_of_invalid_link()
    if results.unknown_keys:
        unread = ", ".join(escape_markdown(name) for name in results.unknown_keys)
        st.info(f"{unread}: results of this type cannot be charted, only downloaded.", icon=":material/data_object:")
    if results.notes:
        with st.expander(f"Notes on these results ({len(results.notes)})", icon=":material/info:"):
            st.markdown("\n".join(f"- {escape_markdown(note)}" for note in results.notes))
    if not results.models or not len(results.time_s):
        st.info("These results contain no frames that can be charted.", icon=":material/info:")
        return None
    model = _model_picker(model_box, results)
    if serves_routes():
        return _linked_view(results, model)
    class_box, threshold_box = st.columns([2, 1])
    mapping = _class_mapping()
    names = mapping.names(results.models[model].classes)
    with class_box:
        shown = st.multiselect(
            "Classes",
            names,
            key=_CLASSES_KEY,
            bind="query-params",
            placeholder="All classes",
            disabled=not names,
        )
    confidence = threshold_box.slider(
        "Min. confidence", 0.0, 1.0, DEFAULT_CONFIDENCE, 0.01, key="confidence", bind="query-params"
    )
    return ViewSpec(
        job_ids=(results.folder.name,),
        model=model,
        renames=mapping.renames,
        shown=tuple(shown) or None,
        confidence=confidence,
        time_range_s=_time_range_picker(results),
    ).open(results)


def _model_picker(box: DeltaGenerator, results: Results) -> str:
    return str(
        box.selectbox(
            "Model",
            list(results.models),
            key="model",
            bind="query-params",
            on_change=_reset_classes,
            label_visibility="collapsed",
        )
    )


def _linked_view(results: Results, model: str) -> View:
    """The view in the page's address, which the player changes; defaults in place of invalid values."""
    mapping = _class_mapping()
    names = mapping.names(results.models[model].classes)
    try:
        spec = ViewSpec.from_query({name: st.query_params.get_all(name) for name in QUERY_NAMES})
    except ViewError:
        spec = ViewSpec(job_ids=(results.folder.name,))
    shown = tuple(name for name in names if name in (spec.shown or ()))
    return ViewSpec(
        job_ids=(results.folder.name,),
        model=model,
        renames=mapping.renames,
        shown=shown or None,
        confidence=spec.confidence,
        time_range_s=_inside(spec.time_range_s, _end_s(results)),
    ).open(results)


def _inside(time_range_s: TimeRange | None, end_s: float) -> TimeRange | None:
    """The part of the time range that is in the video; None if that is all of it."""
    if time_range_s is None:
        return None
    first_s, last_s = (min(max(edge_s, 0.0), end_s) for edge_s in time_range_s)
    return None if (first_s, last_s) == (0.0, end_s) else (first_s, last_s)


def set_link(**values: str | list[str] | None) -> None:
    """Change these query parameters of the page; None removes one."""
    for name in [name for name, value in values.items() if value is None and name in st.query_params]:
        del st.query_params[name]
    given = {name: value for name, value in values.items() if value is not None}
    if any(
        st.query_params.get_all(name) != ([value] if isinstance(value, str) else value) for name, value in given.items()
    ):
        st.query_params.update(given)


def class_editor(classes: Sequence[str]) -> None:
    """Draw a button that opens a table to rename and merge classes in the view."""
    editor = st.popover("Rename classes", icon=":material/merge:", key="rename", on_change="rerun")
    if not editor.open:
        return
    with editor:
        st.caption("Give two classes the same name to merge them. Changes this view and its exports, not the results.")
        current = _class_mapping()
        rows = [{"Class": name, "Display as": current.name_of(name)} for name in classes]
        edited = st.data_editor(rows, hide_index=True, disabled=["Class"], key=f"editor-{current.format()}")
        wanted = mapping_of(edited)
        left, right = st.columns(2)
        if left.button("Apply", icon=":material/check:", disabled=wanted == current, width="stretch"):
            _merge(wanted.format())
        if right.button("Reset", icon=":material/undo:", disabled=not current.renames, width="stretch"):
            _merge("")


def mapping_of(rows: Iterable[Mapping[str, str | None]]) -> ClassMapping:
    """The class mapping of an edited table; a class with an empty name keeps its own."""
    display = {str(row["Class"]): (row["Display as"] or "").strip() for row in rows}
    return ClassMapping(tuple((name, other) for name, other in display.items() if other and other != name))


def go_to(*, entry: int | None = None, time_range_s: TimeRange | None = None, scrolls: bool = True) -> None:
    """Rerun the page with this frame or time range, if given; widgets cannot be changed after they are drawn.

    `scrolls`: whether the player is brought into view.
    """
    if serves_routes():
        given: dict[str, str | list[str]] = {} if entry is None else {FRAME_KEY: str(entry)}
        if time_range_s is not None:
            given[_TIME_RANGE_KEY] = [f"{edge_s:.2f}" for edge_s in in_hundredths(*time_range_s)]
        if given:
            if scrolls:
                st.session_state[COMMAND_KEY] = st.session_state.get(COMMAND_KEY, 0) + 1
            set_link(**given)
            st.rerun()
        return
    following: dict[str, object] = {}
    if entry is not None:
        following[FRAME_KEY] = entry
    if time_range_s is not None:
        following[_TIME_RANGE_KEY] = in_hundredths(*time_range_s)
    if following:
        st.session_state[_NEXT_VIEW] = following
        st.rerun()


def _warn_of_invalid_link() -> None:
    """The widgets use their defaults for values that they cannot read; this warns the user."""
    try:
        ViewSpec.from_query({name: st.query_params.get_all(name) for name in QUERY_NAMES})
    except ViewError as error:
        st.warning(f"{escape_markdown(str(error))} The default is used instead.", icon=":material/link_off:")


def _class_mapping() -> ClassMapping:
    return ClassMapping.parse(st.session_state.get(_MERGE_KEY, "") or st.query_params.get(_MERGE_KEY, ""))


def in_hundredths(first_s: float, last_s: float) -> TimeRange:
    """The time range in steps of 0.01 s; a short one is widened to keep the frames in it."""
    nearest = round(first_s, 2), round(last_s, 2)
    return nearest if nearest[0] < nearest[1] else (math.floor(first_s * 100) / 100, math.ceil(last_s * 100) / 100)


def _time_range_picker(results: Results) -> TimeRange | None:
    end_s = _end_s(results)
    if end_s <= 0:
        return None
    if _TIME_RANGE_KEY in st.session_state:  # a selection can reach beyond the ends of the chart
        st.session_state[_TIME_RANGE_KEY] = tuple(
            min(max(edge_s, 0.0), end_s) for edge_s in st.session_state[_TIME_RANGE_KEY]
        )
    first_s, last_s = st.slider(
        "Time range",
        0.0,
        end_s,
        (0.0, end_s),
        0.01,
        format="%.2f s",
        key=_TIME_RANGE_KEY,
        bind="query-params",
        help="Seconds after the first frame. You can also drag over the chart with its box tool.",
    )
    if (first_s, last_s) == (0.0, end_s):
        return None
    if st.button("Whole video", icon=":material/zoom_out_map:", key="whole_video"):
        go_to(time_range_s=(0.0, end_s))
    return first_s, last_s


def _end_s(results: Results) -> float:
    """The time of the last entry, rounded up to hundredths."""
    return float(np.ceil(results.time_s[-1] * 100) / 100)


def _merge(text: str) -> None:
    st.session_state[_MERGE_KEY] = text
    st.query_params[_MERGE_KEY] = text
    if serves_routes():
        set_link(classes=None)
    st.session_state[_NEXT_VIEW] = {_CLASSES_KEY: []}
    st.rerun()


def _reset_classes() -> None:
    st.session_state[_CLASSES_KEY] = []
    st.session_state.pop(_MERGE_KEY, None)
    st.query_params.pop(_MERGE_KEY, None)
    if serves_routes():
        set_link(classes=None)
