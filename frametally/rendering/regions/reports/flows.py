"""How objects go from one line or zone to the next, as the page shows it."""

from __future__ import annotations

from msgspec import Struct

from frametally.regions.events import events_of
from frametally.regions.flows import flows
from frametally.regions.shapes import RegionSet
from frametally.rendering.regions.reports.counted import Counted


class Place(Struct, frozen=True):
    """A direction of a line, or a zone."""

    name: str
    color: str


class Flow(Struct, frozen=True, rename={"from_": "from"}):
    """How often objects went from one place to another one next."""

    from_: int
    """Index of the place."""
    to: int
    count: int
    classes: dict[str, int]
    """Count by class name of the view."""


class FlowReport(Struct, frozen=True):
    """The matrix, without its zeros."""

    places: list[Place]
    moves: list[Flow]


def flow_report(counted: Counted, regions: RegionSet) -> FlowReport:
    """The flow matrix of all classes of the view."""
    if not (regions.lines or regions.zones):
        return FlowReport([], [])
    crossed = [counted.crossings(line) for line in regions.lines]
    events = events_of(crossed, [counted.visits(zone) for zone in regions.zones])
    found = flows(events, regions, len(counted.tracks.classes))
    colors = [line.color for line in regions.lines for _ in range(2)] + [zone.color for zone in regions.zones]
    size = len(found.places)
    shown = counted.by_shown_class(found.counts.reshape(len(counted.tracks.classes), -1).T).reshape(size, size, -1)
    totals = shown.sum(axis=2)
    names = [look.name for look in counted.looks]
    moves = []
    for at, to in zip(*totals.nonzero(), strict=True):
        by_class = zip(names, shown[at, to].tolist(), strict=True)
        moves.append(Flow(int(at), int(to), int(totals[at, to]), {name: count for name, count in by_class if count}))
    return FlowReport([Place(name, color) for name, color in zip(found.places, colors, strict=True)], moves)
