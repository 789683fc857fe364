"""What takes a look at every box of the view, kept for as long as the view stays the same."""

from __future__ import annotations

import streamlit as st

from frametally.analysis.counts import Totals
from frametally.analysis.moments import Extremes, extremes
from frametally.analysis.summary import totals_of
from frametally.analysis.view import View
from frametally.results import Results


def cached_totals(view: View, job_id: str) -> list[Totals]:
    """What `totals_of` says of results of this job, which never change."""
    return _totals(view.results, job_id, view.model, view.confidence, view.classes, view.window_s)


def cached_extremes(view: View, job_id: str) -> list[Extremes]:
    """What `extremes` says, likewise."""
    return _extremes(view.results, job_id, view.model, view.confidence, view.classes, view.window_s)


@st.cache_data(show_spinner=False, max_entries=100)
def _totals(_results: Results, job_id: str, *what: object) -> list[Totals]:  # noqa: ARG001
    return totals_of(View(_results, *what))  # type: ignore[arg-type]


@st.cache_data(show_spinner=False, max_entries=100)
def _extremes(_results: Results, job_id: str, *what: object) -> list[Extremes]:  # noqa: ARG001
    return extremes(View(_results, *what))  # type: ignore[arg-type]
