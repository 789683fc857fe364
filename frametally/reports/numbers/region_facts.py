"""What a brief states about lines and zones."""

from __future__ import annotations

from collections.abc import Mapping

from frametally.analysis.view import View
from frametally.regions.shapes import RegionSet
from frametally.rendering.regions.reports.counted import Counted
from frametally.rendering.regions.reports.lines import LineReport
from frametally.rendering.regions.reports.report import report
from frametally.rendering.regions.reports.zones import ZoneReport
from frametally.reports.facts import Chart, RegionFacts, RegionRow
from frametally.reports.numbers.figures import Figure, shown_name
from frametally.tracking.tracks import Tracks


def region_facts(
    tracks: Tracks, view: View, regions: RegionSet, camera: str, colors: Mapping[str, str]
) -> RegionFacts | None:
    """What each line and zone counted; None if there are none."""
    if not regions.lines and not regions.zones:
        return None
    found = report(Counted.of(tracks, view, colors), view, regions)
    lines = [_line(one, line.name, line.color) for one, line in zip(found.lines, regions.lines, strict=True)]
    zones = [_zone(one, zone.name, zone.color) for one, zone in zip(found.zones, regions.zones, strict=True)]
    warnings = [text for text in (found.warning, *found.warnings) if text]
    return RegionFacts(camera=camera, rows=(*lines, *zones), warnings=tuple(warnings))


def _line(found: LineReport, name: str, color: str) -> RegionRow:
    return RegionRow(
        name=name,
        color=color,
        numbers=(("In", f"{found.in_:,}"), ("Out", f"{found.out:,}")),
        by_class=tuple((row.name, row.color, (f"{row.in_:,}", f"{row.out:,}")) for row in found.classes),
        chart=Chart(title=f"Crossings of {name}", definition=found.definition, figure=_safe(found.figures["counts"])),
        definition=found.definition,
        note=found.note or "",
    )


def _zone(found: ZoneReport, name: str, color: str) -> RegionRow:
    numbers = (
        ("Entries", f"{found.entries:,}"),
        ("Exits", f"{found.exits:,}"),
        ("Median stay", _seconds(found.median_s)),
    )
    rows = [
        (row.name, row.color, (f"{row.entries:,}", f"{row.exits:,}", _seconds(row.median_s))) for row in found.classes
    ]
    return RegionRow(
        name=name,
        color=color,
        numbers=numbers,
        by_class=tuple(rows),
        chart=Chart(title=f"Objects in {name}", definition=found.definition, figure=_safe(found.figures["occupancy"])),
        definition=found.definition,
        note=found.note or "",
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def _safe(figure: Figure) -> Figure:
    """With names that plotly does not interpret."""
    named = [trace | {"name": shown_name(trace["name"])} if "name" in trace else trace for trace in figure["data"]]
    return {**figure, "data": named}
