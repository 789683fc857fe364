"""Charts over time of a brief, as JSON of plotly: plain dictionaries, as plotly takes long to import."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from frametally.reports.texts import clock

Figure = dict[str, Any]
Floats = npt.NDArray[np.float64]

_STEPS_S: Final = (*(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30), *(60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800))
_MAX_TICKS: Final = 8
_DASHES: Final = ("solid", "dash", "dot", "dashdot")
_DAMAGE_COLOR: Final = "#b3261e"
_GAP_COLOR: Final = "rgba(128,128,128,0.55)"
_BAND_FROM: Final = 0.97
"""Lower edge of the band of damaged frames, as a share of the height."""


def time_figure(
    names: Sequence[str],
    colors: Mapping[str, str],
    time_s: Floats,
    values: Floats,
    edges_s: Floats,
    *,
    y_title: str,
    gaps_s: Sequence[tuple[float, float]] = (),
    damaged_s: Sequence[tuple[float, float]] = (),
) -> Figure:
    """A line for each name.

    Args:
        names: of the lines.
        colors: hex color by name.
        time_s: (m,) of the points.
        values: (m, len(names)); NaN, which is a gap, where nothing is known.
        edges_s: (m + 1,) where the points begin, and where the last one ends.
        y_title: title of the y axis.
        gaps_s: time ranges in which no frame was analyzed.
        damaged_s: time ranges whose frames are damaged in the file.
    """
    dashes = _dashes(names, colors)
    x = [round(at, 4) for at in time_s.tolist()]
    lines = [
        {
            "type": "scatter",
            "mode": "lines+markers" if len(x) < 3 else "lines",
            "name": shown_name(name),
            "x": x,
            "y": _known(values[:, at]),
            "line": {"color": colors.get(name, "#7f8c8d"), "width": 2, "dash": dashes[at]},
            "meta": {"code": at},
            "hoverinfo": "none",
        }
        for at, name in enumerate(names)
    ]
    first_s, last_s = (float(edges_s[0]), float(edges_s[-1])) if len(edges_s) else (0.0, 1.0)
    layout = {
        "xaxis": time_axis(first_s, last_s),
        "yaxis": {"title": {"text": y_title}, "rangemode": "tozero", "fixedrange": True},
        "yaxis9": {"domain": [0, 1], "range": [0, 1], "visible": False, "fixedrange": True},
        "meta": {"edges": [round(edge, 4) for edge in edges_s.tolist()]},
    }
    return {"data": [*lines, *_hatched(gaps_s), *_damage_band(damaged_s)], "layout": layout}


def time_axis(first_s: float, last_s: float) -> Figure:
    """An axis in minutes and seconds."""
    span_s = max(last_s - first_s, 1e-3)
    step_s = next((step_s for step_s in _STEPS_S if span_s / step_s <= _MAX_TICKS), _STEPS_S[-1])
    ticks = range(math.ceil(max(first_s, 0.0) / step_s), math.floor(last_s / step_s) + 1)
    at_s = [round(tick * step_s, 4) for tick in ticks]
    texts = [clock(time_s) if step_s < 1 else clock(time_s).partition(".")[0] for time_s in at_s]
    room_s = span_s / 100
    return {"range": [first_s - room_s, last_s + room_s], "tickvals": at_s, "ticktext": texts, "fixedrange": True}


def shown_name(name: str) -> str:
    """A name from outside, with the characters that plotly would interpret replaced by similar ones."""
    return name.replace("<", "‹").replace(">", "›").replace("&", "＆").replace("%{", "% {").replace("$", "＄")


def _known(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else round(value, 6) for value in values.tolist()]


def _dashes(names: Sequence[str], colors: Mapping[str, str]) -> list[str]:
    """Dashed where an earlier line has the same color."""
    drawn: Counter[str | None] = Counter()
    dashes = []
    for color in map(colors.get, names):
        dashes.append(_DASHES[drawn[color] % len(_DASHES)])
        drawn[color] += 1
    return dashes


def _hatched(gaps_s: Sequence[tuple[float, float]]) -> list[Figure]:
    if not gaps_s:
        return []
    pattern = {"shape": "/", "fgcolor": _GAP_COLOR, "size": 6, "solidity": 0.25}
    return [_area(gaps_s, 0.0, "not analyzed", {"line": {"width": 0}, "fillpattern": pattern})]


def _damage_band(damaged_s: Sequence[tuple[float, float]]) -> list[Figure]:
    if not damaged_s:
        return []
    look = {"line": {"width": 1, "color": _DAMAGE_COLOR}, "fillcolor": _DAMAGE_COLOR}
    return [_area(damaged_s, _BAND_FROM, "damaged in the file", look)]


def _area(ranges_s: Sequence[tuple[float, float]], bottom: float, name: str, look: Figure) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for start_s, end_s in ranges_s for x in (start_s, start_s, end_s, end_s, None)],
        "y": [bottom, 1, 1, bottom, None] * len(ranges_s),
        "yaxis": "y9",
        "fill": "toself",
        "name": name,
        "hoverinfo": "skip",
        "meta": {"area": name},
        **look,
    }
