"""What a line has counted, as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from frametally.regions.crossings import Crossings
from frametally.regions.messages import line_definition
from frametally.regions.reasons import reason
from frametally.regions.shapes import Line
from frametally.rendering.regions.reports.class_look import ClassLook
from frametally.rendering.regions.reports.counted import Counted
from frametally.rendering.regions.reports.event import MAX_EVENTS, Event
from frametally.rendering.regions.reports.figures import Figure, crossings_figure


class LineRow(Struct, frozen=True, kw_only=True, rename={"in_": "in"}):
    """Crossings of one class."""

    name: str
    color: str
    in_: int
    out: int


class LineReport(Struct, frozen=True, kw_only=True, rename={"in_": "in"}):
    """Crossings of all classes."""

    id: str
    in_: int
    out: int
    classes: list[LineRow]
    events: list[Event]
    total_events: int
    figures: dict[str, Figure]
    definition: str
    """How it counts."""
    note: str | None
    """Why it has counted nothing."""


def line_report(counted: Counted, line: Line) -> LineReport:
    """Crossings of the line per class and over time."""
    found = counted.crossings(line)
    code = counted.codes[found.class_code]
    ways = [np.bincount(code[way], minlength=len(counted.looks)) for way in (found.is_in, ~found.is_in)]
    return LineReport(
        id=line.id,
        in_=int(ways[0].sum()),
        out=int(ways[1].sum()),
        classes=[
            LineRow(name=look.name, color=look.color, in_=int(ways[0][at]), out=int(ways[1][at]))
            for at, look in enumerate(counted.looks)
            if ways[0][at] or ways[1][at]
        ],
        events=_events(found, code, counted.looks),
        total_events=len(found),
        figures={"counts": crossings_figure(found.time_s, code, found.is_in, counted.looks, counted.edges_s)},
        definition=line_definition(line),
        note=None if len(found) else reason(counted.tracks, line),
    )


def _events(found: Crossings, code: npt.NDArray[np.int32], looks: Sequence[ClassLook]) -> list[Event]:
    return [
        Event(
            entry=int(found.entry[at]),
            time_s=round(float(found.time_s[at]), 3),
            kind="in" if found.is_in[at] else "out",
            name=looks[code[at]].name,
            color=looks[code[at]].color,
            track_id=int(found.track_id[at]),
        )
        for at in range(min(len(found), MAX_EVENTS))
    ]
