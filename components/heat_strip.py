"""All classes over time at a glance, where there are too many for lines."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.plot import hatch, hover_name, mark_time, style
from video_inference.analysis.counts import Counts

_LEFT_PX, _LETTER_PX, _MOST_LEFT_PX = 20, 7, 180
"""Room for the names of the classes."""


def heat_strip(counts: Counts, gaps_s: Sequence[tuple[float, float]], *, time_s: float, key: str) -> None:
    """A row a class, the darker the more detections; hatched where no frame was analysed."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_heatmap(
        x=counts.time_s.tolist(),
        y=[hover_name(name) for name in counts.classes],
        z=counts.values.T.tolist(),
        colorscale="Teal",
        zmin=0,
        hoverongaps=False,
        colorbar={"thickness": 8, "outlinewidth": 0, "title": {"text": "mean"}},
        hovertemplate="%{z:.2f} %{y} at %{x:.1f} s<extra></extra>",
    )
    hatch(figure, gaps_s)
    mark_time(figure, time_s)
    style(
        figure,
        y_title="",
        height_px=90 + 22 * len(counts.classes),
        left_px=min(_LEFT_PX + _LETTER_PX * max(map(len, counts.classes), default=0), _MOST_LEFT_PX),
        y_axis={"type": "category", "rangemode": None},
    )
    figure.update_layout(showlegend=False)
    st.plotly_chart(figure, key=key, theme=None, config={"displayModeBar": False})
