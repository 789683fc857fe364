"""Metrics per class, from hand-made results and compared with plain loops."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import count
from frametally.analysis.totals import DEFINITIONS, Totals, totals
from frametally.analysis.view import View
from frametally.results import Results
from frametally.results import tables as parquet
from tests.support.documents import archived, document, windowed
from tests.support.opened_results import box, boxes_per_entry, entry, opened, random_entries
from tests.support.soak import shortened

CAR, TRUCK, DOG = box("car"), box("truck", 0.5), box("dog", 0.7)
FRAMES = [entry(CAR, CAR, DOG), entry(TRUCK, TRUCK, TRUCK), None, entry(CAR, TRUCK), entry()]
VEHICLES = ClassMapping.parse("car>vehicle,truck>vehicle")
CAR_ONLY = ClassMapping(shown=("car",))


def test_totals_are_over_analyzed_frames_only(results: Results) -> None:
    for confidence in (0.3, 0.3 - 1e-12):
        car, person = totals(View(results, "cars", confidence))
        assert car == Totals("car", 4 / 5, 2, 3 / 5, 3 * 0.2, 0.0, 1.0)
        assert person == Totals("person", 1 / 5, 1, 1 / 5, 0.2, 1.0, 1.0)
    assert len(DEFINITIONS) == len(Totals.__dataclass_fields__) - 1


def test_totals_of_a_time_range_use_its_frames_only(results: Results) -> None:
    (car,) = totals(View(results, "cars", 0.3, CAR_ONLY, (0.2, 0.6)))
    assert car == Totals("car", 1 / 2, 1, 1 / 2, 0.2, 0.6, 0.6)
    (nothing,) = totals(View(results, "cars", 0.3, CAR_ONLY, (7, 8)))
    assert nothing == Totals("car", None, None, None, None, None, None)


def test_a_class_below_the_threshold_has_zero_totals(results: Results) -> None:
    assert totals(View(results, "cars", 1.0))[0] == Totals("car", 0.0, 0, 0.0, 0.0, None, None)


def test_without_analyzed_frames_totals_are_none(tmp_path: Path) -> None:
    results = archived(tmp_path, document(None, None, birds=[entry(box("bird")), None]))
    assert (count(View(results, "cars", 0.3)).boxes.shape, totals(View(results, "cars", 0.3))) == ((2, 0), [])
    assert totals(View(results, "birds", 0.3, time_range_s=(0.1, 1))) == [
        Totals("bird", None, None, None, None, None, None)
    ]


@pytest.mark.parametrize("seed", shortened(range(6), range(2)))
def test_totals_of_random_time_ranges_equal_a_plain_loop(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_ROW_GROUP_BYTES", 1)
    random = Random(seed)
    names = "abc" if seed % 2 else [f"c{at}" for at in range(300)]  # many classes, of which few occur in a row group
    rows: list[Any] = [
        random.choice([None, entry(*(box(random.choice(names), random.random()) for _ in range(random.randrange(5))))])
        for _ in range(1500)
    ]
    results = windowed(tmp_path, json.dumps(document(*rows)).encode(), 20_000)
    for _ in range(4):
        first, last = sorted((random.randrange(1500), random.randrange(1500)))
        confidence = random.choice([0.0, 0.5, random.random()])
        known = {at: rows[at]["predictions"] for at in range(first, last + 1) if rows[at]}
        for row in totals(View(results, "cars", confidence, time_range_s=(first / 5, last / 5))):
            seen = {
                at: sum(one["class"] == row.class_name and one["confidence"] >= confidence for one in found)
                for at, found in known.items()
            }
            there = [at / 5 for at, times in seen.items() if times]
            assert (row.mean, row.peak, row.present, row.first_seen_s, row.last_seen_s) == (
                sum(seen.values()) / len(seen),
                max(seen.values()),
                len(there) / len(seen),
                there[0] if there else None,
                there[-1] if there else None,
            )


def test_hidden_classes_have_no_column(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=FRAMES), "m", classes=ClassMapping(VEHICLES.renames, ("dog",)))
    counts = count(view)
    assert (counts.classes, counts.boxes.tolist()) == (("dog",), [[1], [0], [0], [0], [0]])
    assert [row.class_name for row in totals(view)] == ["dog"]


def test_the_peak_of_merged_classes_is_not_the_sum_of_their_peaks(tmp_path: Path) -> None:
    results = opened(tmp_path, m=FRAMES)
    apart = {row.class_name: row.peak for row in totals(View(results, "m"))}
    assert apart == {"car": 2, "dog": 1, "truck": 3}
    vehicle, dog = totals(View(results, "m", classes=VEHICLES))
    assert vehicle == Totals("vehicle", 7 / 4, 3, 3 / 4, 3 * 0.2, 0.0, 0.6)
    assert dog == Totals("dog", 1 / 4, 1, 1 / 4, 0.2, 0.0, 0.0)


@pytest.mark.parametrize("renames", ["", "a>b"])
@pytest.mark.parametrize("time_range_s", [None, (3.0, 11.0), (500.0, 600.0)])
def test_totals_equal_a_plain_loop(tmp_path: Path, renames: str, time_range_s: tuple[float, float] | None) -> None:
    frames = random_entries(5, 90)
    results = opened(tmp_path, m=frames)
    first, last = {None: (0, 90), (3.0, 11.0): (15, 56)}.get(time_range_s, (0, 0))
    analyzed = sum(found is not None for found in frames[first:last])
    for row in totals(View(results, "m", 0.6, ClassMapping.parse(renames), time_range_s)):
        members = "ab" if renames and row.class_name == "b" else row.class_name
        seen = boxes_per_entry(frames[first:last], 0.6, members)
        times = [float(results.time_s[first + at]) for at, found in enumerate(seen) if found]
        numbers = (sum(seen) / analyzed, max(seen), len(times) / analyzed) if analyzed else (None, None, None)
        assert (row.mean, row.peak, row.present) == numbers
        assert (row.first_seen_s, row.last_seen_s) == ((times[0], times[-1]) if times else (None, None))


def test_a_renamed_class_keeps_its_numbers(tmp_path: Path) -> None:
    results = opened(tmp_path, m=FRAMES)
    plain = totals(View(results, "m"))
    renamed = totals(View(results, "m", classes=ClassMapping.parse("car>Auto,truck>car")))
    assert [row.class_name for row in renamed] == ["Auto", "dog", "car"]
    assert [row.peak for row in renamed] == [row.peak for row in plain]


def test_a_time_range_without_analyzed_frames_has_unknown_values(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[*FRAMES, None, None]), "m", classes=VEHICLES, time_range_s=(1.0, 2.0))
    assert totals(view) == [Totals(name, *[None] * 6) for name in ("vehicle", "dog")]
    assert np.isnan(count(view).values).all()
