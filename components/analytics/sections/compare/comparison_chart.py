"""The chart of a comparison: counts of both models over time, or their difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from components.analytics.charts.time_chart import (
    MARK_COLOR,
    Gesture,
    Trace,
    hover_name,
    mark_at,
    show_chart,
    time_chart,
)
from frametally.analysis.comparison import CountsOfBoth
from frametally.analysis.view import View

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_TOTAL_COLOR = "#0b6e5f"
_MAX_LINES = 8


def comparison_chart(
    view: View,
    counts: CountsOfBoth,
    models: tuple[str, str],
    column: int | None,
    colors: Mapping[str, str],
    time_s: float,
    *,
    is_difference: bool,
) -> Gesture:
    """Draw the chart; returns what the user has done in it.

    Args:
        view: what is compared.
        counts: of both models.
        models: their names, A and B.
        column: the class that is shown; None: all of them, of which both models are shown as the sum.
        colors: hex color by class.
        time_s: time of the current frame.
        is_difference: whether A minus B is drawn, a line for each class.
    """
    figure = comparison_figure(counts, models, column, colors, time_s, is_difference=is_difference)
    key = f"{view.results.folder.name}-{view.model}-{view.time_range_s}-comparison"
    gesture = show_chart(figure, key=key, note=" Of several frames, a click shows the one with the most disagreement.")
    if is_difference and column is None and len(counts.classes) > _MAX_LINES:
        st.caption(f"The {_MAX_LINES} classes that differ most. Choose a class to see another.")
    return gesture


def comparison_figure(
    counts: CountsOfBoth,
    models: tuple[str, str],
    column: int | None,
    colors: Mapping[str, str],
    time_s: float,
    *,
    is_difference: bool,
) -> Figure:
    """The figure: lines of A (solid) and B (dashed), or of A minus B for each class."""
    a, b = models
    if is_difference:
        shown = _most_different(counts) if column is None else [column]
        traces = [
            _line(counts, _difference(counts, at), counts.classes[at], _color(counts, at, colors)) for at in shown
        ]
        title = f"{a} minus {b}"
        axis: Trace = {"rangemode": "normal", "zeroline": True, "zerolinecolor": MARK_COLOR, "zerolinewidth": 2}
    else:
        color = _TOTAL_COLOR if column is None else _color(counts, column, colors)
        values = [each.sum(axis=1) if column is None else each[:, column] for each in (counts.a, counts.b)]
        traces = [
            _line(counts, values[0], a, color),
            _line(counts, values[1], b, color, dash="dash"),
        ]
        title, axis = "Detections per frame", {}
    return time_chart(traces, [], lines=[mark_at(time_s)], y_title=title, y_axis=axis)


def _difference(counts: CountsOfBoth, at: int) -> npt.NDArray[np.float64]:
    return np.asarray(counts.a[:, at] - counts.b[:, at])


def _most_different(counts: CountsOfBoth) -> list[int]:
    """The classes to draw, in their order."""
    size = np.nan_to_num(np.abs(counts.a - counts.b)).sum(axis=0)
    return sorted(np.argsort(-size, kind="stable")[:_MAX_LINES].tolist())


def _color(counts: CountsOfBoth, at: int, colors: Mapping[str, str]) -> str:
    return colors.get(counts.classes[at], _TOTAL_COLOR)


def _line(
    counts: CountsOfBoth, values: npt.NDArray[np.float64], name: str, color: str, *, dash: str = "solid"
) -> Trace:
    return {
        "x": counts.time_s.tolist(),
        "y": values.tolist(),
        "name": hover_name(name),
        "mode": "lines",
        "line": {"color": color, "width": 2, "shape": "hv", "dash": dash},
        "connectgaps": False,
        "hovertemplate": "%{y:.3~f} " + hover_name(name) + " at %{x:.2f} s<extra></extra>",
    }
