"""Charts and totals of a view, by the kind of its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from components.analytics.cached_counts import cached_totals
from components.analytics.charts.confidence_histogram import confidence_histogram
from components.analytics.charts.counts_chart import counts_chart
from components.analytics.charts.series_chart import series_chart
from components.analytics.charts.time_chart import Picked
from components.analytics.totals_table import frame_counts, totals_table
from components.formatting import plural
from frametally.analysis.counts import count, gaps, sensitivity_band
from frametally.analysis.moments import representative_entry
from frametally.analysis.series import series_of, similarity_series
from frametally.analysis.similarity import DEFINITIONS as SIMILARITY
from frametally.analysis.similarity import scene_changes
from frametally.analysis.view import View
from frametally.results import Kind

_MAX_CURVES = 8
_MAX_LINES = 100


def overview(view: View, colors: Mapping[str, str], entry: int) -> Picked:
    """Draw the charts and totals of a view; returns what the user has picked in a chart."""
    # The time range is part of the key, so that the selection that changed it is not kept.
    key = f"{view.results.folder.name}-{view.model}-{view.time_range_s}"
    if view.table.kind is Kind.CLIP:
        return _similarity(view, entry, key)
    if not view.table.kind.has_boxes:
        return _scores(view, colors, entry, key)
    picked = _counts(view, colors, entry, key)
    if view.table.kind is Kind.GAZE and view.names:
        return _curves(view, colors, entry, key) or picked
    return picked


def _counts(view: View, colors: Mapping[str, str], entry: int, key: str) -> Picked:
    counts = count(view)
    with_band = st.toggle(
        "Show sensitivity (±0.1)",
        key="band",
        bind="query-params",
        help="How much the counts would change if the threshold were 0.1 higher or lower.",
    )
    picked = counts_chart(
        counts,
        sensitivity_band(view) if with_band else None,
        colors,
        gaps(view, counts.starts),
        time_s=float(view.results.time_s[entry]),
        key=f"{key}-counts",
    )
    totals_table(view, cached_totals(view))
    # Drawn only while open: a chart costs the browser 0.1 s at every change of the threshold.
    with st.expander("Confidence distribution", key="sure", bind="query-params") as distribution:
        if distribution.open:
            confidence_histogram(view, colors, key=f"{key}-distribution")
    return _with_best_entry(view, counts.starts, picked, counts.classes)


def _scores(view: View, colors: Mapping[str, str], entry: int, key: str) -> Picked:
    picked = _curves(view, colors, entry, key) or Picked()
    st.caption(frame_counts(view))
    return picked


def _curves(view: View, colors: Mapping[str, str], entry: int, key: str) -> Picked | None:
    picked = None
    for series in series_of(view):
        if len(series.names) > _MAX_CURVES:
            st.caption(f"The top {_MAX_CURVES} of {len(series.names)} classes. Choose classes to see others.")
        found = series_chart(
            series.strongest(_MAX_CURVES),
            colors,
            gaps(view, series.starts),
            time_s=float(view.results.time_s[entry]),
            key=f"{key}-{series.title}",
        )
        picked = _with_best_entry(view, series.starts, found) if found != Picked() else picked
    return picked


def _similarity(view: View, entry: int, key: str) -> Picked:
    if not view.table.analyzed[entry]:
        st.info("The current frame was not analyzed. Choose another one to compare with.", icon=":material/info:")
        return Picked()
    changes = [at for at in scene_changes(view.results, view.model).entries.tolist() if at in view.entries]
    series = similarity_series(view, entry)
    picked = series_chart(
        series,
        {},
        gaps(view, series.starts),
        time_s=float(view.results.time_s[entry]),
        key=f"{key}-similarity",
        marks_s=[float(view.results.time_s[change]) for change in changes[:_MAX_LINES]],
    )
    shown = "" if len(changes) <= _MAX_LINES else f", the first {_MAX_LINES} shown"
    st.caption(f"{plural(len(changes), 'scene change')} (orange lines{shown}): {SIMILARITY['Scene change']}.")
    st.caption(frame_counts(view))
    return _with_best_entry(view, series.starts, picked)


def _with_best_entry(view: View, starts: npt.NDArray[np.int64], picked: Picked, classes: Sequence[str] = ()) -> Picked:
    """`picked`, with the first entry of the point replaced by its entry with the most detections."""
    if picked.entry is None:
        return picked
    class_name = None if picked.column is None else classes[picked.column]
    return replace(picked, entry=representative_entry(view, starts, picked.entry, class_name))
