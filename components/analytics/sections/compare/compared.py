"""The two models that are compared, and what was found, cached while the view stays the same."""

from __future__ import annotations

import streamlit as st

from components.analytics.cached_counts import VIEW_HASH
from frametally.analysis.comparison import Comparison, CountsOfBoth, compare, counts_of_both
from frametally.analysis.moments import Moment, disagreement_moments
from frametally.analysis.view import View

_OTHER = "compare_with"


def other_models(view: View) -> list[str]:
    """The models that the view can be compared with."""
    models = view.results.models
    return [name for name in models if name != view.model and models[name].kind.has_boxes and view.table.kind.has_boxes]


def picked_model(view: View) -> str:
    """Draw the choice of the other model, if there are several; returns it."""
    return str(st.selectbox("Compare with", other_models(view), key=_OTHER, bind="query-params", width=240))


def picked_other(view: View) -> str | None:
    """The model that was picked last, in this session or by the link; None if there is no other one."""
    others = other_models(view)
    wanted = st.session_state.get(_OTHER) or st.query_params.get(_OTHER)
    return wanted if wanted in others else next(iter(others), None)


def disagreements(view: View) -> list[Moment]:
    """The frames in which the two models disagree most, in video order."""
    other = picked_other(view)
    return [] if other is None else disagreement_moments(compared(view, other))


@st.cache_data(show_spinner="Comparing the models", max_entries=20, hash_funcs=VIEW_HASH)
def compared(view: View, other_model: str) -> Comparison:
    """`compare`, cached."""
    return compare(view, other_model)


@st.cache_data(show_spinner=False, max_entries=20, hash_funcs=VIEW_HASH)
def counts_of_models(view: View, other_model: str) -> CountsOfBoth:
    """`counts_of_both`, cached."""
    return counts_of_both(view, other_model)
