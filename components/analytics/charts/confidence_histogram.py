"""The distribution of confidence, with the threshold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import streamlit as st

from components.analytics.charts.time_chart import MARK_COLOR, figure_of, hover_name, line_at
from frametally.analysis import counts
from frametally.analysis.view import View

_BARS = 25


def confidence_histogram(view: View, colors: Mapping[str, str], *, key: str) -> None:
    """Draw the detections of the time range by confidence, stacked by class, with the threshold as a line."""
    bins = histogram_of(view)
    if bins is None:
        st.caption("Too many classes for this chart.")
        return
    bars = [
        {
            "type": "bar",
            "x": ((np.arange(_BARS) + 0.5) / _BARS).tolist(),
            "y": heights.tolist(),
            "name": hover_name(name),
            "marker": {"color": colors[name]},
            "hovertemplate": "%{y:,} " + hover_name(name) + "<extra></extra>",
        }
        for name, heights in zip(view.names, bins, strict=True)
    ]
    layout = {
        "height": 180,
        "barmode": "stack",
        "bargap": 0.08,
        "showlegend": False,
        "margin": {"l": 58, "r": 8, "t": 8, "b": 40},
        "xaxis": {"title": {"text": "Confidence"}, "range": [0, 1]},
        "yaxis": {"title": {"text": "Detections"}},
        "shapes": [line_at(view.confidence, {"color": MARK_COLOR, "width": 2})],
    }
    figure = figure_of(bars, layout)
    st.caption("**Confidence distribution.** Detections of the time range; the line is the minimum confidence.")
    st.plotly_chart(figure, key=key, theme=None, config={"displayModeBar": False})


def histogram_of(view: View) -> npt.NDArray[np.int64] | None:
    """(len(view.names), 25) detections of the time range by class and confidence; None without a cube."""
    found = counts.confidence_histogram(view)
    if found is None:
        return None
    bins = np.zeros((len(view.names), _BARS), dtype=np.int64)
    for row, code in zip(found, view.codes, strict=True):
        if code >= 0:
            hundredths = np.append(row[:99], row[99] + row[100])  # a confidence of exactly 1 counts in the last bar
            bins[code] += hundredths.reshape(_BARS, -1).sum(axis=1)
    return bins
