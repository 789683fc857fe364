"""Unique objects of the demo, from the exact boxes of its ground truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from frametally.analysis.view import View
from frametally.results import Results
from frametally.tracking.messages import rate_warning
from frametally.tracking.rate import measured_rate
from frametally.tracking.tracker import track
from frametally.tracking.tracks import Tracks
from frametally.tracking.unique import UniqueObjects, unique_objects
from tests.support.demo_boxes import classes_in, frames_at, perfect_results, visible

BUSY_S = (45, 53)
"""The rush of bags and envelopes."""
WHOLE_S = (0, 75)


def counts(rows: list[UniqueObjects]) -> dict[str, int]:
    return {row.class_name: row.count for row in rows}


def owners(results: Results, frames: list[int]) -> set[tuple[int, int]]:
    """Pairs of a track and an item of which they have boxes in common."""
    tracks = track(results, "truth")
    items = [visible(frames[entry])[box].item.number for entry, box in zip(tracks.entry, tracks.box, strict=True)]
    return set(zip(tracks.track_id.tolist(), items, strict=True))


def check(tmp_path: Path, rate: float, between_s: tuple[int, int]) -> None:
    """Every item that is seen twice has one track, and every track one item; at a low rate, within the range."""
    frames = frames_at(rate, *between_s)
    results = perfect_results(tmp_path, frames)
    looks = Counter(number for frame in frames for number in {one.item.number for one in visible(frame)})
    seen = {number: name for number, name in classes_in(frames).items() if looks[number] * 1 / rate > 0.3}
    rows = unique_objects(View(results, "truth"))
    expected = Counter(seen.values())
    assert all(row.low <= expected[row.class_name] <= row.high for row in rows)
    if rate >= 10:
        assert counts(rows) == expected
        pairs = owners(results, frames)
        assert len(pairs) == len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs})
    assert rate_warning(measured_rate(track(results, "truth"))) == ""


@pytest.mark.parametrize("rate", [5, 10])
def test_unique_objects_of_the_rush_are_exact_at_10_and_in_the_range_at_5_looks_a_second(
    tmp_path: Path, rate: float
) -> None:
    check(tmp_path, rate, BUSY_S)


@pytest.mark.soak
@pytest.mark.parametrize("rate", [5, 10, 25])
def test_unique_objects_of_the_sample_are_exact_at_10_and_25_looks_a_second(tmp_path: Path, rate: float) -> None:
    check(tmp_path, rate, WHOLE_S)


def test_one_look_a_second_is_too_few_and_the_warning_says_how_many_would_do(tmp_path: Path) -> None:
    tracks = track(perfect_results(tmp_path, frames_at(1, *BUSY_S)), "truth")
    rate = measured_rate(tracks)
    assert rate is not None
    assert rate.looks_per_s == pytest.approx(1)
    assert rate.step > 0.9
    assert 2.5 <= rate.enough_fps <= 5
    assert f"Analyze {rate.enough_fps:g} frames per second" in rate_warning(rate)
    enough = measured_rate(track(perfect_results(tmp_path, frames_at(5, *BUSY_S)), "truth"))
    assert enough is not None
    assert enough.step < 0.35
    assert enough.enough_fps <= 5


def item_spans(results: Results, frames: list[int]) -> dict[int, tuple[float, float]]:
    """The first and last second of each item's track, by the item's number."""
    tracks = track(results, "truth")
    spans: dict[int, tuple[float, float]] = {}
    for at_s, entry, box in zip(tracks.time_s.tolist(), tracks.entry, tracks.box, strict=True):
        number = visible(frames[entry])[box].item.number
        spans[number] = (spans.get(number, (at_s, at_s))[0], at_s)
    return spans


def test_a_copy_of_variable_rate_has_the_same_tracks_at_the_same_seconds(tmp_path: Path) -> None:
    frames = frames_at(5, *BUSY_S)
    original = perfect_results(tmp_path, frames)
    copy = replace(original, frame_index=np.cumsum(1 + np.arange(len(frames)) % 3))
    first, second = track(original, "truth"), track(copy, "truth")
    assert all(np.array_equal(getattr(first, field.name), getattr(second, field.name)) for field in fields(Tracks))


def test_looks_at_irregular_times_see_the_same_items_at_the_same_seconds(tmp_path: Path) -> None:
    regular = frames_at(5, *BUSY_S)
    irregular = [frame + (0, 2, 1)[at % 3] for at, frame in enumerate(regular)]
    first, second = (item_spans(perfect_results(tmp_path, frames), frames) for frames in (regular, irregular))
    assert first.keys() == second.keys()
    apart_s = [abs(np.subtract(first[number], second[number])).max() for number in first]
    assert max(apart_s) <= 0.2 + 2 / 25 + 1e-6
