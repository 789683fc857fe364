"""Marks of pinned notes on a chart over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from components.analytics.charts.time_chart import Trace, line_at

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_COLOR: Final = "#c77700"
"""Readable on the light and on the dark background."""


def add_note_marks(figure: Figure, times_s: Sequence[float]) -> None:
    """Add a thin line and a triangle for each note."""
    if not times_s:
        return
    lines = [line_at(time_s, {"color": _COLOR, "dash": "dot", "width": 1}) for time_s in times_s]
    figure.layout.shapes = (*figure.layout.shapes, *lines)
    figure.layout.annotations = (*figure.layout.annotations, *map(_triangle, times_s))


def _triangle(time_s: float) -> Trace:
    return {
        "x": time_s,
        "y": 1,
        "yref": "paper",
        "yanchor": "top",
        "text": "▼",
        "showarrow": False,
        "font": {"color": _COLOR, "size": 12},
    }
