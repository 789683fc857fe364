"""What every chart over time shares: looks, hatched gaps, the mark of the frame in view, what was picked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from plotly.graph_objects import Figure

MARK_COLOR = "rgba(128,128,128,0.9)"
_GAP_COLOR = "rgba(128,128,128,0.55)"
_CLEAR = "rgba(0,0,0,0)"
_HEIGHT_PX, _LEFT_PX, _BOTTOM_PX, _ROW_PX = 320, 58, 44, 22
_BETWEEN = 0.03
"""Share of the height between a chart and the strip below it."""
_TEXT_COLOR, _GRID_COLOR = "#7b8683", "rgba(128,128,128,0.22)"
"""They can be read on the light and on the dark background."""

_DASHES = ("solid", "dash", "dot", "dashdot")

Trace = dict[str, Any]
"""A trace, or a part of a layout, in plotly's own words; a trace is a scatter where it does not say what it is."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A trace with an axis of categories, drawn below the others along the same time."""

    trace: Trace
    height_px: int
    left_px: int
    """Room for the names of the categories."""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """What the person has just done in a chart; at most one of both."""

    entry: int | None = None
    """The first entry of the point that was clicked."""
    column: int | None = None
    """Which of the classes that are counted the point is of; None where none is meant."""
    time_range_s: tuple[float, float] | None = None
    """The stretch of time that was drawn over."""


def show_chart(figure: Figure, *, key: str, note: str = "") -> Picked:
    """Draw a chart over time; a click on a point picks its entry, a box drawn over it picks a window."""
    event = st.plotly_chart(
        figure,
        key=key,
        theme=None,
        on_select="rerun",
        selection_mode=("points", "box"),
        config={"displaylogo": False, "displayModeBar": True, "modeBarButtons": [["select2d", "toImage"]]},
    )
    st.caption(
        f"Click a point to see its frame. To look closer, set the window, or draw it with the chart's box tool.{note}"
    )
    now = _selected(event["selection"])
    # The selection stays through reruns of other causes; only a change of it is the person's doing.
    before, st.session_state[f"{key}_seen"] = st.session_state.get(f"{key}_seen", Picked()), now
    clicked = now if (now.entry, now.column) != (before.entry, before.column) else Picked()
    return Picked(
        entry=clicked.entry,
        column=clicked.column,
        time_range_s=now.time_range_s if now.time_range_s != before.time_range_s else None,
    )


def over_time(
    traces: Sequence[Trace],
    gaps_s: Sequence[tuple[float, float]],
    *,
    lines: Sequence[Trace],
    y_title: str,
    legend_rows: int = 1,
    y_axis: Trace | None = None,
    strip: Strip | None = None,
) -> Figure:
    """A chart over time, along x; the window is the zoom.

    Args:
        traces: what is drawn.
        gaps_s: stretches in which no frame was analyzed.
        lines: upright ones, as `line_at` makes them.
        y_title: what y says.
        legend_rows: for which there is room on top.
        y_axis: more to say of it.
        strip: what stands below.
    """
    top_px = 8 + _ROW_PX * legend_rows
    layout: Trace = {
        "height": _HEIGHT_PX + (strip.height_px if strip else 0),
        "margin": {"l": max(_LEFT_PX, strip.left_px if strip else 0), "r": 36, "t": top_px, "b": _BOTTOM_PX},
        "modebar": {"orientation": "v", "bgcolor": _CLEAR, "color": _TEXT_COLOR, "activecolor": MARK_COLOR},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
        "clickmode": "event+select",
        "dragmode": "zoom",  # with the box tool on, plotly reports no click on a point
        "selectdirection": "h",
        "showlegend": True,
        "xaxis": {"title": {"text": "seconds after the first frame"}, "fixedrange": True, "range": _range_s(traces)},
        "yaxis": {"title": {"text": y_title}, "rangemode": "tozero", "fixedrange": True, **(y_axis or {})},
        "shapes": list(lines),
    }
    if strip:
        share = strip.height_px / (_HEIGHT_PX - top_px - _BOTTOM_PX + strip.height_px)
        layout["xaxis"]["anchor"] = "y2"
        layout["yaxis"]["domain"] = [share + _BETWEEN, 1]
        layout["yaxis2"] = {
            "type": "category",
            "domain": [0, share],
            "fixedrange": True,
            "ticks": "",
            "showgrid": False,
        }
        traces = [*traces, {**strip.trace, "yaxis": "y2"}]
    if gaps_s:
        layout["yaxis9"] = {"domain": [0, 1], "range": [0, 1], "visible": False, "fixedrange": True}
    return figure_of([*traces, *_hatched(gaps_s)], layout)


