"""A heat strip below the chart of counts, for more classes than lines can show."""

from __future__ import annotations

import numpy as np

from components.analytics.charts.time_chart import Strip, hover_name
from frametally.analysis.counts import Counts

_MANY_CLASSES = 6
_ROW_PX = 22
_MARGIN_PX, _LETTER_PX, _MAX_LEFT_PX = 20, 7, 180
"""Room for the class names."""


def heat_strip(counts: Counts) -> Strip | None:
    """A row per class, darker for more detections; None for few classes, for which the lines are enough."""
    if len(counts.classes) <= _MANY_CLASSES:
        return None
    cells = {
        "type": "heatmap",
        "x": counts.time_s.tolist(),
        "y": [hover_name(name) for name in counts.classes],
        "z": counts.values.T.tolist(),
        "meta": {"codes": list(range(len(counts.classes)))},
        "colorscale": "Teal",
        "zmin": 0,
        "hoverongaps": False,
        "showscale": False,  # drawing it costs the browser as much as the cells; `heat_note` explains the colors
        "hovertemplate": "%{z:.2f} %{y} at %{x:.1f} s<extra></extra>",
    }
    left_px = min(_MARGIN_PX + _LETTER_PX * max(map(len, counts.classes)), _MAX_LEFT_PX)
    return Strip(trace=cells, height_px=_ROW_PX * len(counts.classes), left_px=left_px)


def heat_note(counts: Counts) -> str:
    """What the colors of the strip mean; empty without a strip."""
    if len(counts.classes) <= _MANY_CLASSES:
        return ""
    peak = float(np.nanmax(counts.values, initial=0.0))
    return f" Darker = more detections (0-{peak:.3g} per frame)."
