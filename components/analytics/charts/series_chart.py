"""The chart of a series over time: probabilities, area shares, angles, similarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from components.analytics.charts.time_chart import (
    Gesture,
    dashes_of,
    hover_name,
    line_at,
    mark_at,
    show_chart,
    time_chart,
)
from frametally.analysis.series import Series

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def series_chart(
    series: Series,
    colors: Mapping[str, str],
    gaps_s: Sequence[tuple[float, float]],
    *,
    time_s: float,
    key: str,
    marks_s: Sequence[float] = (),
    damaged_s: Sequence[tuple[float, float]] = (),
) -> Gesture:
    """Draw the curves with their definition below; returns what the user has done in the chart."""
    gesture = show_chart(series_figure(series, colors, gaps_s, time_s, marks_s, damaged_s), key=key)
    st.caption(series.definition)
    return gesture


def series_figure(
    series: Series,
    colors: Mapping[str, str],
    gaps_s: Sequence[tuple[float, float]],
    time_s: float | None,
    marks_s: Sequence[float],
    damaged_s: Sequence[tuple[float, float]] = (),
    classes: Sequence[str] = (),
) -> Figure:
    """A line per name, with gaps where the value is unknown and thin vertical lines at `marks_s`.

    `meta` of a trace is its `code`, the index in `classes`.
    """
    traces = [
        {
            "x": series.time_s.tolist(),
            "y": series.values[:, column].tolist(),
            "name": hover_name(name),
            "mode": "lines",
            **({"meta": {"code": classes.index(name)}} if name in classes else {}),
            "line": {"color": colors.get(name, "#0b6e5f"), "width": 2, "dash": dash},
            "connectgaps": False,
            "hovertemplate": "%{y:.3f} " + hover_name(name) + " at %{x:.2f} s<extra></extra>",
        }
        for column, (name, dash) in enumerate(zip(series.names, dashes_of(series.names, colors), strict=True))
    ]
    return time_chart(
        traces,
        gaps_s,
        damaged_s=damaged_s,
        lines=[
            *(line_at(mark_s, {"color": "#d55e00", "width": 1}) for mark_s in marks_s),
            *([] if time_s is None else [mark_at(time_s)]),
        ],
        y_title=f"{series.title} ({series.unit})" if series.unit else series.title,
    )
