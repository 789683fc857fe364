"""Comparison of two models on one video: counts, matched boxes, and the seconds with the most disagreement."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from components.analytics.cached_counts import VIEW_HASH, cached_totals
from components.formatting import format_time, plural
from frametally.analysis.comparison import DEFINITIONS, Comparison, compare, rank_seconds
from frametally.analysis.moments import Moment, disagreement_moments
from frametally.analysis.totals import DEFINITIONS as METRICS
from frametally.analysis.totals import Totals
from frametally.analysis.view import View

_MAX_SECONDS = 20
_OTHER, _SECONDS, _SEEN = "compare_with", "disagreeing_seconds", "disagreeing_seen"


def comparison_panel(view: View) -> int | None:
    """Draw the comparison with another model; returns the entry that the user wants to see."""
    others = _others(view)
    if not others:
        st.caption("These results have only one model with boxes.")
        return None
    st.selectbox("Compare with", others, key=_OTHER, bind="query-params")
    found = _comparison(view)
    _counts_side_by_side(view, found)
    st.caption(
        f"{plural(int(found.compared.sum()), 'frame')} compared, {int((~found.compared).sum()):,} skipped because "
        f"not both models analyzed them. **Matched**: {DEFINITIONS['Matched']}."
    )
    if not found.compared.any():
        st.info("No frame was analyzed by both models.", icon=":material/info:")
        return None
    by_class, by_time = st.columns(2)
    with by_class:
        st.dataframe(_class_rows(found), hide_index=True)
    with by_time:
        return _ranked_seconds(found)


def disagreements(view: View) -> list[Moment]:
    """The frames in which the two models disagree most, in video order."""
    return disagreement_moments(_comparison(view)) if _others(view) else []


def _others(view: View) -> list[str]:
    models = view.results.models
    return [name for name in models if name != view.model and models[name].kind.has_boxes and view.table.kind.has_boxes]


def _comparison(view: View) -> Comparison:
    others = _others(view)
    other = st.session_state.get(_OTHER)
    chosen = other if other in others else others[0]
    return _compared(view, chosen)


def _counts_side_by_side(view: View, found: Comparison) -> None:
    """Mean and peak of each class for both models; empty for a model that analyzed no frame."""
    models = (found.model_a, found.model_b)
    rows = [{row.class_name: row for row in cached_totals(replace(view, model=model))} for model in models]
    absent = [_absent(replace(view, model=model)) for model in models]
    parts = {"Mean": "%.2f", "Peak": "%d"}
    of_each = [(of, part, model) for part in parts for of, model in enumerate(models)]
    st.dataframe(
        [
            {"Class": name}
            | {f"{part}: {model}": getattr(rows[of].get(name, absent[of]), part.lower()) for of, part, model in of_each}
            for name in found.classes
        ],
        hide_index=True,
        column_config={
            f"{part}: {model}": st.column_config.NumberColumn(format=parts[part], help=METRICS[part])
            for _, part, model in of_each
        },
    )
    meanings = "; ".join(f"**{part}**: {METRICS[part]}" for part in parts)
    st.caption(f"Each model over all frames that it analyzed. {meanings}.")


def _absent(view: View) -> Totals:
    """The totals of a class that only the other model has: 0, or None if no frame was analyzed."""
    zero = 0 if view.analyzed_entries else None
    return Totals("", zero, zero, zero, zero, None, None)


def _class_rows(found: Comparison) -> list[dict[str, object]]:
    return [
        {"Class": name, "Both": int(both), f"Only {found.model_a}": int(a), f"Only {found.model_b}": int(b)}
        for name, (both, a, b) in zip(found.classes, found.by_class, strict=True)
    ]


def _ranked_seconds(found: Comparison) -> int | None:
    seconds = rank_seconds(found)[:_MAX_SECONDS]
    if not seconds:
        st.success("The models agree in every frame that both analyzed.", icon=":material/check_circle:")
        return None
    event = st.dataframe(
        [
            {
                "Time": format_time(float(second.second)),
                "Disagreement": second.disagreement,
                "Frames": second.compared,
            }
            for second in seconds
        ],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=_SECONDS,
        column_config={"Disagreement": st.column_config.NumberColumn(format="%.2f", help=DEFINITIONS["Disagreement"])},
    )
    rows = event["selection"]["rows"]
    seen, st.session_state[_SEEN] = st.session_state.get(_SEEN), rows
    return seconds[rows[0]].worst_entry if rows and rows != seen else None


@st.cache_data(show_spinner="Comparing the models", max_entries=20, hash_funcs=VIEW_HASH)
def _compared(view: View, other_model: str) -> Comparison:
    return compare(view, other_model)
