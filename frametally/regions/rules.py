"""When the rules of a set hold: more objects than a number in a zone for a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.regions.occupancy import Occupancy, occupancy
from frametally.regions.paths import long_gaps
from frametally.regions.shapes import RegionSet, Rule, Zone
from frametally.tracking.tracks import ROUNDING_S, Tracks


@dataclass(frozen=True)
class RuleInterval:
    """A time for which a rule holds."""

    rule: str
    zone: str
    """Name of the zone."""
    start_s: float
    """First look with more objects than the number."""
    end_s: float
    """First look with few enough; the last look if it is open."""
    start_entry: int
    peak: int
    """Most objects at one look."""
    is_open: bool
    """It still holds at the last look, or where a stretch that was not analyzed begins."""


def rule_intervals(
    tracks: Tracks, regions: RegionSet, occupancy_of: Callable[[Zone], Occupancy] | None = None
) -> list[RuleInterval]:
    """The intervals of all rules, in order of time; those of one rule do not overlap.

    Args:
        tracks: in the view.
        regions: with the rules.
        occupancy_of: that of a zone with these tracks, if it is known.
    """
    count = occupancy_of or (lambda zone: occupancy(tracks, zone))
    zones = {zone.id: zone for zone in regions.zones}
    counted = {zone_id: count(zones[zone_id]) for zone_id in {rule.zone for rule in regions.rules}}
    found = [
        interval
        for rule in regions.rules
        for interval in intervals_of(rule, zones[rule.zone], counted[rule.zone], tracks.classes)
    ]
    return sorted(found, key=lambda interval: (interval.start_s, interval.rule))


def intervals_of(rule: Rule, zone: Zone, counted: Occupancy, classes: tuple[str, ...]) -> list[RuleInterval]:
    """The intervals of one rule, in order of time.

    It begins when the count exceeds `more_than`, ends when the count is at most `more_than - hysteresis`, and counts if
    it lasts at least `for_s`. A stretch longer than the tolerance of the zone that was not analyzed ends it.
    """
    wanted = [not rule.classes or name in rule.classes for name in classes]
    count = counted.counts[:, wanted].sum(axis=1)
    spans = [
        span
        for span in _holds(rule, count, long_gaps(counted.time_s, counted.entry, zone.bridged_gap_s))
        if _end_s(counted, span) - counted.time_s[span[0]] >= rule.for_s - ROUNDING_S
    ]
    return [_interval(rule, zone, counted, count, span) for span in _joined(spans, counted, rule.cooldown_s)]


Span = tuple[int, int, bool]
"""First look, last look, and whether it is open: otherwise the look after the last has few enough."""


def _holds(rule: Rule, count: npt.NDArray[np.int64], breaks: npt.NDArray[np.bool_]) -> list[Span]:
    """Where the count is above the number, with the hysteresis."""
    spans: list[Span] = []
    is_over, is_under = count > rule.more_than, count <= rule.more_than - rule.hysteresis
    begun: int | None = None
    for at in _changes(is_over.astype(np.int8) - is_under, breaks).tolist():
        if begun is not None and is_under[at]:
            spans.append((begun, at - 1, False))
            begun = None
        elif begun is None and is_over[at]:
            begun = at
        if begun is not None and breaks[at]:
            spans.append((begun, at, True))
            begun = None
    if begun is not None:
        spans.append((begun, len(count) - 1, True))
    return spans


def _changes(state: npt.NDArray[np.int8], breaks: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The looks at which something can change: the first with another state than 0, breaks, and those after breaks."""
    at = np.flatnonzero((state != 0) | breaks)
    is_new = np.ones(len(at), dtype=np.bool_)
    is_new[1:] = (state[at[1:]] != state[at[:-1]]) | breaks[at[1:]] | breaks[at[:-1]]
    return at[is_new]


def _end_s(counted: Occupancy, span: Span) -> float:
    _, last, is_open = span
    return float(counted.time_s[last if is_open else last + 1])


def _joined(spans: list[Span], counted: Occupancy, cooldown_s: float) -> list[Span]:
    """The spans, with those that begin within the cooldown after the end of another joined to it."""
    joined: list[Span] = []
    for first, last, is_open in spans:
        if joined and counted.time_s[first] - _end_s(counted, joined[-1]) < cooldown_s - ROUNDING_S:
            joined[-1] = (joined[-1][0], last, is_open)
        else:
            joined.append((first, last, is_open))
    return joined


def _interval(rule: Rule, zone: Zone, counted: Occupancy, count: npt.NDArray[np.int64], span: Span) -> RuleInterval:
    first, last, is_open = span
    return RuleInterval(
        rule=rule.name,
        zone=zone.name,
        start_s=float(counted.time_s[first]),
        end_s=_end_s(counted, span),
        start_entry=int(counted.entry[first]),
        peak=int(count[first : last + 1].max()),
        is_open=is_open,
    )
