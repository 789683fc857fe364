"""What every chart over time shares: looks, hatched gaps, the mark of the frame in view, what was picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plotly.graph_objects import Figure

MARK_COLOR = "rgba(128,128,128,0.9)"
_GAP_COLOR = "rgba(128,128,128,0.55)"
_CLEAR = "rgba(0,0,0,0)"
_TEXT_COLOR, _GRID_COLOR = "#7b8683", "rgba(128,128,128,0.22)"
"""They can be read on the light and on the dark background."""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """What the person has just done in a chart; at most one of both."""

    entry: int | None = None
    """The entry of the point that was clicked."""
    window_s: tuple[float, float] | None = None
    """The stretch of time that was drawn over."""


def show_chart(figure: Figure, *, key: str) -> Picked:
    """Draw a chart over time; a click on a point picks its entry, a box drawn over it picks a window."""
    figure.update_layout(clickmode="event+select")
    event = st.plotly_chart(
        figure,
        key=key,
        theme=None,
        on_select="rerun",
        selection_mode=("points", "box"),
        config={"displaylogo": False, "displayModeBar": True, "modeBarButtons": [["select2d", "toImage"]]},
    )
    st.caption("Click a point to see its frame. To look closer, set the window, or draw it with the chart's box tool.")
    now = _selected(event["selection"])
    # The selection stays through reruns of other causes; only a change of it is the person's doing.
    before, st.session_state[f"{key}_seen"] = st.session_state.get(f"{key}_seen", Picked()), now
    return Picked(
        entry=now.entry if now.entry != before.entry else None,
        window_s=now.window_s if now.window_s != before.window_s else None,
    )


def style(
    figure: Figure,
    *,
    y_title: str,
    height_px: int = 320,
    left_px: int = 58,
    legend_rows: int = 1,
    y_axis: dict[str, Any] | None = None,
) -> None:
    """What charts over time share: time along x, room for the legend on top; the window is the zoom."""
    looks(figure)
    figure.update_layout(
        height=height_px,
        margin={"l": left_px, "r": 36, "t": 8 + 22 * legend_rows, "b": 44},
        modebar={"orientation": "v", "bgcolor": _CLEAR, "color": _TEXT_COLOR, "activecolor": MARK_COLOR},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        dragmode="zoom",  # with the box tool on, plotly reports no click on a point
        selectdirection="h",
        xaxis={"title": "seconds after the first frame", "fixedrange": True},
        yaxis={"title": y_title, "rangemode": "tozero", "fixedrange": True, **(y_axis or {})},
        showlegend=True,
    )


def looks(figure: Figure) -> None:
    """The looks of every chart, given so that plotly draws it once.

    With a theme of Streamlit's (or any template, or arrays in base64) it draws all again when Streamlit hands the same
    chart over a second time, as it does; and to find out margins by itself, once more.
    """
    figure.layout.template = None
    axis = {
        "automargin": False,
        "ticks": "",
        "gridcolor": _GRID_COLOR,
        "zerolinecolor": _GRID_COLOR,
        "linecolor": _GRID_COLOR,
    }
    figure.update_layout(
        datarevision=1,
        font={"family": "Source Sans, sans-serif", "size": 12, "color": _TEXT_COLOR},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        xaxis={**axis, "showgrid": False, "zeroline": False},
        yaxis=axis,
    )


def mark_time(figure: Figure, time_s: float) -> None:
    """A dotted line where the frame in view stands."""
    figure.add_vline(x=time_s, line={"color": MARK_COLOR, "dash": "dot", "width": 1.5})


def hatch(figure: Figure, gaps_s: Sequence[tuple[float, float]]) -> None:
    """Hatched stretches over the whole height: no frame was analysed there, which is not zero."""
    if not gaps_s:
        return
    figure.add_scatter(
        x=[x for start_s, end_s in gaps_s for x in (start_s, start_s, end_s, end_s, None)],
        y=[0, 1, 1, 0, None] * len(gaps_s),
        yaxis="y9",
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillpattern={"shape": "/", "fgcolor": _GAP_COLOR, "size": 6, "solidity": 0.25},
        name="not analysed",
        hoverinfo="skip",
    )
    figure.update_layout(yaxis9={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True})


def hover_name(name: str) -> str:
    """A name from outside, so that a hover template shows it as it is."""
    return name.replace("<", "‹").replace(">", "›").replace("%{", "% {")


def _selected(selection: Any) -> Picked:
    boxes, points = selection.get("box") or [], selection.get("points") or []
    if boxes and len(boxes[0].get("x", ())) == 2:
        start_s, end_s = sorted(float(x) for x in boxes[0]["x"])
        return Picked(window_s=(start_s, end_s)) if end_s > start_s else Picked()
    number = points[0].get("customdata") if points else None
    number = number[0] if isinstance(number, list) else number
    return Picked() if number is None else Picked(entry=int(number))
