"""Counts over time, from hand-made results and compared with plain loops."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import count, gaps, sensitivity_band
from frametally.analysis.moments import next_with_detections
from frametally.analysis.totals import totals
from frametally.analysis.view import View
from frametally.results import Results
from tests.support.documents import archived, document
from tests.support.opened_results import box, boxes_per_entry, entry, opened, random_cars, random_entries

CAR, TRUCK, DOG = box("car"), box("truck", 0.5), box("dog", 0.7)
FRAMES = [entry(CAR, CAR, DOG), entry(TRUCK, TRUCK, TRUCK), None, entry(CAR, TRUCK), entry()]
VEHICLES = ClassMapping.parse("car>vehicle,truck>vehicle")


@pytest.mark.parametrize("off_step", [0, 1e-12])
@pytest.mark.parametrize(
    ("confidence", "cars", "people"),
    [
        (0.0, [3, 0, 0, 1, 0, 1], [0, 0, 0, 0, 1, 1]),
        (0.3, [2, 0, 0, 1, 0, 1], [0, 0, 0, 0, 0, 1]),
        (0.4, [1, 0, 0, 1, 0, 1], [0, 0, 0, 0, 0, 1]),
        (0.5, [1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1]),
        (0.9, [1, 0, 0, 0, 0, 0], [0] * 6),
        (1.0, [0] * 6, [0] * 6),
    ],
)
def test_boxes_at_or_above_the_threshold_are_counted(
    results: Results, confidence: float, cars: list[int], people: list[int], off_step: float
) -> None:
    counts = count(View(results, "cars", confidence - off_step))
    assert counts.classes == ("car", "person")
    assert counts.boxes.T.tolist() == [cars, people]
    assert counts.analyzed.tolist() == [1, 0, 1, 1, 1, 1]
    assert np.isnan(counts.values).tolist() == [[unknown] * 2 for unknown in counts.analyzed == 0]


@pytest.mark.parametrize("value", [0.1, 0.15, 0.29, 0.35, 0.57, 0.7, 0.8, 0.99])
def test_the_threshold_is_inclusive(tmp_path: Path, value: float) -> None:
    results = archived(tmp_path, document(entry(box("car", value))))
    assert count(View(results, "cars", value)).boxes.sum() == 1
    assert count(View(results, "cars", float(np.nextafter(value, 1)))).boxes.sum() == 0


def test_empty_results_have_empty_counts(tmp_path: Path) -> None:
    view = View(archived(tmp_path, document()), "cars", 0.3)
    assert (count(view).boxes.shape, totals(view)) == ((0, 0), [])
    assert next_with_detections(view, 0) is None


@pytest.mark.parametrize(("seed", "entries"), [(1, 7), (2, 400), (3, 401), (4, 1500), (5, 2500)])
def test_counts_from_cube_and_boxes_are_equal(tmp_path: Path, seed: int, entries: int) -> None:
    results = random_cars(tmp_path, seed, entries)
    for confidence in (0.0, 0.29, 0.5, 0.57, 0.99, 1.0):
        by_cube = count(View(results, "cars", confidence))
        by_boxes = count(View(results, "cars", confidence - 1e-12))
        assert by_cube.boxes.tolist() == by_boxes.boxes.tolist()
        assert len(by_cube.starts) <= 400
        assert totals(View(results, "cars", confidence)) == totals(View(results, "cars", confidence - 1e-12))


def test_values_of_a_point_are_means_of_its_analyzed_entries(tmp_path: Path) -> None:
    results = random_cars(tmp_path, 6, 1100)
    fine, coarse = count(View(results, "cars", 0.5), None), count(View(results, "cars", 0.5))
    assert coarse.starts.tolist() == list(range(0, 1100, 4))
    assert coarse.planned.sum() == 1100
    assert coarse.time_s.tolist() == results.time_s[coarse.starts].tolist()
    for start, analyzed, values in zip(coarse.starts, coarse.analyzed, coarse.values, strict=True):
        known = fine.analyzed[start : start + 4] > 0
        assert analyzed == known.sum()
        if analyzed:
            assert values.tolist() == pytest.approx(fine.values[start : start + 4][known].mean(axis=0).tolist())


@pytest.mark.parametrize("time_range_s", [(0.0, 1e9), (100.0, 300.0), (50.3, 51.2), (219.8, 400.0), (3.0, 1.0)])
@pytest.mark.parametrize("max_points", [7, 400, None])
def test_points_of_a_time_range_are_whole_and_cover_it(
    tmp_path: Path, time_range_s: tuple[float, float], max_points: int | None
) -> None:
    results = random_cars(tmp_path, 7, 1100)
    fine = count(View(results, "cars", 0.5), None)
    for confidence in (0.5, 0.5 - 1e-12):
        counts = count(View(results, "cars", confidence, time_range_s=time_range_s), max_points)
        inside = np.flatnonzero((results.time_s >= time_range_s[0]) & (results.time_s <= time_range_s[1]))
        assert len(counts.starts) <= (max_points or 1100) + 1
        for start, planned, boxes in zip(counts.starts, counts.planned, counts.boxes, strict=True):
            assert boxes.tolist() == fine.boxes[start : start + planned].sum(axis=0).tolist()
        if len(inside):
            assert counts.starts[0] <= inside[0]
            assert counts.starts[-1] + counts.planned[-1] > inside[-1]
        else:
            assert len(counts.starts) == 0


@pytest.mark.parametrize(
    "name",
    [
        "bottle-detection.yolov8n-640.5fps",
        "chaplin.yolo11n-320.5fps",
        "times_square.yolov8n-640.5fps",
        "car-detection.yolov8n-640.5fps",
        "car_truncated_faststart.yolov8n-640.5fps.with_nulls",
    ],
)
def test_real_results_have_the_counts_of_a_plain_loop(tmp_path: Path, shared_data: Path, name: str) -> None:
    content = json.loads((shared_data / "results/detector_runs" / f"{name}.json").read_bytes())
    model = next(key for key in content if "offset" not in key)
    results = archived(tmp_path, content)
    for confidence in (0, 0.25, 0.5, 0.9):
        counts = count(View(results, model, confidence))
        for row, known, one in zip(counts.boxes.tolist(), counts.analyzed, content[model], strict=True):
            seen = [found["class"] for found in one["predictions"] if found["confidence"] >= confidence] if one else []
            assert row == [seen.count(name) for name in counts.classes]
            assert known == (one is not None)


def test_the_vendor_example_has_its_published_counts(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "gt" / "dashboard_example"
    predictions = _rows(folder / "predictions.csv")
    minutes = sorted({row["timestamp"] for row in predictions}, key=_seconds)
    last_s = _seconds(minutes[-1])
    times_s = list(range(0, last_s + 60, 60))  # one entry per minute, with or without predictions
    found: dict[int, list[dict[str, Any]]] = {}
    for row in predictions:
        sides = {side: float(row[side]) for side in ("x", "y", "width", "height")}
        one = {**sides, "confidence": float(row["pred_confidence"]), "class": row["class"]}
        found.setdefault(_seconds(row["timestamp"]), []).append(one)
    entries = [entry(*found.get(time_s, [])) for time_s in times_s]
    content = {"frame_offset": times_s, "time_offset": times_s, "shelf": entries}
    results = archived(tmp_path, content)
    published = _rows(folder / "object_counts_by_class_per_interval.csv")
    for row in published:
        start_s = _seconds(row.pop("minutes"))
        counts = count(View(results, "shelf", 0.0, time_range_s=(start_s, start_s + 299)), None)
        ours = Counter(dict(zip(counts.classes, counts.boxes.sum(axis=0).tolist(), strict=True)))
        assert ours == Counter({name: int(number) for name, number in row.items()})
    whole = count(View(results, "shelf", 0.0), None)
    left_out = [at for at, time_s in enumerate(times_s) if time_s not in found]
    assert left_out
    assert whole.values[left_out].tolist() == [[0.0] * len(whole.classes)] * len(left_out)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _seconds(clock: str) -> int:
    minutes, seconds = clock.split(":")
    return int(minutes) * 60 + int(seconds)


@pytest.mark.parametrize("confidence", [0.0, 0.3, 0.5, 0.123456])
@pytest.mark.parametrize("time_range_s", [None, (3.0, 11.0)])
def test_merged_classes_have_the_counts_of_a_plain_loop(
    tmp_path: Path, confidence: float, time_range_s: tuple[float, float] | None
) -> None:
    frames = random_entries(11, 90)
    view = View(opened(tmp_path, m=frames), "m", confidence, ClassMapping.parse("a>x,c>x"), time_range_s)
    counts, at = count(view), slice(None) if time_range_s is None else slice(15, 56)
    assert dict(zip(counts.classes, counts.boxes.T.tolist(), strict=True)) == {
        "x": boxes_per_entry(frames, confidence, "ac")[at],
        "b": boxes_per_entry(frames, confidence, "b")[at],
    }


def test_the_sensitivity_band_is_clipped_to_0_and_1(tmp_path: Path) -> None:
    frames = random_entries(3, 60)
    results = opened(tmp_path, m=frames)
    for confidence, low, high in ((0.5, 0.6, 0.4), (0.05, 0.15, 0.0), (0.95, 1.0, 0.85)):
        strict, lax = sensitivity_band(View(results, "m", confidence))
        assert strict.boxes.sum(axis=1).tolist() == boxes_per_entry(frames, low, "abc")
        assert lax.boxes.sum(axis=1).tolist() == boxes_per_entry(frames, high, "abc")


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
    assert gaps(view, count(view).starts) == gaps_s


def test_a_gap_at_the_end_of_a_time_range_ends_near_it(tmp_path: Path) -> None:
    frames = [entry(CAR), entry(), None, None, None, entry(), entry(), entry(), entry()]
    view = View(opened(tmp_path, fps=2, m=frames), "m", time_range_s=(0.0, 1.5))
    assert gaps(view, count(view).starts) == [(0.5, 2.0)]


def test_gaps_are_where_counts_are_unknown(tmp_path: Path) -> None:
    frames = [entry(CAR)] * 700 + [None] * 300 + [entry()] * 100 + [None] * 50 + [entry(CAR)] * 850
    results = opened(tmp_path, fps=10, m=frames)
    for time_range_s in (None, (3.0, 104.9), (69.3, 72.0), (80.0, 80.0)):
        view = View(results, "m", time_range_s=time_range_s)
        counts = count(view)
        inside = [
            any(start_s < time_s < stop_s for start_s, stop_s in gaps(view, counts.starts))
            for time_s in counts.time_s[1:-1].tolist()
        ]
        assert inside == np.isnan(counts.values[1:-1, 0]).tolist()


def test_an_empty_time_range_has_no_gaps(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=FRAMES), "m", time_range_s=(7.0, 8.0))
    assert gaps(view, count(view).starts) == []
