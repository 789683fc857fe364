"""The parts that all charts over time share: style, time axis, gaps, marks, selection."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.analytics.charts.chart_click import Click, chart_click
from components.formatting import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from plotly.graph_objects import Figure

MARK_COLOR = "rgba(128,128,128,0.9)"
_GAP_COLOR = "rgba(128,128,128,0.55)"
_DAMAGE_COLOR = "#b3261e"
_BAND_FROM = 0.97
"""Lower edge of the band of damaged frames, as a share of the height."""
_CLEAR = "rgba(0,0,0,0)"
_HEIGHT_PX, _LEFT_PX, _BOTTOM_PX, ROW_PX = 320, 58, 44, 22
_BETWEEN = 0.03
"""Share of the height between a chart and the strip below."""
_TEXT_COLOR, _GRID_COLOR = "#7b8683", "rgba(128,128,128,0.22)"
"""Readable on the light and on the dark background."""

_STEPS_S = (*(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30), *(60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800))
_MAX_TICKS = 8

_DASHES = ("solid", "dash", "dot", "dashdot")

Trace = dict[str, Any]
"""A trace or a part of a layout as plotly takes it; a trace without a type is a scatter."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A trace with a category axis, drawn below the others on the same time axis."""

    trace: Trace
    height_px: int
    left_px: int
    """Room for the category names."""


@dataclass(frozen=True, kw_only=True)
class Gesture:
    """What the user has just done in a chart: a click, a selection of a time range, or nothing."""

    click: Click | None = None
    time_range_s: tuple[float, float] | None = None
    """The selected time range."""


def show_chart(figure: Figure, *, key: str, note: str = "") -> Gesture:
    """Draw a chart over time; returns the user's click or box selection."""
    with st.container(gap=None):
        event = st.plotly_chart(
            figure,
            key=key,
            theme=None,
            on_select="rerun",
            selection_mode="box",
            config={"displaylogo": False, "displayModeBar": True, "modeBarButtons": [["select2d", "toImage"]]},
        )
        click = chart_click(key)
    st.caption(f"Click the chart to see the frame at that time. To zoom, drag over it with its box tool.{note}")
    now = _selected(event["selection"])
    # The selection persists across reruns, so only a changed one is new.
    before, st.session_state[f"{key}_seen"] = st.session_state.get(f"{key}_seen"), now
    return Gesture(click=click, time_range_s=now if now != before else None)


