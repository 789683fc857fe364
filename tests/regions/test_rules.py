"""The intervals of rules."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from frametally.regions.rules import RuleInterval, rule_intervals
from frametally.regions.shapes import RegionSet, Rule, Zone
from tests.support.track_rows import Box, tracks_of

DOCK = Zone(id="z1", name="Dock", points=((0, 0), (0.5, 0), (0.5, 1), (0, 1)), bridged_gap_s=1)
CROWD = Rule(name="Crowd", zone="z1", classes=("person",), more_than=1)


def of(counts: str, rule: Rule = CROWD, *, every_s: float = 1.0, others: int = 0) -> list[RuleInterval]:
    """The intervals for these numbers of people in the zone; `-`: not analyzed."""
    boxes: dict[int, dict[int, Box]] = {}
    for entry, count in enumerate(counts):
        for number in range(int(count) if count != "-" else 0):
            boxes.setdefault(number + 1, {})[entry] = (10, 10, 20, 20)
        for number in range(others):
            boxes.setdefault(number + 10, {})[entry] = (10, 10, 20, 20)
    null = [entry for entry, count in enumerate(counts) if count == "-"]
    classes = {number: "forklift" if number >= 10 else "person" for number in boxes}
    tracks = tracks_of(boxes, np.arange(len(counts), dtype=np.float64) * every_s, classes=classes, null=null)
    return rule_intervals(tracks, RegionSet(camera="c", size=(1000, 500), zones=(DOCK,), rules=(rule,)))


def spans(found: list[RuleInterval]) -> list[tuple[float, float]]:
    return [(one.start_s, one.end_s) for one in found]


def test_an_interval_lasts_from_the_first_look_above_to_the_first_not_above() -> None:
    (one,) = of("0012321100")
    assert (one.rule, one.zone, one.start_s, one.end_s, one.start_entry, one.peak, one.is_open) == (
        "Crowd", "Dock", 3.0, 6.0, 3, 3, False,
    )  # fmt: skip


def test_it_counts_only_if_it_lasts() -> None:
    rule = msgspec.structs.replace(CROWD, for_s=2.0)
    assert spans(of("02100220010222", rule)) == [(5, 7), (11, 13)]


def test_durations_of_exactly_the_limit_are_within_it_wherever_they_are() -> None:
    times_s = np.round(np.arange(2400) / 25, 4)
    lasting = msgspec.structs.replace(CROWD, more_than=0, for_s=10.0)
    cooled = msgspec.structs.replace(CROWD, more_than=0, cooldown_s=10.0)
    inside: Box = (10, 10, 20, 20)
    for first in range(1, 1500, 7):
        long = tracks_of({1: dict.fromkeys(range(first, first + 250), inside)}, times_s)
        twice = tracks_of({1: {first: inside, first + 251: inside}}, times_s)  # from one exit to the next entry
        for tracks, rule, intervals in ((long, lasting, 1), (twice, cooled, 2)):
            regions = RegionSet(camera="c", size=(1000, 500), zones=(DOCK,), rules=(rule,))
            assert len(rule_intervals(tracks, regions)) == intervals


def test_hysteresis_bridges_counts_near_the_number() -> None:
    assert spans(of("0212102")) == [(1, 2), (3, 4), (6, 6)]
    assert spans(of("0212102", msgspec.structs.replace(CROWD, hysteresis=1))) == [(1, 5), (6, 6)]


def test_what_begins_within_the_cooldown_belongs_to_the_interval() -> None:
    assert spans(of("0200200002000", msgspec.structs.replace(CROWD, cooldown_s=3.0))) == [(1, 5), (9, 10)]


def test_an_interval_at_the_end_is_open() -> None:
    (one,) = of("0022")
    assert (one.end_s, one.is_open) == (3.0, True)


def test_other_classes_count_only_without_a_list() -> None:
    assert of("0111", others=2) == []
    assert spans(of("0111", msgspec.structs.replace(CROWD, classes=()), others=2)) == [(0, 3)]
    assert of("0222", msgspec.structs.replace(CROWD, classes=("car",))) == []


def test_a_long_stretch_that_was_not_analyzed_ends_it_and_a_short_one_does_not() -> None:
    assert [(one.start_s, one.end_s, one.is_open) for one in of("02---2200")] == [(1, 1, True), (5, 7, False)]
    (short,) = of("02-220", every_s=0.4)
    assert [short.start_s, short.end_s] == pytest.approx([0.4, 2.0])


def test_without_rules_or_looks_there_are_no_intervals() -> None:
    assert of("") == []
    assert rule_intervals(tracks_of({}, [0.0]), RegionSet(camera="c", size=(1, 1))) == []


def test_random_counts_hold_as_look_by_look() -> None:
    random = np.random.default_rng(5)
    for _ in range(40):
        counts = "".join(random.choice(list("0123-"), 40, p=[0.2, 0.2, 0.25, 0.25, 0.1]))
        hysteresis = int(random.integers(0, 2))
        expected = look_by_look(counts, hysteresis)
        assert spans(of(counts, msgspec.structs.replace(CROWD, hysteresis=hysteresis))) == expected


def look_by_look(counts: str, hysteresis: int) -> list[tuple[float, float]]:
    """The intervals of more than one person; one missing look is 2 s without an analyzed one, longer than 1 s."""
    found: list[tuple[float, float]] = []
    begun: int | None = None
    last = 0
    for at, count in enumerate(counts):
        if count == "-":
            if begun is not None:
                found.append((begun, last))
                begun = None
            continue
        last = at
        if begun is None and int(count) > 1:
            begun = at
        elif begun is not None and int(count) <= 1 - hysteresis:
            found.append((begun, at))
            begun = None
    return found if begun is None else [*found, (begun, last)]
