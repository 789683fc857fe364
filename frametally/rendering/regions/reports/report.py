"""What a set of lines and zones counts in a view: numbers, events and charts, as the browser shows them."""

from __future__ import annotations

from msgspec import Struct, field

from frametally.analysis.view import View
from frametally.regions.messages import DEFINITIONS
from frametally.regions.questions.queries import DEFINITIONS as QUESTIONS
from frametally.regions.shapes import RegionSet
from frametally.rendering.regions.reports.counted import Counted
from frametally.rendering.regions.reports.flows import FlowReport, flow_report
from frametally.rendering.regions.reports.lines import LineReport, line_report
from frametally.rendering.regions.reports.rules import RuleReport, rule_reports
from frametally.rendering.regions.reports.speeds import SpeedReport, speed_report
from frametally.rendering.regions.reports.zones import ZoneReport, zone_report
from frametally.tracking.unique import find_unique_objects


class ObjectsRow(Struct, frozen=True):
    """Unique objects of one class."""

    name: str
    color: str
    count: int
    low: int | None
    """With other settings of the tracker; None while it is not known, and without ranges."""
    high: int | None


class Report(Struct, frozen=True, kw_only=True):
    """The answer to a set of lines and zones."""

    state: str = "done"
    classes: list[str]
    """Names in the results, by which rules know them."""
    lines: list[LineReport]
    zones: list[ZoneReport]
    flows: FlowReport
    rules: list[RuleReport]
    objects: list[ObjectsRow]
    has_ranges: bool
    """Whether these have ranges, now or soon: those of whole videos, without ids of the results."""
    speeds: SpeedReport | None
    """None without a scale."""
    warning: str = ""
    """Why objects may be counted wrongly."""
    warnings: list[str] = []
    """About the set."""
    background: bytes | None = None
    """Of the video, as a set keeps it; None while it is not known."""
    definitions: dict[str, str] = field(default_factory=lambda: DEFINITIONS)
    questions: dict[str, str] = field(default_factory=lambda: QUESTIONS)
    """What each kind of question finds."""


def report(counted: Counted, view: View, regions: RegionSet) -> Report:
    """Everything that the tab shows."""
    rules = rule_reports(counted, regions)
    has_ranges = view.time_range_s is None and not counted.tracks.joined.by_ids
    return Report(
        classes=list(counted.tracks.classes),
        lines=[line_report(counted, line) for line in regions.lines],
        zones=[zone_report(counted, zone, _held_s(rules, zone.id)) for zone in regions.zones],
        flows=flow_report(counted, regions),
        rules=rules,
        objects=_objects(counted, view, has_ranges=has_ranges),
        has_ranges=has_ranges,
        warning=counted.warning,
        speeds=speed_report(counted, regions.scale),
    )


def _held_s(rules: list[RuleReport], zone_id: str) -> list[tuple[float, float]]:
    """When a rule of this zone held."""
    return [(one.first_s, one.last_s) for rule in rules if rule.zone == zone_id for one in rule.intervals]


def _objects(counted: Counted, view: View, *, has_ranges: bool) -> list[ObjectsRow]:
    """Those of the tracks, with ranges once another process has found them."""
    found = find_unique_objects(view) if has_ranges else None
    ranges = {row.class_name: (row.low, row.high) for row in found or ()}
    return [
        ObjectsRow(look.name, look.color, count, *ranges.get(look.name, (None, None)))
        for look, count in zip(counted.looks, counted.objects, strict=True)
        if count
    ]
