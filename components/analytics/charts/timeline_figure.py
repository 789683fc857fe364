"""What the player needs to draw the chart of a view in other ways: kinds, buckets, time of day.

It is in `layout.meta` of the figure. The browser changes between them without asking the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from components.analytics.charts.clock import clock_axis, zone_name
from components.analytics.charts.time_chart import Trace, hover_name

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_HEAT_COLOR = "rgba(16,150,130,{})"
"""Readable on light and dark."""
_LEAST = 0.16
"""Opacity of the lowest value above zero."""
_ROW_PX, _MARGIN_PX, _LETTER_PX, _MAX_LEFT_PX = 22, 20, 7, 180


def add_options(
    figure: Figure,
    edges_s: npt.NDArray[np.float64],
    *,
    kinds: Sequence[str],
    names: Sequence[str],
    bucket_s: float | None,
    buckets_s: Sequence[float],
    rare: Sequence[int] = (),
    clock: tuple[datetime, bool] | None = None,
) -> None:
    """Add the options to the figure of a view.

    Args:
        figure: a trace for each class, with its `code` in `meta`.
        edges_s: (m + 1,) where the points begin, and where the last one ends.
        kinds: of charts that are possible; the first one is that of the figure.
        names: of the classes, by code.
        bucket_s: the duration of the points, if they have one.
        buckets_s: durations to choose from.
        rare: codes of classes that are drawn only on request.
        clock: when the recording began, and whether the user has typed it.
    """
    if "heat" in kinds:
        figure.add_traces([_heat(figure, edges_s)])
    figure.layout.meta = {
        "edges": edges_s.tolist(),
        "kinds": {kind: _layout_of(kind, names) for kind in kinds},
        "bucket": bucket_s,
        "buckets": [[size, bucket_label(size)] for size in buckets_s],
        "rare": list(rare),
        "clock": None if clock is None else _clock(figure, *clock),
    }


def bucket_label(bucket_s: float) -> str:
    """`10 s`, `5 min`, `1 h`."""
    for unit, length_s in (("h", 3600), ("min", 60)):
        if bucket_s % length_s == 0:
            return f"{bucket_s / length_s:g} {unit}"
    return f"{bucket_s:g} s"


def _layout_of(kind: str, names: Sequence[str]) -> Trace:
    """What a kind of chart changes in the layout; `rowPx` is the height of a class."""
    if kind == "stacked":
        return {"barmode": "stack", "bargap": 0}
    if kind == "heat":
        left_px = min(_MARGIN_PX + _LETTER_PX * max(map(len, names), default=0), _MAX_LEFT_PX)
        axis = {"type": "category", "autorange": "reversed", "fixedrange": True, "showgrid": False, "automargin": False}
        return {"yaxis": {**axis, "ticks": "", "zeroline": False}, "leftPx": left_px, "rowPx": _ROW_PX}
    return {}


def _heat(figure: Figure, edges_s: npt.NDArray[np.float64]) -> Trace:
    """A row per class. Zero has the color of the background; what was not analyzed is hatched, as in every chart."""
    lines = [
        trace for trace in figure.data if (trace.meta or {}).get("code") is not None and not trace.meta.get("isBand")
    ]
    return {
        "type": "heatmap",
        "x": edges_s.tolist(),
        "y": [hover_name(str(trace.name)) for trace in lines],
        "z": [list(trace.y) for trace in lines],
        "meta": {"codes": [trace.meta["code"] for trace in lines]},
        "colorscale": [[0, _HEAT_COLOR.format(0)], [0.001, _HEAT_COLOR.format(_LEAST)], [1, _HEAT_COLOR.format(1)]],
        "zmin": 0,
        "hoverongaps": False,
        "showscale": False,
        "visible": False,
    }


def _clock(figure: Figure, start: datetime, is_typed: bool) -> Trace | None:
    if figure.layout.xaxis.range is None:
        return None
    first_s, last_s = figure.layout.xaxis.range
    axis = clock_axis((float(first_s), float(last_s)), start)
    source = "as typed" if is_typed else "from the metadata of the video"
    offset = start.utcoffset()
    return {
        "axis": axis,
        "startMs": round(start.timestamp() * 1000),
        "zoneMinutes": round(offset.total_seconds() / 60) if offset else 0,
        "source": f"Recording started {start:%d %b %Y %H:%M:%S} {zone_name(start)}, {source}.",
    }