def time_chart(
    traces: Sequence[Trace],
    gaps_s: Sequence[tuple[float, float]],
    *,
    lines: Sequence[Trace],
    y_title: str,
    legend_rows: int = 1,
    y_axis: Trace | None = None,
    strip: Strip | None = None,
    damaged_s: Sequence[tuple[float, float]] = (),
) -> Figure:
    """A chart with time along x. The chart does not zoom; a selection changes the time range of the view instead.

    Args:
        traces: the lines.
        gaps_s: time ranges in which no frame was analyzed.
        lines: vertical lines from `line_at`.
        y_title: title of the y axis.
        legend_rows: rows of the legend above the chart.
        y_axis: further options of the y axis.
        strip: drawn below the lines.
        damaged_s: time ranges whose frames are damaged in the video file.
    """
    top_px = 8 + ROW_PX * legend_rows
    layout: Trace = {
        "height": _HEIGHT_PX + (strip.height_px if strip else 0),
        "margin": {"l": max(_LEFT_PX, strip.left_px if strip else 0), "r": 36, "t": top_px, "b": _BOTTOM_PX},
        "modebar": {"orientation": "v", "bgcolor": _CLEAR, "color": _TEXT_COLOR, "activecolor": MARK_COLOR},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
        "dragmode": "zoom",  # does nothing, as both axes are fixed: a box is drawn with its tool only
        "selectdirection": "h",
        "showlegend": True,
        "xaxis": _time_axis(_range_s(traces)),
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
    if gaps_s or damaged_s:
        layout["yaxis9"] = {"domain": [0, 1], "range": [0, 1], "visible": False, "fixedrange": True}
    return figure_of([*traces, *_hatched(gaps_s), *_damage_band(damaged_s)], layout)


def figure_of(traces: Sequence[Trace], layout: Trace) -> Figure:
    """A figure in our style, built in one step and such that the browser draws it only once.

    One step, because plotly validates and copies the content at each later change of a figure. Streamlit passes every
    chart to the browser twice: with its theme, a template or base64 arrays, plotly would then draw everything again,
    and automatic margins would cost another drawing.
    """
    import plotly.graph_objects as go

    axis = {
        "automargin": False,
        "ticks": "",
        "gridcolor": _GRID_COLOR,
        "zerolinecolor": _GRID_COLOR,
        "linecolor": _GRID_COLOR,
    }
    style = {
        "datarevision": 1,
        "font": {"family": "Source Sans, sans-serif", "size": 12, "color": _TEXT_COLOR},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
    }
    axes = {"xaxis": {**axis, "showgrid": False, "zeroline": False, **layout["xaxis"]}, "yaxis": axis | layout["yaxis"]}
    figure = go.Figure(list(traces), {**style, **layout, **axes})
    figure.layout.template = None
    return figure


def mark_at(time_s: float) -> Trace:
    """A dotted line at the current frame."""
    return line_at(time_s, {"color": MARK_COLOR, "dash": "dot", "width": 1.5})


def line_at(x: float, line: Trace) -> Trace:
    """A vertical line over the whole height."""
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def dashes_of(names: Sequence[str], colors: Mapping[str, str]) -> list[str]:
    """The dash style of each line: dashed where an earlier line has the same color."""
    drawn: Counter[str | None] = Counter()
    dashes = []
    for color in map(colors.get, names):
        dashes.append(_DASHES[drawn[color] % len(_DASHES)])
        drawn[color] += 1
    return dashes


def set_time_range(figure: Figure, start_s: float, end_s: float) -> None:
    """Let the time axis reach from one time to another."""
    room_s = (end_s - start_s) / 100
    figure.layout.xaxis.update(_time_axis((start_s - room_s, end_s + room_s)))


def _range_s(traces: Sequence[Trace]) -> tuple[float, float] | None:
    """From the first to the last point, with a margin for their markers; None for a single point."""
    ends_s = [trace["x"][end] for trace in traces if len(trace["x"]) for end in (0, -1)]
    start_s, end_s = min(ends_s, default=0.0), max(ends_s, default=0.0)
    room_s = (end_s - start_s) / 100
    return (start_s - room_s, end_s + room_s) if room_s else None


def _time_axis(range_s: tuple[float, float] | None) -> Trace:
    """The time axis, labeled as in a player; plotly itself can label seconds only as numbers or dates."""
    axis: Trace = {"title": {"text": "Time (mm:ss)"}, "fixedrange": True, "range": range_s}
    if range_s is None:
        return axis
    step_s = step_of_ticks(range_s[1] - range_s[0])
    ticks = range(math.ceil(max(range_s[0], 0.0) / step_s), math.floor(range_s[1] / step_s) + 1)
    at_s = [tick * step_s for tick in ticks]
    return {**axis, "tickvals": at_s, "ticktext": [_tick_label(time_s, step_s) for time_s in at_s]}


def step_of_ticks(span_s: float) -> float:
    """The distance of the ticks on an axis of this duration."""
    return next((step_s for step_s in _STEPS_S if span_s / step_s <= _MAX_TICKS), _STEPS_S[-1])


def _tick_label(time_s: float, step_s: float) -> str:
    label = format_time(time_s)
    return label if step_s < 1 else label.partition(".")[0]


def _hatched(gaps_s: Sequence[tuple[float, float]]) -> list[Trace]:
    """Hatched areas over the whole height where no frame was analyzed."""
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


def _damage_band(damaged_s: Sequence[tuple[float, float]]) -> list[Trace]:
    """A narrow band along the upper edge where frames are damaged."""
    if not damaged_s:
        return []
    band = {
        "x": [x for start_s, end_s in damaged_s for x in (start_s, start_s, end_s, end_s, None)],
        "y": [_BAND_FROM, 1, 1, _BAND_FROM, None] * len(damaged_s),
        "yaxis": "y9",
        "mode": "lines",
        "line": {"width": 1, "color": _DAMAGE_COLOR},
        "fill": "toself",
        "fillcolor": _DAMAGE_COLOR,
        "name": "damaged in the file",
        "hoverinfo": "skip",
    }
    return [band]


def hover_name(name: str) -> str:
    """A name from outside, with the characters that a hover template would interpret replaced by similar ones."""
    return name.replace("<", "‹").replace(">", "›").replace("%{", "% {")


def _selected(selection: Any) -> tuple[float, float] | None:
    """The time range of the box that is drawn; None without one, or if it has no width."""
    boxes = selection.get("box") or []
    if not boxes or len(boxes[0].get("x", ())) != 2:
        return None
    start_s, end_s = sorted(float(x) for x in boxes[0]["x"])
    return (start_s, end_s) if end_s > start_s else None
