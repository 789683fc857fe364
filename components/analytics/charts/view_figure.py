"""The chart of a view that is the timeline of the player, by the kind of its results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from components.analytics.charts.counts_chart import counts_figure
from components.analytics.charts.series_chart import series_figure
from components.analytics.charts.time_chart import set_time_range
from components.analytics.charts.timeline_figure import add_options
from frametally.analysis.counts import count, damaged_ranges, gaps, sensitivity_band
from frametally.analysis.series import Series, series_of, similarity_series
from frametally.analysis.similarity import scene_changes
from frametally.analysis.timeline.points import bucket_sizes, offered_bucket, points_of
from frametally.analysis.timeline.rare_classes import rare_classes
from frametally.analysis.view import View
from frametally.results import Kind

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_CURVES = 8
MAX_CHANGES = 100
"""Scene changes that are drawn."""
_KINDS: Final[dict[Kind, tuple[str, ...]]] = {Kind.CLIP: ("lines",), Kind.MULTI_LABEL: ("lines", "heat")}
"""Kinds of charts where not all have a meaning: labels of a frame are no parts of a sum."""


class Recording(NamedTuple):
    """When a recording began."""

    start: datetime
    is_typed: bool
    """Whether by the user; otherwise it is in the metadata of the file."""


def view_figure(
    view: View,
    whole: View,
    colors: Mapping[str, str],
    entry: int,
    *,
    with_band: bool,
    bucket_s: float | None = None,
    recording: Recording | None = None,
) -> Figure:
    """The figure, without a mark of the current frame, and with the options of the timeline.

    Args:
        view: what is shown.
        whole: the same with all classes, which the browser hides and shows by itself.
        colors: hex color by class.
        entry: the current entry, with which embeddings are compared.
        with_band: whether the counts have a band of a higher and a lower threshold.
        bucket_s: the duration of a point.
        recording: if its start is known.
    """
    bucket_s = offered_bucket(whole, bucket_s)
    figure = _figure(view, whole, colors, entry, with_band=with_band, bucket_s=bucket_s)
    edges_s = points_of(whole, bucket_s=bucket_s).edges_s
    if bucket_s is not None:
        set_time_range(figure, float(edges_s[0]), float(edges_s[-1]))
    add_options(
        figure,
        edges_s,
        kinds=_KINDS.get(view.table.kind, ("lines", "stacked", "heat")),
        names=whole.names,
        bucket_s=bucket_s,
        buckets_s=bucket_sizes(whole),
        rare=rare_classes(whole),
        clock=recording,
    )
    return figure


def _figure(
    view: View, whole: View, colors: Mapping[str, str], entry: int, *, with_band: bool, bucket_s: float | None
) -> Figure:
    if view.table.kind.has_boxes:
        counts = count(whole, bucket_s=bucket_s)
        band = sensitivity_band(whole, bucket_s=bucket_s) if with_band else None
        missing_s = gaps(whole, counts.starts, counts.stops)
        return counts_figure(counts, band, colors, missing_s, None, damaged_ranges(whole), with_strip=False)
    series = _series(view, entry, bucket_s)
    marks_s = scene_change_times(view)[:MAX_CHANGES] if view.table.kind is Kind.CLIP else []
    missing_s = gaps(view, series.starts, points_of(view, bucket_s=bucket_s).stops)
    return series_figure(series, colors, missing_s, None, marks_s, damaged_ranges(view), whole.names)


def scene_change_times(view: View) -> list[float]:
    """Times of the scene changes in the time range, in seconds after the first frame."""
    entries = scene_changes(view.results, view.model).entries.tolist()
    return [float(view.results.time_s[at]) for at in entries if at in view.entries]


def _series(view: View, entry: int, bucket_s: float | None) -> Series:
    if view.table.kind is Kind.CLIP:
        return similarity_series(view, entry, bucket_s=bucket_s)
    return series_of(view, bucket_s=bucket_s)[0].strongest(MAX_CURVES)
