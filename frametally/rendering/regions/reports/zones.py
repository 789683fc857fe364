"""What a zone has counted, as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from frametally.regions.messages import zone_definition, zone_note
from frametally.regions.shapes import Zone
from frametally.regions.visits import Visits, dwell_histogram, median_dwell_s
from frametally.rendering.regions.reports.class_look import ClassLook
from frametally.rendering.regions.reports.counted import Counted
from frametally.rendering.regions.reports.event import MAX_EVENTS, Event
from frametally.rendering.regions.reports.figures import Figure, dwell_figure, occupancy_figure


class ZoneRow(Struct, frozen=True, kw_only=True):
    """Visits of one class."""

    name: str
    color: str
    entries: int
    exits: int
    median_s: float | None


class ZoneReport(Struct, frozen=True, kw_only=True):
    """Visits of all classes."""

    id: str
    entries: int
    exits: int
    median_s: float | None
    most: int
    """Objects inside at one look."""
    classes: list[ZoneRow]
    events: list[Event]
    total_events: int
    figures: dict[str, Figure]
    definition: str
    """How it counts."""
    note: str | None
    """Which stays are not whole."""


def zone_report(counted: Counted, zone: Zone, bands_s: Sequence[tuple[float, float]] = ()) -> ZoneReport:
    """Visits per class, how long they last, and how many objects are inside over time."""
    found, inside = counted.visits(zone), counted.occupancy(zone)
    code, counts = counted.codes[found.class_code], counted.by_shown_class(inside.counts)
    chart = occupancy_figure(inside.time_s, counts, inside.is_followed_by_gap, counted.looks, counted.edges_s, bands_s)
    return ZoneReport(
        id=zone.id,
        entries=int((~found.was_inside).sum()),
        exits=int((~found.is_open).sum()),
        median_s=median_dwell_s(found),
        most=int(counts.sum(axis=1).max(initial=0)),
        classes=[_row(found, code == at, look) for at, look in enumerate(counted.looks) if (code == at).any()],
        events=_events(found, code, counted.looks),
        total_events=len(found),
        figures={"occupancy": chart, "dwell": dwell_figure(*dwell_histogram(found), zone.color)},
        definition=zone_definition(zone),
        note=zone_note(found),
    )


def _row(found: Visits, own: npt.NDArray[np.bool_], look: ClassLook) -> ZoneRow:
    complete = found.dwell_s[own & found.is_complete]
    return ZoneRow(
        name=look.name,
        color=look.color,
        entries=int((own & ~found.was_inside).sum()),
        exits=int((own & ~found.is_open).sum()),
        median_s=float(np.median(complete)) if len(complete) else None,
    )


def _events(found: Visits, code: npt.NDArray[np.int32], looks: Sequence[ClassLook]) -> list[Event]:
    return [
        Event(
            entry=int(found.enter_entry[at]),
            time_s=round(float(found.enter_s[at]), 3),
            kind="inside" if found.was_inside[at] else "enter",
            name=looks[code[at]].name,
            color=looks[code[at]].color,
            track_id=int(found.track_id[at]),
            dwell_s=round(float(found.dwell_s[at]), 3),
            is_open=not bool(found.is_complete[at]),
        )
        for at in range(min(len(found), MAX_EVENTS))
    ]
