"""What of the results is looked at: model, classes, least confidence, window; all of it in the address."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import streamlit as st

from components.errors import escape_markdown
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.results import Results

FRAME_KEY = "frame"
WINDOW_KEY = "window"
_WANTED = "wanted_view"


def forget_view() -> None:
    """Start over, for another job. What a widget binds to the address leaves it only when it is set."""
    _forget_classes()
    st.session_state[WINDOW_KEY] = (0.0, math.inf)
    st.session_state[FRAME_KEY] = None


def view_picker(results: Results) -> View | None:
    """Let the person choose; None where the file holds nothing that can be charted. The address bar holds all of it."""
    _arrive()
    if results.unread:
        unread = ", ".join(escape_markdown(name) for name in results.unread)
        st.info(f"{unread}: kept as JSON, of a kind that is not charted.", icon=":material/data_object:")
    models = list(results.models)
    if not models or not len(results.time_s):
        st.info("These results hold no frame that can be charted.", icon=":material/info:")
        return None
    model_box, class_box, threshold_box = st.columns([1, 2, 1])
    model = model_box.selectbox("Model", models, key="model", bind="query-params", on_change=_forget_classes)
    known = results.models[model].classes
    merged = ClassMapping.parse(st.session_state.get("merge", "") or st.query_params.get("merge", ""))
    names = merged.names(known)
    with class_box:
        shown = st.multiselect(
            "Classes", names, key="classes", bind="query-params", placeholder="All classes", disabled=not names
        )
    confidence = threshold_box.slider(
        "Confidence at least", 0.0, 1.0, 0.25, 0.01, key="confidence", bind="query-params"
    )
    return View(
        results=results,
        model=model,
        confidence=confidence,
        classes=ClassMapping(merged.renames, tuple(shown) or None),
        time_range_s=_window(results),
    )


def class_editor(classes: Sequence[str]) -> None:
    """A table to rename classes for the view; those that get the same name are counted as one."""
    with st.expander("Rename or merge classes", icon=":material/merge:", key="rename", on_change="rerun") as editor:
        if not editor.open:
            return
        st.caption("For this view and its exports only; the results stay as they are. The same name twice merges.")
        current = ClassMapping.parse(st.session_state.get("merge", "") or st.query_params.get("merge", ""))
        rows = [{"Class": name, "Seen as": current.name_of(name)} for name in classes]
        edited = st.data_editor(rows, hide_index=True, disabled=["Class"], key=f"editor-{current.format()}")
        wanted = renamed(edited)
        left, right = st.columns(2)
        if left.button("Apply", icon=":material/check:", disabled=wanted == current, width="stretch"):
            _merge(wanted.format())
        if right.button("Undo all", icon=":material/undo:", disabled=not current.renames, width="stretch"):
            _merge("")


def go_to(*, entry: int | None = None, time_range_s: tuple[float, float] | None = None) -> None:
    """Run the page again with this frame in view, or this window; the widgets that hold them may be drawn already."""
    wanted: dict[str, object] = {}
    if entry is not None:
        wanted[FRAME_KEY] = entry
    if time_range_s is not None:
        wanted[WINDOW_KEY] = _on_the_slider(*time_range_s)
    if wanted:
        st.session_state[_WANTED] = wanted
        st.rerun()


def _on_the_slider(first_s: float, last_s: float) -> tuple[float, float]:
    """The window in hundredths of a second; a short one keeps the frames in it."""
    nearest = round(first_s, 2), round(last_s, 2)
    return nearest if nearest[0] < nearest[1] else (math.floor(first_s * 100) / 100, math.ceil(last_s * 100) / 100)


def _arrive() -> None:
    st.session_state.update(st.session_state.pop(_WANTED, {}))


def _window(results: Results) -> tuple[float, float] | None:
    end_s = float(np.ceil(results.time_s[-1] * 100) / 100)
    if end_s <= 0:
        return None
    if WINDOW_KEY in st.session_state:  # a box can be drawn beyond the ends of the chart
        st.session_state[WINDOW_KEY] = tuple(min(max(edge_s, 0.0), end_s) for edge_s in st.session_state[WINDOW_KEY])
    first_s, last_s = st.slider(
        "Window (seconds after the first frame)", 0.0, end_s, (0.0, end_s), 0.01, key=WINDOW_KEY, bind="query-params"
    )
    if (first_s, last_s) == (0.0, end_s):
        return None
    if st.button("Whole video", icon=":material/zoom_out_map:", key="whole_video"):
        go_to(time_range_s=(0.0, end_s))
    return first_s, last_s


def renamed(rows: Iterable[Mapping[str, str | None]]) -> ClassMapping:
    """What the edited table asks for; an empty name leaves a class its own."""
    seen_as = {str(row["Class"]): (row["Seen as"] or "").strip() for row in rows}
    return ClassMapping(tuple((name, other) for name, other in seen_as.items() if other and other != name))


def _merge(text: str) -> None:
    st.session_state["merge"] = text
    st.query_params["merge"] = text
    st.session_state[_WANTED] = {"classes": []}
    st.rerun()


def _forget_classes() -> None:
    st.session_state["classes"] = []
    st.session_state.pop("merge", None)
    st.query_params.pop("merge", None)
