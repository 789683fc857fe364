"""Counts and totals under the names of the view, against plain loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import Totals
from frametally.analysis.summary import band_of, counts_of, gaps_of, totals_of
from frametally.analysis.view import View
from tests.support.opened_results import Entry, box, entry, opened, random_entries

CAR, TRUCK, DOG = box("car"), box("truck", 0.5), box("dog", 0.7)
FRAMES = [entry(CAR, CAR, DOG), entry(TRUCK, TRUCK, TRUCK), None, entry(CAR, TRUCK), entry()]
VEHICLES = ClassMapping.parse("car>vehicle,truck>vehicle")


def plainly(frames: list[Entry], confidence: float, members: str) -> list[int]:
    """Boxes of these classes in each entry."""
    return [
        sum(one["class"] in members and one["confidence"] >= confidence for one in (found or {}).get("predictions", []))
        for found in frames
    ]


@pytest.mark.parametrize("confidence", [0.0, 0.3, 0.5, 0.123456])
@pytest.mark.parametrize("window_s", [None, (3.0, 11.0)])
def test_merged_classes_are_counted_as_a_plain_loop_counts_them(
    tmp_path: Path, confidence: float, window_s: tuple[float, float] | None
) -> None:
    frames = random_entries(11, 90)
    view = View(opened(tmp_path, m=frames), "m", confidence, ClassMapping.parse("a>x,c>x"), window_s)
    counts, at = counts_of(view), slice(None) if window_s is None else slice(15, 56)
    assert dict(zip(counts.classes, counts.boxes.T.tolist(), strict=True)) == {
        "x": plainly(frames, confidence, "ac")[at],
        "b": plainly(frames, confidence, "b")[at],
    }


def test_classes_that_are_not_shown_have_no_column(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=FRAMES), "m", classes=ClassMapping(VEHICLES.renames, ("dog",)))
    counts = counts_of(view)
    assert (counts.classes, counts.boxes.tolist()) == (("dog",), [[1], [0], [0], [0], [0]])
    assert [row.class_name for row in totals_of(view)] == ["dog"]


def test_the_peak_of_merged_classes_is_not_the_sum_of_their_peaks(tmp_path: Path) -> None:
    results = opened(tmp_path, m=FRAMES)
    apart = {row.class_name: row.peak for row in totals_of(View(results, "m"))}
    assert apart == {"car": 2, "dog": 1, "truck": 3}
    vehicle, dog = totals_of(View(results, "m", classes=VEHICLES))
    assert vehicle == Totals("vehicle", 7 / 4, 3, 3 / 4, 3 * 0.2, 0.0, 0.6)
    assert dog == Totals("dog", 1 / 4, 1, 1 / 4, 0.2, 0.0, 0.0)


@pytest.mark.parametrize("renames", ["", "a>b"])
@pytest.mark.parametrize("window_s", [None, (3.0, 11.0), (500.0, 600.0)])
def test_totals_are_those_of_a_plain_loop(tmp_path: Path, renames: str, window_s: tuple[float, float] | None) -> None:
    frames = random_entries(5, 90)
    results = opened(tmp_path, m=frames)
    first, last = {None: (0, 90), (3.0, 11.0): (15, 56)}.get(window_s, (0, 0))
    analyzed = sum(found is not None for found in frames[first:last])
    for row in totals_of(View(results, "m", 0.6, ClassMapping.parse(renames), window_s)):
        members = "ab" if renames and row.class_name == "b" else row.class_name
        seen = plainly(frames[first:last], 0.6, members)
        times = [float(results.time_s[first + at]) for at, found in enumerate(seen) if found]
        numbers = (sum(seen) / analyzed, max(seen), len(times) / analyzed) if analyzed else (None, None, None)
        assert (row.mean, row.peak, row.present) == numbers
        assert (row.first_seen_s, row.last_seen_s) == ((times[0], times[-1]) if times else (None, None))


def test_a_class_renamed_keeps_its_numbers(tmp_path: Path) -> None:
    results = opened(tmp_path, m=FRAMES)
    plain = totals_of(View(results, "m"))
    renamed = totals_of(View(results, "m", classes=ClassMapping.parse("car>Auto,truck>car")))
    assert [row.class_name for row in renamed] == ["Auto", "dog", "car"]
    assert [row.peak for row in renamed] == [row.peak for row in plain]


def test_where_nothing_was_analyzed_nothing_is_known(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[*FRAMES, None, None]), "m", classes=VEHICLES, window_s=(1.0, 2.0))
    assert totals_of(view) == [Totals(name, *[None] * 6) for name in ("vehicle", "dog")]
    assert np.isnan(counts_of(view).values).all()


def test_the_band_lies_around_the_counts_and_ends_at_0_and_1(tmp_path: Path) -> None:
    frames = random_entries(3, 60)
    results = opened(tmp_path, m=frames)
    for confidence, low, high in ((0.5, 0.6, 0.4), (0.05, 0.15, 0.0), (0.95, 1.0, 0.85)):
        strict, lax = band_of(View(results, "m", confidence))
        assert strict.boxes.sum(axis=1).tolist() == plainly(frames, low, "abc")
        assert lax.boxes.sum(axis=1).tolist() == plainly(frames, high, "abc")


@pytest.mark.parametrize(
    ("known", "gaps_s"),
    [
        ("xxx", []),
        ("x.x", [(0.0, 1.0)]),
        ("..x", [(0.0, 1.0)]),
        ("x..", [(0.0, 1.0)]),
        (".", [(0.0, 0.0)]),
        ("x.x.x", [(0.0, 1.0), (1.0, 2.0)]),
        ("x....x", [(0.0, 2.5)]),
    ],
)
def test_gaps_reach_from_the_last_known_point_to_the_next(
    tmp_path: Path, known: str, gaps_s: list[tuple[float, float]]
) -> None:
    view = View(opened(tmp_path, fps=2, m=[entry() if mark == "x" else None for mark in known]), "m")
    assert gaps_of(view, counts_of(view).starts) == gaps_s


def test_a_gap_at_the_end_of_a_window_ends_near_it(tmp_path: Path) -> None:
    frames = [entry(CAR), entry(), None, None, None, entry(), entry(), entry(), entry()]
    view = View(opened(tmp_path, fps=2, m=frames), "m", window_s=(0.0, 1.5))
    assert gaps_of(view, counts_of(view).starts) == [(0.5, 2.0)]


def test_gaps_are_where_the_counts_are_unknown(tmp_path: Path) -> None:
    frames = [entry(CAR)] * 700 + [None] * 300 + [entry()] * 100 + [None] * 50 + [entry(CAR)] * 850
    results = opened(tmp_path, fps=10, m=frames)
    for window_s in (None, (3.0, 104.9), (69.3, 72.0), (80.0, 80.0)):
        view = View(results, "m", window_s=window_s)
        counts = counts_of(view)
        inside = [
            any(start_s < time_s < stop_s for start_s, stop_s in gaps_of(view, counts.starts))
            for time_s in counts.time_s[1:-1].tolist()
        ]
        assert inside == np.isnan(counts.values[1:-1, 0]).tolist()


def test_an_empty_window_has_no_gaps(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=FRAMES), "m", window_s=(7.0, 8.0))
    assert gaps_of(view, counts_of(view).starts) == []
