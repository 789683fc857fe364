"""Stays in zones: the rules on paths by hand, and all of those of the demo's ground truth."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from frametally.regions.inside import inside
from frametally.regions.messages import zone_note
from frametally.regions.occupancy import occupancy
from frametally.regions.shapes import ANCHORS, Anchor, Zone
from frametally.regions.visits import Visits, dwell_histogram, median_dwell_s, visits
from tests.regions.reference import absence_s, is_inside, stays
from tests.support.track_rows import Box, tracks_of, truth_tracks, walking

DOCK = Zone(id="z1", name="Dock", points=((0.2, 0.2), (0.6, 0.2), (0.6, 0.8), (0.2, 0.8)), bridged_gap_s=0.5)
"""From (200, 100) to (600, 400)."""
IN, OUT = (400.0, 300.0), (800.0, 300.0)
FROM_S, SECONDS = 16.0, 14.0
TRUTH_ZONES = (
    Zone(id="a", name="Middle", points=((0.35, 0.1), (0.62, 0.1), (0.66, 0.98), (0.3, 0.98))),
    Zone(
        id="b",
        name="Around the left corner",
        points=((-0.1, 1.1), (-0.1, 0.4), (0.15, 0.4), (0.15, 0.7), (0.4, 0.7), (0.4, 1.1)),
    ),
)


def walk(pattern: str, zone: Zone = DOCK, null: tuple[int, ...] = ()) -> Visits:
    """A track seen five times a second: `i` inside, `o` outside, a space not seen."""
    boxes: dict[int, Box] = {}
    for at, where in enumerate(pattern):
        if where != " ":
            boxes |= walking([IN if where == "i" else OUT], first=at)
    return visits(tracks_of({1: boxes}, np.arange(len(pattern)) / 5, null=null), zone)


def spans(found: Visits) -> list[tuple[float, float]]:
    return [(round(a, 3), round(b, 3)) for a, b in zip(found.enter_s.tolist(), found.exit_s.tolist(), strict=True)]


def test_a_stay_lasts_from_the_first_look_inside_to_the_first_after_it() -> None:
    found = walk("ooiiioo")
    assert (spans(found), found.dwell_s.tolist()) == ([(0.4, 1.0)], [pytest.approx(0.6)])
    assert (found.enter_entry.tolist(), found.exit_entry.tolist()) == ([2], [5])
    assert found.is_complete.tolist() == [True]


def test_an_object_that_is_not_seen_any_more_has_left_at_the_next_look() -> None:
    found = walk("ooiii  ")
    assert (spans(found), found.is_open.tolist()) == ([(0.4, 1.0)], [False])


@pytest.mark.parametrize("gap", ["oo", "  ", "o ", " o"])
def test_absences_up_to_the_tolerance_are_bridged(gap: str) -> None:
    assert spans(walk(f"oi{gap}ioooo")) == [(0.2, 1.0)]  # away for 0.4 s
    assert spans(walk(f"oi{gap}{gap}ioooo")) == [(0.2, 0.4), (1.2, 1.4)]  # for 0.8 s
    longer = msgspec.structs.replace(DOCK, bridged_gap_s=0.8)
    assert spans(walk(f"oi{gap}{gap}ioooo", longer)) == [(0.2, 1.4)]


def test_a_stay_at_the_end_is_open_and_one_at_the_start_had_begun_before() -> None:
    found = walk("iioiiii", msgspec.structs.replace(DOCK, bridged_gap_s=0))
    assert spans(found) == [(0.0, 0.4), (0.6, 1.2)]
    assert found.was_inside.tolist() == [True, False]
    assert found.is_open.tolist() == [False, True]
    assert found.dwell_s.tolist() == pytest.approx([0.4, 0.6])
    assert median_dwell_s(found) is None
    assert zone_note(found) == "1 inside at the start, 1 inside at the end: not in the median."


def test_frames_that_were_not_analyzed_end_no_stay_and_are_named() -> None:
    found = walk("oi      iooo", null=(2, 3, 4, 5, 6, 7))
    assert (spans(found), found.not_analyzed_s.tolist()) == ([(0.2, 1.8)], [pytest.approx(1.4)])
    assert zone_note(found) == "1 stay lasts over frames that were not analyzed, 1.4 s in all."
    whole = walk("oiiiioo")
    assert (whole.not_analyzed_s.tolist(), zone_note(whole)) == ([0], None)


def test_an_exit_or_entry_in_a_long_stretch_that_was_not_analyzed_is_not_seen() -> None:
    null = tuple(range(4, 10))  # 1.4 s between the looks
    gone = walk("ooii      oo", null=null)
    assert (spans(gone), gone.is_open.tolist(), gone.was_inside.tolist()) == ([(0.4, 0.6)], [True], [False])
    assert gone.exit_entry.tolist() == [3]
    come = walk("oooo      iioo", null=null)
    assert (spans(come), come.is_open.tolist(), come.was_inside.tolist()) == ([(2.0, 2.4)], [False], [True])
    for found in (gone, come):
        assert (median_dwell_s(found), found.not_analyzed_s.tolist()) == (None, [0])
        assert zone_note(found) == "1 inside next to frames that were not analyzed: not in the median."
    tolerant = msgspec.structs.replace(DOCK, bridged_gap_s=1.4)
    assert walk("ooii      oo", tolerant, null).is_complete.tolist() == [True]


def test_an_absence_of_exactly_the_tolerance_is_bridged_wherever_it_is() -> None:
    times_s = np.round(np.arange(1600) / 25, 4)
    zone = msgspec.structs.replace(DOCK, bridged_gap_s=1.0)
    for first in range(1, 1500, 7):
        path = walking([IN] * 10, first) | walking([IN] * 10, first + 35)
        assert len(visits(tracks_of({1: path}, times_s), zone)) == 1


def test_an_empty_zone_has_no_stays() -> None:
    found = walk("ooo")
    assert (len(found), median_dwell_s(found), dwell_histogram(found)[0].sum()) == (0, None, 0)
    assert len(visits(tracks_of({}, []), DOCK)) == 0


@pytest.mark.parametrize("anchor", ["top_left", "bottom_right"])
def test_a_zone_drawn_to_the_border_includes_objects_that_the_border_cuts(anchor: Anchor) -> None:
    whole = Zone(id="z", name="All", points=((0, 0), (1, 0), (1, 1), (0, 1)), anchor=anchor)
    tracks = tracks_of({1: {0: (0, 0, 20, 20)}, 2: {0: (980, 480, 1000, 500)}}, [0.0])
    assert occupancy(tracks, whole).counts.tolist() == [[2]]


def test_the_distribution_is_that_of_the_stays_with_both_ends() -> None:
    found = walk("oiooooiiiooooiiiii", msgspec.structs.replace(DOCK, bridged_gap_s=0))
    assert median_dwell_s(found) == pytest.approx(0.4)  # of 0.2 and 0.6; the third is open
    counts, edges = dwell_histogram(found, bins=2)
    assert (counts.tolist(), edges.tolist()) == ([1, 1], pytest.approx([0, 0.3, 0.6]))


@pytest.mark.parametrize("anchor", ANCHORS)
@pytest.mark.parametrize("zone", TRUTH_ZONES, ids=lambda zone: zone.name)
def test_stays_are_those_of_the_truth_sampled_at_the_same_looks(zone: Zone, anchor: Anchor) -> None:
    for rate in (25.0, 10.0, 5.0) if zone is TRUTH_ZONES[0] else (10.0,):
        tracks = truth_tracks(FROM_S, SECONDS, rate)
        asked = msgspec.structs.replace(zone, anchor=anchor)
        found, expected = visits(tracks, asked), stays(tracks, asked)
        looks = [*tracks.analyzed_time_s.tolist(), tracks.analyzed_time_s[-1]]
        pairs = zip(found.track_id.tolist(), found.enter_s.tolist(), found.exit_s.tolist(), strict=True)
        assert sorted(pairs) == sorted(
            (number, enter_s, looks[looks.index(last_s) + 1])
            for number, spans_s in expected.items()
            for enter_s, last_s in spans_s
        )


@pytest.mark.parametrize("anchor", ANCHORS)
def test_dwell_is_within_one_look_at_each_end_of_the_truth_at_25_looks(anchor: Anchor) -> None:
    zone = msgspec.structs.replace(TRUTH_ZONES[0], anchor=anchor)
    exact = visits(truth_tracks(FROM_S, SECONDS), zone)
    known = {(number): at for at, number in enumerate(exact.track_id.tolist())}
    for rate in (10.0, 5.0):
        found = visits(truth_tracks(FROM_S, SECONDS, rate), zone)
        long = exact.dwell_s > 1 / rate + 0.04
        assert set(exact.track_id[long].tolist()) <= set(found.track_id.tolist()) <= set(known)
        at = np.array([known[number] for number in found.track_id.tolist()])
        one_look_s = 1 / rate + 0.04 / 2 + 1e-6  # looks at 10 a second are the nearest frames of 25
        assert np.abs(found.enter_s - exact.enter_s[at]).max() <= one_look_s
        assert np.abs(found.exit_s - exact.exit_s[at]).max() <= one_look_s


def test_the_stays_add_up_to_the_occupancy() -> None:
    tracks = truth_tracks(FROM_S, SECONDS)
    zone = msgspec.structs.replace(TRUTH_ZONES[0], bridged_gap_s=0)
    counts = occupancy(tracks, zone).counts.sum(axis=1)[:-1]
    assert visits(tracks, zone).dwell_s.sum() == pytest.approx((counts * np.diff(tracks.analyzed_time_s)).sum())


def test_disjoint_zones_never_hold_more_than_the_boxes_there_are() -> None:
    tracks = truth_tracks(FROM_S, SECONDS, 10.0)
    random = np.random.default_rng(1)
    cuts, tops = ([0.0, *sorted(random.uniform(0, 1, 6).tolist()), 1.0] for _ in range(2))
    strips = [
        Zone(id=f"z{at}", name=f"{at}", points=((tops[at], -1), (tops[at + 1], -1), (cuts[at + 1], 2), (cuts[at], 2)))
        for at in range(7)
    ]
    held = sum(occupancy(tracks, zone).counts for zone in strips)
    everywhere = Zone(id="all", name="all", points=((-1, -1), (2, -1), (2, 2), (-1, 2)))
    boxes = occupancy(tracks, everywhere).counts
    assert (held <= boxes).all()
    assert np.array_equal(boxes.sum(axis=1), np.bincount(tracks.entry, minlength=len(boxes)))


@pytest.mark.parametrize("corners", [3, 5, 11, 12, 40, 200])
def test_points_are_inside_as_by_the_winding_number(corners: int) -> None:
    random = np.random.default_rng(corners)
    turns = np.sort(random.uniform(0, 2 * np.pi, corners))
    reach = random.uniform(20, 50, corners)
    star = np.column_stack([60 + reach * np.cos(turns), 60 + reach * np.sin(turns)])
    points = np.concatenate([random.uniform(0, 120, (500, 2)), star, np.repeat(star[:, :1], 2, axis=1)])
    found = inside(points[:, 0], points[:, 1], star)
    expected = [is_inside((x, y), [tuple(corner) for corner in star.tolist()]) for x, y in points.tolist()]
    edges = np.abs(found.astype(int) - np.array(expected).astype(int))[:500]
    assert edges.sum() == 0


def test_each_point_is_in_exactly_one_of_the_zones_that_share_an_edge() -> None:
    x, y = (grid.ravel().astype(float) for grid in np.meshgrid(np.arange(0, 61), np.arange(0, 61)))
    middle = (23.0, 37.0)
    frame = [(-1.0, -1.0), (61.0, -1.0), (61.0, 61.0), (-1.0, 61.0)]
    parts = [np.array([middle, frame[at], frame[(at + 1) % 4]]) for at in range(4)]
    assert np.all(sum(inside(x, y, part).astype(int) for part in parts) == 1)


def test_absence_is_measured_from_the_first_look_without_the_object() -> None:
    assert absence_s([0, 1, 2, 3], 0, 3) == 2
    assert absence_s([0, 1, 2, 3], 0, 1) == 0
