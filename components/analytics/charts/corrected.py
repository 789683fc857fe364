"""Counts that are corrected by checked frames, on the chart of counts: a dashed line with its interval as a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from components.analytics.charts.time_chart import Trace, hover_name
from components.formatting import format_time, plural
from frametally.audit.estimates import Estimate

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_OPACITY: Final = 0.14


class Step(NamedTuple):
    """The estimate of a part of the time range."""

    start_s: float
    end_s: float
    frames: int
    """Checked ones."""
    mean: Estimate


class Corrected(NamedTuple):
    """A class."""

    name: str
    steps: tuple[Step, ...]
    is_preliminary: bool = False
    """Whether planned frames are still to be checked."""


def add_corrected(
    figure: Figure, classes: Sequence[Corrected], codes: Mapping[str, int], colors: Mapping[str, str]
) -> None:
    """Add a band and a line for each class.

    `meta` of the traces has the `corrected` class by its code; that of the line also the `edges` of its parts, and what
    is `said` of each: the number, and where it comes from.
    """
    figure.add_traces([trace for one in classes for trace in _traces(one, codes[one.name], colors[one.name])])


def _traces(one: Corrected, code: int, color: str) -> tuple[Trace, Trace]:
    name = f"{hover_name(one.name)}, corrected"
    shared = {"name": name, "legendgroup": name, "mode": "lines"}
    texts, sources = map(_number, one.steps), (_source(step, one.is_preliminary) for step in one.steps)
    said = list(zip(texts, sources, strict=True))
    band = {
        "x": [x for step in one.steps for x in (step.start_s, step.start_s, step.end_s, step.end_s, None)],
        "y": [y for low, high in (step.mean.interval for step in one.steps) for y in (low, high, high, low, None)],
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": _faint(color),
        "showlegend": False,
        "hoverinfo": "skip",
        "meta": {"corrected": code},
    }
    line = {
        "x": [x for step in one.steps for x in (step.start_s, step.end_s, None)],
        "y": [y for step in one.steps for y in (step.mean.corrected, step.mean.corrected, None)],
        "line": {"color": color, "width": 2, "dash": "dash"},
        "text": [text for number, source in said for text in (*(f"{number}; {source}",) * 2, "")],
        "hovertemplate": f"{name}: %{{text}}<extra></extra>",
        "meta": {"corrected": code, "edges": [[step.start_s, step.end_s] for step in one.steps], "said": said},
    }
    return {**band, **shared}, {**line, **shared}


def _number(step: Step) -> str:
    """`2.31 (2.22 to 2.41)`."""
    low, high = step.mean.interval
    return f"{step.mean.corrected:.2f} ({low:.2f} to {high:.2f})"


def _source(step: Step, is_preliminary: bool) -> str:
    """`12 checked frames, 0:00.0 to 0:25.0, 95 % intervals`."""
    span = f"{format_time(step.start_s)} to {format_time(step.end_s)}"
    return f"{plural(step.frames, 'checked frame')}, {span}, {'preliminary ' if is_preliminary else ''}95 % intervals"


def _faint(color: str) -> str:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{_OPACITY})"
