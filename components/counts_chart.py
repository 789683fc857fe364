"""Per-class counts over time; a gap where frames were not analysed, a line on zero where nothing was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from video_inference.analysis.counts import Counts

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_MARKERS = 400
_MOST_TARGETS = 5_000
"""Points that can be clicked, all classes together; each costs the browser an element."""


def counts_chart(counts: Counts, colors: Mapping[str, str], *, entry: int, key: str) -> int | None:
    """Draw the chart; returns the entry whose point the person has just clicked."""
    event = st.plotly_chart(
        counts_figure(counts, colors, entry),
        key=key,
        on_select="rerun",
        selection_mode="points",
        config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]},
    )
    points = event["selection"]["points"]
    clicked = points[0].get("customdata") if points else None
    number = clicked[0] if isinstance(clicked, list) else clicked
    # The selection stays through reruns of other causes; only a change of it is a click.
    seen, st.session_state[f"{key}_seen"] = st.session_state.get(f"{key}_seen"), number
    return None if number is None or number == seen else int(number)


def counts_figure(counts: Counts, colors: Mapping[str, str], entry: int) -> Figure:
    """Detections per analysed frame over time, a line a class, with the shown entry marked."""
    import plotly.graph_objects as go

    figure = go.Figure()
    mode = "lines+markers" if counts.values.size <= _MOST_TARGETS else "lines"  # a line alone cannot be clicked
    opacity = 1 if len(counts.time_s) <= _MOST_MARKERS else 0
    for column, name in enumerate(counts.classes):
        known = np.where(counts.analysed, counts.values[:, column].astype(float), np.nan)
        figure.add_scatter(
            x=counts.time_s,
            y=known,
            name=name,
            mode=mode,
            line={"color": colors[name], "width": 2, "shape": "hv"},
            marker={"size": 5, "opacity": opacity},
            selected={"marker": {"opacity": opacity}},
            unselected={"marker": {"opacity": opacity}},
            connectgaps=False,
            customdata=np.arange(len(known)),
            hovertemplate="%{y} " + _hover_name(name) + " at %{x:.2f} s<extra></extra>",
        )
    for start_s, end_s in gaps(counts):
        figure.add_vrect(x0=start_s, x1=end_s, fillcolor="rgba(128,128,128,0.18)", line_width=0, layer="below")
    figure.add_vline(
        x=float(counts.time_s[entry]), line={"color": "rgba(128,128,128,0.9)", "dash": "dot", "width": 1.5}
    )
    peak = int(counts.values.max(initial=0))
    figure.update_layout(
        height=340,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        xaxis={"title": "seconds after the first frame", "rangemode": "tozero"},
        yaxis={"title": "detections in the frame", "rangemode": "tozero", "dtick": max(1, math.ceil(peak / 8))},
        showlegend=True,
        uirevision="keep",
    )
    return figure


def gaps(counts: Counts) -> list[tuple[float, float]]:
    """Stretches of time, in seconds, in which no frame was analysed."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~counts.analysed, [False]]).astype(np.int8)))
    last = len(counts.time_s) - 1
    return [
        (float(counts.time_s[max(start - 1, 0)]), float(counts.time_s[min(end, last)]))
        for start, end in edges.reshape(-1, 2)
    ]


def _hover_name(name: str) -> str:
    return name.replace("<", "‹").replace(">", "›").replace("%{", "% {")
