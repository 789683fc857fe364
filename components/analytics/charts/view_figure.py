"""The chart of a view that is the timeline of the player, by the kind of its results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.analytics.charts.counts_chart import counts_figure
from components.analytics.charts.series_chart import series_figure
from frametally.analysis.counts import count, damaged_ranges, gaps, sensitivity_band
from frametally.analysis.series import Series, series_of, similarity_series
from frametally.analysis.similarity import scene_changes
from frametally.analysis.view import View
from frametally.results import Kind

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_CURVES = 8
MAX_CHANGES = 100
"""Scene changes that are drawn."""


def view_figure(view: View, whole: View, colors: Mapping[str, str], entry: int, *, with_band: bool) -> Figure:
    """The figure, without a mark of the current frame.

    Args:
        view: what is shown.
        whole: the same with all classes, which the browser hides and shows by itself.
        colors: hex color by class.
        entry: the current entry, with which embeddings are compared.
        with_band: whether the counts have a band of a higher and a lower threshold.
    """
    if view.table.kind.has_boxes:
        counts = count(whole)
        band = sensitivity_band(whole) if with_band else None
        return counts_figure(counts, band, colors, gaps(whole, counts.starts), None, damaged_ranges(whole))
    series = _series(view, entry)
    marks_s = scene_change_times(view)[:MAX_CHANGES] if view.table.kind is Kind.CLIP else []
    return series_figure(series, colors, gaps(view, series.starts), None, marks_s, damaged_ranges(view), whole.names)


def scene_change_times(view: View) -> list[float]:
    """Times of the scene changes in the time range, in seconds after the first frame."""
    entries = scene_changes(view.results, view.model).entries.tolist()
    return [float(view.results.time_s[at]) for at in entries if at in view.entries]


def _series(view: View, entry: int) -> Series:
    if view.table.kind is Kind.CLIP:
        return similarity_series(view, entry)
    return series_of(view)[0].strongest(MAX_CURVES)