def figure_of(traces: Sequence[Trace], layout: Trace) -> Figure:
    """A figure with the looks of every chart, made in one go and so that the browser draws it once.

    Each later change of a figure checks and copies what it holds again. With a theme of Streamlit's (or any template,
    or arrays in base64) plotly draws all again when Streamlit hands the same chart over a second time, as it does; and
    to find out margins by itself, once more.
    """
    import plotly.graph_objects as go

    axis = {
        "automargin": False,
        "ticks": "",
        "gridcolor": _GRID_COLOR,
        "zerolinecolor": _GRID_COLOR,
        "linecolor": _GRID_COLOR,
    }
    looks = {
        "datarevision": 1,
        "font": {"family": "Source Sans, sans-serif", "size": 12, "color": _TEXT_COLOR},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
    }
    axes = {"xaxis": {**axis, "showgrid": False, "zeroline": False, **layout["xaxis"]}, "yaxis": axis | layout["yaxis"]}
    figure = go.Figure(list(traces), {**looks, **layout, **axes})
    figure.layout.template = None
    return figure


def mark_at(time_s: float) -> Trace:
    """A dotted line where the frame in view stands."""
    return line_at(time_s, {"color": MARK_COLOR, "dash": "dot", "width": 1.5})


def line_at(x: float, line: Trace) -> Trace:
    """An upright line over the whole height."""
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def dashes_of(names: Sequence[str], colors: Mapping[str, str]) -> list[str]:
    """How each line is drawn: broken, where an earlier one has its color already."""
    drawn: Counter[str | None] = Counter()
    dashes = []
    for color in map(colors.get, names):
        dashes.append(_DASHES[drawn[color] % len(_DASHES)])
        drawn[color] += 1
    return dashes


def _range_s(traces: Sequence[Trace]) -> tuple[float, float] | None:
    """From the first point to the last, with a little room for the markers there; left to plotly for one point."""
    ends_s = [trace["x"][end] for trace in traces if len(trace["x"]) for end in (0, -1)]
    start_s, end_s = min(ends_s, default=0.0), max(ends_s, default=0.0)
    room_s = (end_s - start_s) / 100
    return (start_s - room_s, end_s + room_s) if room_s else None


def _hatched(gaps_s: Sequence[tuple[float, float]]) -> list[Trace]:
    """Hatched stretches over the whole height: no frame was analyzed there, which is not zero."""
    if not gaps_s:
        return []
    stretches = {
        "x": [x for start_s, end_s in gaps_s for x in (start_s, start_s, end_s, end_s, None)],
        "y": [0, 1, 1, 0, None] * len(gaps_s),
        "yaxis": "y9",
        "mode": "lines",
        "line": {"width": 0},
        "fill": "toself",
        "fillpattern": {"shape": "/", "fgcolor": _GAP_COLOR, "size": 6, "solidity": 0.25},
        "name": "not analyzed",
        "hoverinfo": "skip",
    }
    return [stretches]


def hover_name(name: str) -> str:
    """A name from outside, so that a hover template shows it as it is."""
    return name.replace("<", "‹").replace(">", "›").replace("%{", "% {")


def _selected(selection: Any) -> Picked:
    boxes, points = selection.get("box") or [], selection.get("points") or []
    if boxes and len(boxes[0].get("x", ())) == 2:
        start_s, end_s = sorted(float(x) for x in boxes[0]["x"])
        return Picked(time_range_s=(start_s, end_s)) if end_s > start_s else Picked()
    told = points[0].get("customdata") if points else None
    entry, column, *_ = [*told, None] if isinstance(told, list) else [told, None]
    return Picked() if entry is None else Picked(entry=int(entry), column=column)
