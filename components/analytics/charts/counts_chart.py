"""The chart of counts over time, per class. A frame that was not analyzed is a hatched gap, never zero."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from components.analytics.charts.corrected import Corrected, add_corrected
from components.analytics.charts.heat_strip import heat_note, heat_strip
from components.analytics.charts.time_chart import (
    ROW_PX,
    Gesture,
    Trace,
    dashes_of,
    hover_name,
    mark_at,
    show_chart,
    time_chart,
)
from frametally.analysis.counts import Counts

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_LEGEND_ROW = 6
"""Classes that fit into one row of the legend."""
_CORRECTED_IN_ROW = 4
_BAND_STEPS = 10
"""Distance of the edges of the band from the threshold, in steps of 0.01."""
_MAX_MARKERS = 150
"""Points of all lines together up to which each has a marker; more take longer to draw than all lines."""
_MAX_MARKED_POINTS = 150
"""Points of a line up to which each has a marker where a line alone would not show all of them."""


def counts_chart(
    counts: Counts,
    band: tuple[Counts, Counts] | None,
    colors: Mapping[str, str],
    gaps_s: Sequence[tuple[float, float]],
    *,
    time_s: float,
    key: str,
    damaged_s: Sequence[tuple[float, float]] = (),
    checked: Sequence[Corrected] = (),
) -> Gesture:
    """Draw the chart; returns what the user has done in it.

    Args:
        counts: the lines.
        band: the counts at a higher and at a lower threshold, drawn as an area around each line.
        colors: hex color by class.
        gaps_s: time ranges in which no frame was analyzed.
        time_s: time of the current frame.
        key: of the chart in the session state.
        damaged_s: time ranges whose frames are damaged in the video file.
        checked: counts that are corrected by checked frames.
    """
    figure = counts_figure(counts, band, colors, gaps_s, time_s, damaged_s)
    if checked:
        add_corrected(figure, checked, {name: code for code, name in enumerate(counts.classes)}, colors)
        figure.layout.margin.t += ROW_PX * math.ceil(len(checked) / _CORRECTED_IN_ROW)
    return show_chart(figure, key=key, note=_resolution_note(counts) + heat_note(counts))


def counts_figure(
    counts: Counts,
    band: tuple[Counts, Counts] | None,
    colors: Mapping[str, str],
    gaps_s: Sequence[tuple[float, float]],
    time_s: float | None,
    damaged_s: Sequence[tuple[float, float]] = (),
    *,
    with_strip: bool = True,
) -> Figure:
    """A line per class with the mean detections per analyzed frame; many classes get a heat strip too, if wanted.

    `meta` of a trace names its class: `code`, or `codes` for a row each.
    """
    times_s, values = counts.time_s.tolist(), counts.values
    mode = "lines+markers" if _has_markers(values) else "lines"
    traces: list[Trace] = []
    for column, (name, dash) in enumerate(zip(counts.classes, dashes_of(counts.classes, colors), strict=True)):
        if band:
            edges = _band(times_s, band[0].values[:, column], band[1].values[:, column], colors[name])
            shifts = (_BAND_STEPS, -_BAND_STEPS)
            traces += [
                {**edge, "meta": {"code": column, "isBand": True, "shift": shift}}
                for edge, shift in zip(edges, shifts, strict=True)
            ]
        traces.append(
            {
                "x": times_s,
                "y": values[:, column].tolist(),
                "name": hover_name(name),
                "legendgroup": name,
                "meta": {"code": column},
                "mode": mode,
                "line": {"color": colors[name], "width": 2, "shape": "hv", "dash": dash},
                "marker": {"size": 5},
                "connectgaps": False,
                "hovertemplate": "%{y:.3~f} " + hover_name(name) + " at %{x:.2f} s<extra></extra>",
            }
        )
    one_entry_each = bool((counts.planned <= 1).all())
    peak = float(np.nanmax(counts.values, initial=0.0))
    return time_chart(
        traces,
        gaps_s,
        damaged_s=damaged_s,
        lines=[] if time_s is None else [mark_at(time_s)],
        legend_rows=1 + (len(counts.classes) > _LEGEND_ROW),
        y_title="Detections per frame" if one_entry_each else "Detections per frame (mean)",
        y_axis={"dtick": max(1, math.ceil(peak / 8))} if peak >= 3 or one_entry_each else {},
        strip=heat_strip(counts) if with_strip else None,
    )


def _has_markers(values: npt.NDArray[np.float64]) -> bool:
    """Whether points (n, c) have markers: if they are few, or if one is alone, between others without a value."""
    known = ~np.isnan(np.pad(values, ((1, 1), (0, 0)), constant_values=np.nan))
    is_alone = known[1:-1] & ~known[:-2] & ~known[2:]
    return values.size <= _MAX_MARKERS or (len(values) <= _MAX_MARKED_POINTS and bool(is_alone.any()))


def _resolution_note(counts: Counts) -> str:
    """What a point represents, if points cover several frames; otherwise empty."""
    most = int(counts.planned.max(initial=1))
    return (
        f" Each point is the mean of up to {most:,} frames; a click shows the one with the most detections."
        if most > 1
        else ""
    )


def _band(
    times_s: list[float], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], color: str
) -> tuple[Trace, Trace]:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    shared = {"x": times_s, "mode": "lines", "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
    fill = {"fill": "tonexty", "fillcolor": f"rgba({red},{green},{blue},0.16)"}
    return {"y": low.tolist(), "showlegend": False, **shared}, {
        "y": high.tolist(),
        "showlegend": False,
        **fill,
        **shared,
    }
