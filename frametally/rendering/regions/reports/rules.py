"""When rules held, as the page shows it."""

from __future__ import annotations

from msgspec import Struct

from frametally.regions.messages import rule_definition, rule_note
from frametally.regions.rules import RuleInterval, rule_intervals
from frametally.regions.shapes import RegionSet
from frametally.rendering.regions.reports.counted import Counted


class Interval(Struct, frozen=True, kw_only=True):
    """A time for which a rule held."""

    first_s: float
    last_s: float
    entry: int
    peak: int
    is_open: bool


class RuleReport(Struct, frozen=True, kw_only=True):
    """A rule with its intervals."""

    name: str
    zone: str
    definition: str
    note: str | None
    """Why it cannot hold."""
    intervals: list[Interval]


def rule_reports(counted: Counted, regions: RegionSet) -> list[RuleReport]:
    """The intervals of each rule, in order of time."""
    found = rule_intervals(counted.tracks, regions, counted.occupancy)
    zones = {zone.id: zone for zone in regions.zones}
    return [
        RuleReport(
            name=rule.name,
            zone=rule.zone,
            definition=rule_definition(rule, zones[rule.zone]),
            note=rule_note(rule, counted.tracks.classes),
            intervals=[_interval(one) for one in found if one.rule == rule.name],
        )
        for rule in regions.rules
    ]


def _interval(one: RuleInterval) -> Interval:
    return Interval(first_s=one.start_s, last_s=one.end_s, entry=one.start_entry, peak=one.peak, is_open=one.is_open)
