"""Charts of a view, by the kind of its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from components.analytics.charts.chart_click import nearest_entry
from components.analytics.charts.corrected import Corrected
from components.analytics.charts.counts_chart import counts_chart
from components.analytics.charts.series_chart import series_chart
from components.analytics.charts.time_chart import Gesture
from components.analytics.charts.view_figure import MAX_CHANGES, MAX_CURVES, scene_change_times
from components.formatting import plural
from frametally.analysis.counts import count, damaged_ranges, gaps, sensitivity_band
from frametally.analysis.series import series_of, similarity_series
from frametally.analysis.similarity import DEFINITIONS as SIMILARITY
from frametally.analysis.view import View
from frametally.results import Kind


@dataclass(frozen=True, kw_only=True)
class Picked:
    """What the user has just picked in a chart: a frame, a time range or nothing."""

    entry: int | None = None
    time_range_s: tuple[float, float] | None = None


def overview(view: View, colors: Mapping[str, str], entry: int, checked: Sequence[Corrected] = ()) -> Picked:
    """Draw the charts of a view, with counts that are corrected by `checked` frames; returns what is picked."""
    # The time range is part of the key, so that the selection that changed it is not kept.
    key = f"{view.results.folder.name}-{view.model}-{view.time_range_s}"
    if view.table.kind is Kind.CLIP:
        return _similarity(view, entry, key)
    if not view.table.kind.has_boxes:
        return _scores(view, colors, entry, key)
    picked = _counts(view, colors, entry, key, checked)
    if view.table.kind is Kind.GAZE and view.names:
        return _curves(view, colors, entry, key) or picked
    return picked


def band_switch() -> bool:
    """Draw the switch of the band around each line; returns whether it is on."""
    return st.toggle(
        "Show sensitivity (±0.1)",
        key="band",
        bind="query-params",
        help="How much the counts would change if the threshold were 0.1 higher or lower.",
    )


def summary(view: View, colors: Mapping[str, str], entry: int) -> Picked:
    """Draw what belongs below the player, whose timeline is the chart of the view: definitions and further curves."""
    key = f"{view.results.folder.name}-{view.model}-{view.time_range_s}"
    if not view.table.kind.has_boxes:
        if view.table.kind is Kind.CLIP:
            _scene_changes(len(scene_change_times(view)))
        else:
            st.caption(series_of(view)[0].definition)
        return Picked()
    if view.table.kind is Kind.GAZE and view.names:
        return _curves(view, colors, entry, key) or Picked()
    return Picked()


def _counts(view: View, colors: Mapping[str, str], entry: int, key: str, checked: Sequence[Corrected]) -> Picked:
    counts = count(view)
    with_band = band_switch()
    gesture = counts_chart(
        counts,
        sensitivity_band(view) if with_band else None,
        colors,
        gaps(view, counts.starts),
        time_s=float(view.results.time_s[entry]),
        damaged_s=damaged_ranges(view),
        key=f"{key}-counts",
        checked=checked,
    )
    return _picked(view, gesture)


def _scores(view: View, colors: Mapping[str, str], entry: int, key: str) -> Picked:
    return _curves(view, colors, entry, key) or Picked()


def _curves(view: View, colors: Mapping[str, str], entry: int, key: str) -> Picked | None:
    picked = None
    for series in series_of(view):
        if len(series.names) > MAX_CURVES:
            st.caption(f"The top {MAX_CURVES} of {len(series.names)} classes. Choose classes to see others.")
        gesture = series_chart(
            series.strongest(MAX_CURVES),
            colors,
            gaps(view, series.starts),
            time_s=float(view.results.time_s[entry]),
            damaged_s=damaged_ranges(view),
            key=f"{key}-{series.title}",
        )
        picked = _picked(view, gesture) if gesture != Gesture() else picked
    return picked


def _similarity(view: View, entry: int, key: str) -> Picked:
    if not view.table.analyzed[entry]:
        st.info("The current frame was not analyzed. Choose another one to compare with.", icon=":material/info:")
        return Picked()
    changes_s = scene_change_times(view)
    series = similarity_series(view, entry)
    gesture = series_chart(
        series,
        {},
        gaps(view, series.starts),
        time_s=float(view.results.time_s[entry]),
        damaged_s=damaged_ranges(view),
        key=f"{key}-similarity",
        marks_s=changes_s[:MAX_CHANGES],
    )
    _scene_changes(len(changes_s))
    return _picked(view, gesture)


def _scene_changes(count: int) -> None:
    shown = "" if count <= MAX_CHANGES else f", the first {MAX_CHANGES} shown"
    st.caption(f"{plural(count, 'scene change')} (orange lines{shown}): {SIMILARITY['Scene change']}.")


def _picked(view: View, gesture: Gesture) -> Picked:
    """A click picks the analyzed entry of the time range that is nearest in time."""
    if gesture.click is None:
        return Picked(time_range_s=gesture.time_range_s)
    first, stop = view.entries.start, view.entries.stop
    found = nearest_entry(gesture.click, view.results.time_s[first:stop], view.table.analyzed[first:stop])
    return Picked(entry=None if found is None else first + found)
