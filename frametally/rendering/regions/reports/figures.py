"""Charts of a line or zone, as JSON of plotly: the browser adds size and colors of the theme.

They are plain dictionaries, because plotly takes longer to import than an answer may take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from frametally.rendering.regions.reports.class_look import ClassLook

Figure = dict[str, Any]
Floats = npt.NDArray[np.float64]
_BINS: Final = 40
"""At most, over the time range."""
_MAX_POINTS: Final = 1500
_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_TICKS: Final = 6
_BAND: Final = "rgba(217,119,6,0.22)"


def bin_edges(first_s: float, last_s: float) -> Floats:
    """Edges of bins of a round length that cover the time range."""
    span_s = max(last_s - first_s, 1.0)
    step_s = next((step for step in _STEPS_S if span_s / step <= _BINS), _STEPS_S[-1])
    start = np.floor(first_s / step_s) * step_s
    return np.arange(start, last_s + step_s, step_s, dtype=np.float64)


def crossings_figure(
    time_s: Floats,
    code: npt.NDArray[np.int32],
    is_in: npt.NDArray[np.bool_],
    looks: Sequence[ClassLook],
    edges_s: Floats,
) -> Figure:
    """Crossings per bin and class: in above the axis, out below it."""
    traces, highest = [], []
    for way, sign in ((is_in, 1), (~is_in, -1)):
        counts = [np.histogram(time_s[way & (code == at)], edges_s)[0] for at in range(len(looks))]
        highest.append(int(np.sum(counts, axis=0).max(initial=0)) if counts else 0)
        traces += [_bars(edges_s, sign * count, look) for count, look in zip(counts, looks, strict=True) if count.any()]
    most_in, most_out = highest
    title = " · ".join(name for name, most in (("out", most_out), ("in", most_in)) if most)
    axis = {"range": [-most_out * 1.08, most_in * 1.08], **_counted(most_in, most_out), "title": {"text": title}}
    return {
        "data": traces,
        "layout": {"barmode": "relative", "xaxis": time_axis(float(edges_s[0]), float(edges_s[-1])), "yaxis": axis},
    }


def occupancy_figure(
    time_s: Floats,
    counts: npt.NDArray[np.int64],
    has_gap_after: npt.NDArray[np.bool_],
    looks: Sequence[ClassLook],
    edges_s: Floats,
    bands_s: Sequence[tuple[float, float]] = (),
) -> Figure:
    """Objects inside over time, as one line per class; nothing where nothing was analyzed.

    Args:
        time_s: (a,) of the looks.
        counts: (a, classes) objects inside.
        has_gap_after: (a,) looks that a stretch follows in which nothing was analyzed.
        looks: of the classes.
        edges_s: of the chart.
        bands_s: when a rule held.
    """
    kept = _fewer(len(time_s))
    most = np.maximum.reduceat(counts, kept, axis=0) if len(kept) else counts
    gaps = np.logical_or.reduceat(has_gap_after, kept) if len(kept) else has_gap_after
    starts = np.repeat(time_s[kept], 1 + gaps)
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": look.name,
            "x": _listed(starts),
            "y": _interrupted(most[:, at].tolist(), gaps.tolist()),
            "line": {"shape": "hv", "width": 1.5, "color": look.color},
        }
        for at, look in enumerate(looks)
        if most[:, at].any()
    ]
    shapes = [_band(first_s, last_s) for first_s, last_s in bands_s]
    highest = int(most.max(initial=0))
    axis = {"range": [0, max(highest, 1) * 1.08], **_counted(highest)}
    return {
        "data": traces,
        "layout": {"xaxis": time_axis(float(edges_s[0]), float(edges_s[-1])), "yaxis": axis, "shapes": shapes},
    }


def dwell_figure(counts: npt.NDArray[np.int64], edges_s: Floats, color: str) -> Figure:
    """Visits by their length."""
    trace = {
        "type": "bar",
        "x": _listed((edges_s[:-1] + edges_s[1:]) / 2),
        "width": _listed(np.diff(edges_s)),
        "y": counts.tolist(),
        "marker": {"color": color},
    }
    highest = int(counts.max(initial=0))
    axis = {"range": [0, max(highest, 1) * 1.08], **_counted(highest)}
    return {"data": [trace], "layout": {"xaxis": {"ticksuffix": " s", "nticks": _TICKS}, "yaxis": axis, "height": 130}}


def _bars(edges_s: Floats, counts: npt.NDArray[np.int64], look: ClassLook) -> Figure:
    return {
        "type": "bar",
        "name": look.name,
        "x": _listed(edges_s[:-1]),
        "width": _listed(np.diff(edges_s)),
        "offset": 0,
        "y": counts.tolist(),
        "marker": {"color": look.color},
    }


def _interrupted(values: list[int], gaps: list[bool]) -> list[int | None]:
    return [one for value, gap in zip(values, gaps, strict=True) for one in ([value, None] if gap else [value])]


def _band(first_s: float, last_s: float) -> dict[str, Any]:
    place = {"xref": "x", "yref": "paper", "x0": first_s, "x1": last_s, "y0": 0, "y1": 1}
    return {"type": "rect", **place, "fillcolor": _BAND, "line": {"width": 0}, "layer": "below"}


def _counted(highest: int, lowest: int = 0) -> dict[str, Any]:
    """Whole numbers beside the axis, without a sign."""
    step = max(1, round(max(highest, lowest) / 2))
    values = [*range(-(lowest // step) * step, 0, step), *range(0, highest + 1, step)]
    return {"tickmode": "array", "tickvals": values, "ticktext": [str(abs(value)) for value in values]}


def time_axis(first_s: float, last_s: float) -> dict[str, Any]:
    """An axis in minutes and seconds."""
    wanted = (last_s - first_s) / _TICKS
    step_s = next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])
    values = np.arange(np.ceil(first_s / step_s) * step_s, last_s + 1e-9, step_s)
    texts = [_clock(int(value)) for value in values]
    return {"range": [first_s, last_s], "tickmode": "array", "tickvals": _listed(values), "ticktext": texts}


def _clock(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _fewer(size: int) -> npt.NDArray[np.int64]:
    """Where the points of a long line begin: each shows the most of its looks."""
    return np.unique(np.linspace(0, size, min(size, _MAX_POINTS), endpoint=False).astype(np.int64))


def _listed(values: Floats) -> list[float]:
    return [round(value, 3) for value in values.tolist()]
