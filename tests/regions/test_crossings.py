"""Crossings of lines: the rules on paths by hand, and all of those of the demo's ground truth."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from frametally.regions.crossings import Crossings, crossings
from frametally.regions.shapes import ANCHORS, Anchor, Line
from frametally.tracking.tracks import Tracks
from tests.regions.reference import passed
from tests.support.track_rows import Box, tracks_of, truth_tracks, walking

GATE = Line(id="l1", name="Gate", start=(0.2, 0.5), end=(0.8, 0.5), hysteresis_px=4)
"""From (200, 250) to (800, 250): in is downwards."""
FROM_S, SECONDS = 16.0, 14.0


def walk(*points: tuple[float, float], line: Line = GATE) -> Crossings:
    return crossings(tracks_of({1: walking(points)}, np.arange(len(points)) / 5), line)


def ways(found: Crossings) -> str:
    return "".join("i" if is_in else "o" for is_in in found.is_in.tolist())


def test_down_is_in_for_an_arrow_to_the_right() -> None:
    found = walk((500, 200), (500, 240), (500, 280))
    assert ways(found) == "i"
    assert found.time_s.tolist() == pytest.approx([0.25])  # a quarter of the way from 240 to 280
    assert (found.entry.tolist(), found.track_id.tolist(), found.span_s.tolist()) == ([2], [1], [pytest.approx(0.2)])


def test_there_and_back_within_the_hysteresis_counts_nothing() -> None:
    assert ways(walk((500, 200), (500, 253), (500, 247), (500, 254), (500, 200))) == ""
    assert ways(walk((500, 200), (500, 255), (500, 200))) == "io"
    assert ways(walk((500, 253), (500, 200), (500, 300))) == "i"  # it began in the band


def test_a_path_that_rests_on_the_line_is_counted_where_it_leaves_it() -> None:
    found = walk((500, 200), (500, 250), (500, 250), (500, 250), (500, 300))
    assert (ways(found), found.time_s.tolist(), found.entry.tolist()) == ("i", pytest.approx([0.6]), [3])


def test_only_paths_between_the_ends_count() -> None:
    assert ways(walk((199, 200), (199, 300))) == ""
    assert ways(walk((200, 200), (200, 300))) == "i"
    assert ways(walk((900, 200), (900, 300), (700, 300), (700, 200))) == "o"  # around the end, and back through it


def test_a_longer_loss_between_two_looks_still_counts() -> None:
    looks = walking([(500, 200)]) | walking([(500, 300)], first=9)
    found = crossings(tracks_of({1: looks}, np.arange(10) / 5), GATE)
    assert (ways(found), found.time_s.tolist(), found.span_s.tolist()) == ("i", [pytest.approx(0.9)], [1.8])


def test_the_end_of_one_track_and_the_start_of_the_next_are_no_crossing() -> None:
    found = tracks_of({1: walking([(500, 200)]), 2: walking([(500, 300)], first=1)}, [0, 0.2])
    assert len(crossings(found, GATE)) == 0
    assert len(crossings(tracks_of({}, [0.0]), GATE)) == 0


@pytest.mark.parametrize("anchor", ANCHORS)
def test_reversing_a_line_swaps_in_and_out_and_nothing_else(anchor: Anchor) -> None:
    line = msgspec.structs.replace(TRUTH_LINES[0], anchor=anchor)
    tracks = truth_tracks(FROM_S, SECONDS)
    there, back = crossings(tracks, line), crossings(tracks, line.reversed)
    assert len(there) > 0
    assert (there.is_in == ~back.is_in).all()
    assert there.time_s == pytest.approx(back.time_s)
    assert there.entry.tolist() == back.entry.tolist()
    assert there.counts(5)[:, ::-1].tolist() == back.counts(5).tolist()


TRUTH_LINES = (
    Line(id="a", name="Across both belts", start=(0.42, 0.95), end=(0.5, 0.1), hysteresis_px=3),
    Line(id="b", name="Across both belts, right", start=(0.62, 1.0), end=(0.66, 0.0), hysteresis_px=3),
)


@pytest.mark.parametrize("anchor", ANCHORS)
@pytest.mark.parametrize("line", TRUTH_LINES, ids=lambda line: line.name)
def test_crossings_are_those_of_the_truth_at_25_looks_a_second(line: Line, anchor: Anchor) -> None:
    line = msgspec.structs.replace(line, anchor=anchor)
    truth = list(passed(truth_tracks(FROM_S, SECONDS), line))
    assert len(truth) > 3
    expected = sorted((one.track_id, one.is_in) for one in truth)
    for rate in (25.0, 10.0):
        assert seen(crossings(truth_tracks(FROM_S, SECONDS, rate), line)) == expected
    # At 5 looks, an object may be missed that is on one side for less than the 0.2 s between two looks.
    short = [one for one in truth if one.shortest_s < 0.2]
    found = seen(crossings(truth_tracks(FROM_S, SECONDS, 5.0), line))
    assert set(found) <= set(expected)
    assert len(expected) - len(short) <= len(found) <= len(expected)


@pytest.mark.parametrize("hysteresis_px", [0.0, 2.0, 3.5])
def test_random_walks_are_counted_as_look_by_look(hysteresis_px: float) -> None:
    """On whole pixels, so that anchors are often exactly on the line, on its ends and on the hysteresis."""
    random = np.random.default_rng(7)
    steps = random.integers(-3, 4, (300, 30, 2)).cumsum(axis=1) + random.integers(-6, 7, (300, 1, 2)) + (400, 250)
    paths = {number + 1: walking([(float(x), float(y)) for x, y in walk]) for number, walk in enumerate(steps.tolist())}
    tracks = tracks_of(paths, np.arange(30) / 5)
    line = Line(id="l", name="Short", start=(0.39, 0.5), end=(0.41, 0.5), hysteresis_px=hysteresis_px)
    found, expected = crossings(tracks, line), sorted(passed(tracks, line), key=lambda one: (one.time_s, one.track_id))
    assert len(expected) > 50
    assert seen(found, in_order=True) == [(one.track_id, one.is_in) for one in expected]
    assert found.time_s == pytest.approx([one.time_s for one in expected])


@pytest.mark.parametrize("seed", range(3))
def test_a_variable_rate_copy_of_the_truth_gives_the_same_counts_and_seconds(seed: int) -> None:
    """Frames are left out at random, never two in a row; the others keep their times."""
    original = truth_tracks(FROM_S, SECONDS)
    left_out = np.flatnonzero(np.random.default_rng(seed).random(len(original.analyzed_entry) // 2 - 1) < 0.7) * 2 + 1
    kept = ~np.isin(original.analyzed_entry, left_out)
    copy = replace(
        original.picked(~np.isin(original.entry, left_out)),
        analyzed_entry=original.analyzed_entry[kept],
        analyzed_time_s=original.analyzed_time_s[kept],
    )
    assert len(copy) < 0.75 * len(original)
    there, here = (crossings(tracks, TRUTH_LINES[0]) for tracks in (original, copy))
    assert seen(there) == seen(here)
    exact = dict(zip(seen(there, in_order=True), there.time_s.tolist(), strict=True))
    for key, time_s in zip(seen(here, in_order=True), here.time_s.tolist(), strict=True):
        assert time_s == pytest.approx(exact[key], abs=0.02)


def test_the_times_of_crossings_are_between_the_looks_at_every_rate() -> None:
    exact = {(one.track_id, one.is_in): one.time_s for one in passed(truth_tracks(FROM_S, SECONDS), TRUTH_LINES[0])}
    for rate, within_s in ((25.0, 1e-6), (10.0, 0.1), (5.0, 0.2)):
        found = crossings(truth_tracks(FROM_S, SECONDS, rate), TRUTH_LINES[0])
        for key, time_s in zip(seen(found, in_order=True), found.time_s.tolist(), strict=True):
            assert time_s == pytest.approx(exact[key], abs=within_s)


def seen(found: Crossings, *, in_order: bool = False) -> list[tuple[int, bool]]:
    pairs = list(zip(found.track_id.tolist(), found.is_in.tolist(), strict=True))
    return pairs if in_order else sorted(pairs)


@pytest.mark.parametrize("seed", range(5))
def test_noise_below_the_hysteresis_changes_no_count(seed: int) -> None:
    tracks, random = truth_tracks(FROM_S, SECONDS), np.random.default_rng(seed)
    line = msgspec.structs.replace(TRUTH_LINES[0], hysteresis_px=6.0)
    noise = random.uniform(-1, 1, (len(tracks), 1)) * np.array([1.9, 1.9, 1.9, 1.9])  # 2.7 px, both ways 5.4 px
    moved = replace(tracks, xyxy=(tracks.xyxy + noise).astype(np.float32))
    assert far_from_ends(tracks, line)
    assert seen(crossings(moved, line)) == seen(crossings(tracks, line))


def far_from_ends(tracks: Tracks, line: Line) -> bool:
    """No crossing that an end of the line decides, which noise could move to either side of it."""
    longer = msgspec.structs.replace(line, start=(0.41, 1.05), end=(0.51, 0.0))
    return seen(crossings(tracks, longer)) == seen(crossings(tracks, line))


def test_a_variable_rate_copy_gives_the_same_seconds() -> None:
    """An object with constant speed, seen at regular and at irregular times."""

    def at(times_s: np.ndarray) -> dict[int, Box]:
        return walking([(300 + 100 * time_s, 100 + 80 * time_s) for time_s in times_s.tolist()])

    regular = np.arange(0, 4, 0.04)
    irregular = np.sort(np.random.default_rng(3).uniform(0, 4, 60))
    found = [crossings(tracks_of({1: at(times_s)}, times_s), GATE) for times_s in (regular, irregular)]
    assert [ways(one) for one in found] == ["i", "i"]
    assert found[0].time_s == pytest.approx(found[1].time_s, abs=1e-4)
    assert found[0].time_s == pytest.approx([150 / 80], abs=1e-4)
