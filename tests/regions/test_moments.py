"""The moments that answer a question."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from frametally.errors import RegionsError
from frametally.regions.questions.moments import MAX_MOMENTS, FoundMoment, find
from frametally.regions.questions.queries import (
    DEFINITIONS,
    CrossedThen,
    FirstAfter,
    MoreThan,
    Query,
    Together,
    decode_query,
)
from frametally.regions.shapes import Line, RegionSet, Zone
from frametally.tracking.tracks import Tracks
from tests.support.track_rows import Box, tracks_of, walking

SET = RegionSet(
    camera="c",
    size=(1000, 500),
    lines=(
        Line(id="a", name="A", start=(0.3, 1), end=(0.3, 0), hysteresis_px=0),
        Line(id="b", name="B", start=(0.6, 1), end=(0.6, 0), hysteresis_px=0),
    ),
    zones=(Zone(id="z", name="Left", points=((0, 0), (0.5, 0), (0.5, 1), (0, 1))),),
)
HERE: Box = (100, 100, 120, 140)


def seen(**patterns: str) -> Tracks:
    """One track of each class, seen once a second where the pattern has an `x`; `-` in any: not analyzed."""
    paths = {
        number: {at: HERE for at, mark in enumerate(pattern) if mark == "x"}
        for number, pattern in enumerate(patterns.values(), start=1)
    }
    length = len(next(iter(patterns.values())))
    null = [at for at in range(length) if any(pattern[at] == "-" for pattern in patterns.values())]
    classes = dict(enumerate(patterns, start=1))
    return tracks_of(paths, np.arange(length, dtype=np.float64), classes=classes, null=null)


def spans(found: list[FoundMoment]) -> list[tuple[float, float, int]]:
    return [(one.start_s, one.end_s, one.entry) for one in found]


def test_two_classes_within_two_seconds() -> None:
    tracks = seen(person="xx.....x..xx.", forklift="...x.....x..x")
    query = Together(first="person", second="forklift", within_s=2)
    # Person at 1, forklift at 3; person at 7, forklift at 9, then both around 10 to 12.
    found = find(tracks, SET, query)
    assert spans(found) == [(1, 3, 3), (7, 12, 9)]
    assert found[0].track_ids == (1, 2)
    assert find(tracks, SET, Together(first="forklift", second="person", within_s=2)) == found
    assert spans(find(tracks, SET, msgspec.structs.replace(query, within_s=0))) == []
    assert find(tracks, SET, Together(first="person", second="ghost", within_s=9)) == []


def test_exactly_the_time_apart_is_one_moment_wherever_it_is() -> None:
    times_s, query = np.round(np.arange(300) / 25, 4), Together(first="person", second="forklift", within_s=0.2)
    box: Box = (490, 200, 510, 250)
    for first in range(200):
        tracks = tracks_of({1: {first: box}, 2: {first + 5: box}}, times_s, classes={1: "person", 2: "forklift"})
        assert spans(find(tracks, SET, query)) == [(times_s[first], times_s[first + 5], first + 5)]


def test_more_than_a_number_at_the_same_time() -> None:
    tracks = seen(person="xxx..x", car="xx.xxx", dog="xx...x")
    assert spans(find(tracks, SET, MoreThan(more_than=2))) == [(0, 1, 0), (5, 5, 5)]
    assert spans(find(tracks, SET, MoreThan(more_than=1, classes=("person", "car")))) == [(0, 1, 0), (5, 5, 5)]
    assert spans(find(tracks, SET, MoreThan(more_than=0, classes=("person",), zone="z"))) == [(0, 2, 0), (5, 5, 5)]
    assert find(tracks, SET, MoreThan(more_than=3)) == []


def test_the_frame_is_the_first_with_the_most_and_a_gap_divides() -> None:
    tracks = seen(person="xxxx-xx", car=".xx.-x.")
    assert spans(find(tracks, SET, MoreThan(more_than=0))) == [(0, 3, 1), (5, 6, 5)]
    assert find(tracks, SET, MoreThan(more_than=0))[0].track_ids == (1, 2)


def test_the_first_of_each_class_after_a_time() -> None:
    tracks = seen(person="x..xx", car=".x...")
    assert spans(find(tracks, SET, FirstAfter(after_s=1))) == [(1, 1, 1), (3, 3, 3)]
    assert spans(find(tracks, SET, FirstAfter(classes=("car",), after_s=1.5))) == []


def crossed(*walks: list[float], query: CrossedThen) -> list[FoundMoment]:
    paths = {number: walking([(x, 250.0) for x in walk]) for number, walk in enumerate(walks, start=1)}
    return find(tracks_of(paths, np.arange(20, dtype=np.float64)), SET, query)


def test_one_line_and_then_another() -> None:
    there = [250.0, 350, 450, 550, 650]
    query = CrossedThen(line="a", second_line="b")
    (one,) = crossed(there, there[::-1], query=query)
    assert (one.start_s, one.end_s, one.entry, one.track_ids) == (0.5, 3.5, 4, (1,))
    assert len(crossed(there, there[::-1], query=CrossedThen(line="b", second_line="a"))) == 1
    assert len(crossed(there, query=msgspec.structs.replace(query, within_s=3.0))) == 1
    assert crossed(there, query=msgspec.structs.replace(query, within_s=2.9)) == []
    assert crossed(there, query=msgspec.structs.replace(query, way="out")) == []
    assert len(crossed(there, query=msgspec.structs.replace(query, way="in", second_way="in"))) == 1


def test_each_crossing_belongs_to_one_moment() -> None:
    around = [250.0, 350, 650, 550, 650, 250, 350, 650]
    assert len(crossed(around, query=CrossedThen(line="a", way="in", second_line="b", second_way="in"))) == 2


def test_there_are_at_most_a_thousand_moments() -> None:
    tracks = seen(person="x." * 1200)
    assert len(find(tracks, SET, MoreThan(more_than=0))) == MAX_MOMENTS


QUERIES: list[Query] = [
    Together(first="person", second="forklift", within_s=2),
    MoreThan(classes=("person",), more_than=3, zone="z"),
    FirstAfter(classes=("car",), after_s=60),
    CrossedThen(line="a", way="in", second_line="b", within_s=30),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: type(query).__name__)
def test_questions_come_back_from_their_json_and_are_explained(query: Query) -> None:
    content = msgspec.json.encode(query)
    assert decode_query(content) == query
    assert msgspec.json.decode(content)["kind"] in DEFINITIONS
    assert find(tracks_of({}, []), SET, query) == []
    assert find(tracks_of({}, [0.0]), SET, query) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"kind": "sql"}',
        b'{"kind": "together", "first": "a", "second": "a"}',
        b'{"kind": "more_than", "more_than": -1}',
        b'{"kind": "first_after", "after_s": 1e999}',
        b'{"kind": "first_after", "more": 1}',
        b"[" * 60_000,
        b" " * 70_000,
    ],
)
def test_what_is_not_a_question_is_refused(content: bytes) -> None:
    with pytest.raises(RegionsError, match=r"not a valid question|too long"):
        decode_query(content)


@pytest.mark.parametrize("query", [MoreThan(more_than=0, zone="x"), CrossedThen(line="x", second_line="b")])
def test_a_region_that_is_gone_is_named(query: Query) -> None:
    with pytest.raises(RegionsError, match="There is no such"):
        find(seen(person="x"), SET, query)
