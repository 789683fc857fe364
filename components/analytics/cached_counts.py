"""Counts, totals and extremes of a view, which may read all of its boxes, cached while the view stays the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from frametally.analysis.counts import Counts, count
from frametally.analysis.moments import Extremes, extremes
from frametally.analysis.totals import Totals, totals
from frametally.analysis.view import View

VIEW_HASH: Final[dict[str | type[Any], Callable[[Any], Any]]] = {View: lambda view: view.key}
"""How Streamlit's caches identify a view; results never change, so their folder is enough."""


@st.cache_data(show_spinner=False, max_entries=100, hash_funcs=VIEW_HASH)
def cached_counts(view: View) -> Counts:
    """`count`, cached."""
    return count(view)


@st.cache_data(show_spinner=False, max_entries=100, hash_funcs=VIEW_HASH)
def cached_totals(view: View) -> list[Totals]:
    """`totals`, cached."""
    return totals(view)


@st.cache_data(show_spinner=False, max_entries=100, hash_funcs=VIEW_HASH)
def cached_extremes(view: View) -> list[Extremes]:
    """`extremes`, cached."""
    return extremes(view)
