"""Counts over time and their totals, by hand-made tables and against plain loops."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from frametally.analysis.counts import (
    DEFINITIONS,
    Totals,
    boxes_at,
    count,
    next_with_detections,
    to_csv,
    totals,
)
from frametally.results import Results
from frametally.results import tables as parquet
from tests.support.documents import archived, box, document, entry, windowed


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Six entries: cars 2, unknown, 0, 1, 0, 1 at a confidence of 0.3; people only in the last one."""
    return archived(
        tmp_path,
        document(
            entry(box("car", 0.9), box("car", 0.3), box("car", 0.2999999)),
            None,
            entry(),
            entry(box("car", 0.5)),
            entry(box("person", 0.1)),
            entry(box("person", 0.8), box("car", 0.4)),
        ),
    )


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
def test_a_box_counts_from_its_own_confidence_on(
    results: Results, confidence: float, cars: list[int], people: list[int], off_step: float
) -> None:
    counts = count(results, "cars", confidence - off_step)
    assert counts.classes == ("car", "person")
    assert counts.boxes.T.tolist() == [cars, people]
    assert counts.analyzed.tolist() == [1, 0, 1, 1, 1, 1]
    assert np.isnan(counts.values).tolist() == [[unknown] * 2 for unknown in counts.analyzed == 0]


@pytest.mark.parametrize("value", [0.1, 0.15, 0.29, 0.35, 0.57, 0.7, 0.8, 0.99])
def test_a_threshold_lets_its_own_value_through(tmp_path: Path, value: float) -> None:
    results = archived(tmp_path, document(entry(box("car", value))))
    assert count(results, "cars", value).boxes.sum() == 1
    assert count(results, "cars", float(np.nextafter(value, 1))).boxes.sum() == 0


def test_classes_are_counted_in_the_order_that_was_asked_for(results: Results) -> None:
    counts = count(results, "cars", 0.3, ("person", "unicorn", "car"))
    assert counts.classes == ("person", "car")
    assert counts.boxes[0].tolist() == [0, 2]
    assert count(results, "cars", 0.3, ("person",)).boxes.sum() == 1
    assert count(results, "cars", 0.3, ()).boxes.shape == (6, 0)


def test_totals_are_over_the_analyzed_frames_only(results: Results) -> None:
    for confidence in (0.3, 0.3 - 1e-12):
        car, person = totals(results, "cars", confidence)
        assert car == Totals("car", 4 / 5, 2, 3 / 5, 3 * 0.2, 0.0, 1.0)
        assert person == Totals("person", 1 / 5, 1, 1 / 5, 0.2, 1.0, 1.0)
    assert len(DEFINITIONS) == len(Totals.__dataclass_fields__) - 1


def test_totals_of_a_window_are_of_its_frames(results: Results) -> None:
    (car,) = totals(results, "cars", 0.3, ("car",), window_s=(0.2, 0.6))
    assert car == Totals("car", 1 / 2, 1, 1 / 2, 0.2, 0.6, 0.6)
    (nothing,) = totals(results, "cars", 0.3, ("car",), window_s=(7, 8))
    assert nothing == Totals("car", None, None, None, None, None, None)


def test_a_class_below_the_threshold_was_never_seen(results: Results) -> None:
    assert totals(results, "cars", 1.0)[0] == Totals("car", 0.0, 0, 0.0, 0.0, None, None)


def test_where_no_frame_was_analyzed_nothing_is_known(tmp_path: Path) -> None:
    results = archived(tmp_path, document(None, None, birds=[entry(box("bird")), None]))
    assert (count(results, "cars", 0.3).boxes.shape, totals(results, "cars", 0.3)) == ((2, 0), [])
    assert totals(results, "birds", 0.3, window_s=(0.1, 1)) == [Totals("bird", None, None, None, None, None, None)]


def test_results_without_entries_can_be_counted(tmp_path: Path) -> None:
    results = archived(tmp_path, document())
    counts = count(results, "cars", 0.3)
    assert (counts.boxes.shape, totals(results, "cars", 0.3)) == ((0, 0), [])
    assert next_with_detections(results, "cars", 0, 0.3) is None
    assert to_csv(counts) == "frame_offset,time_s\n"


def test_the_next_and_the_last_entry_with_detections_are_found(results: Results) -> None:
    onwards = [next_with_detections(results, "cars", at, 0.3) for at in (-1, 0, 2, 3, 4, 5)]
    assert onwards == [0, 3, 3, 5, 5, None]
    back = [next_with_detections(results, "cars", at, 0.3, step=-1) for at in (6, 5, 3, 1, 0)]
    assert back == [5, 3, 0, 0, None]
    assert next_with_detections(results, "cars", 0, 0.3, ("person",)) == 5


def test_an_entry_far_away_is_found_both_ways(tmp_path: Path) -> None:
    entries = [entry(box())] + [entry()] * 20_000 + [entry(box())]
    results = archived(tmp_path, document(*entries))
    assert next_with_detections(results, "cars", 0, 0.3) == 20_001
    assert next_with_detections(results, "cars", 20_001, 0.3, step=-1) == 0


def test_the_boxes_of_an_entry_are_those_that_are_counted(results: Results) -> None:
    assert boxes_at(results, "cars", 0, 0.3, ("car", "person"))[1].tolist() == [0, 1]
    assert boxes_at(results, "cars", 5, 0.3, ("person",))[1].tolist() == [0]
    assert boxes_at(results, "cars", 1, 0.0, ("car",))[1].tolist() == []
    counts = count(results, "cars", 0.3)
    shown = [len(boxes_at(results, "cars", at, 0.3, counts.classes)[1]) for at in range(6)]
    assert shown == counts.boxes.sum(axis=1).tolist()


def random_results(folder: Path, seed: int, entries: int) -> Results:
    random = Random(seed)
    rows: list[Any] = []
    for _ in range(entries):
        some = [box(random.choice("abc"), random.choice([random.random(), 0.29, 0.5, 0.57])) for _ in range(3)]
        rows.append(random.choice([None, entry(*some[: random.randint(0, 3)]), entry(*some)]))
    return archived(folder, document(*rows))


@pytest.mark.parametrize(("seed", "entries"), [(1, 7), (2, 400), (3, 401), (4, 1500), (5, 2500)])
def test_the_cube_and_the_boxes_count_the_same(tmp_path: Path, seed: int, entries: int) -> None:
    results = random_results(tmp_path, seed, entries)
    for confidence in (0.0, 0.29, 0.5, 0.57, 0.99, 1.0):
        by_cube = count(results, "cars", confidence)
        by_boxes = count(results, "cars", confidence - 1e-12)
        assert by_cube.boxes.tolist() == by_boxes.boxes.tolist()
        assert len(by_cube.starts) <= 400
        assert totals(results, "cars", confidence) == totals(results, "cars", confidence - 1e-12)


def test_points_are_the_means_of_their_entries(tmp_path: Path) -> None:
    results = random_results(tmp_path, 6, 1100)
    fine, coarse = count(results, "cars", 0.5, max_points=None), count(results, "cars", 0.5)
    assert coarse.starts.tolist() == list(range(0, 1100, 4))
    assert coarse.planned.sum() == 1100
    assert coarse.time_s.tolist() == results.time_s[coarse.starts].tolist()
    for start, analyzed, values in zip(coarse.starts, coarse.analyzed, coarse.values, strict=True):
        known = fine.analyzed[start : start + 4] > 0
        assert analyzed == known.sum()
        if analyzed:
            assert values.tolist() == pytest.approx(fine.values[start : start + 4][known].mean(axis=0).tolist())


@pytest.mark.parametrize("window_s", [(0.0, 1e9), (100.0, 300.0), (50.3, 51.2), (219.8, 400.0), (3.0, 1.0)])
@pytest.mark.parametrize("max_points", [7, 400, None])
def test_a_window_shows_whole_points_of_its_own_length(
    tmp_path: Path, window_s: tuple[float, float], max_points: int | None
) -> None:
    results = random_results(tmp_path, 7, 1100)
    fine = count(results, "cars", 0.5, max_points=None)
    for confidence in (0.5, 0.5 - 1e-12):
        counts = count(results, "cars", confidence, window_s=window_s, max_points=max_points)
        inside = np.flatnonzero((results.time_s >= window_s[0]) & (results.time_s <= window_s[1]))
        assert len(counts.starts) <= (max_points or 1100) + 1
        for start, planned, boxes in zip(counts.starts, counts.planned, counts.boxes, strict=True):
            assert boxes.tolist() == fine.boxes[start : start + planned].sum(axis=0).tolist()
        if len(inside):
            assert counts.starts[0] <= inside[0]
            assert counts.starts[-1] + counts.planned[-1] > inside[-1]
        else:
            assert len(counts.starts) == 0


def test_a_cell_is_empty_where_the_frame_was_not_analyzed(results: Results) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(count(results, "cars", 0.3)))))
    assert rows[0] == ["frame_offset", "time_s", "car", "person"]
    assert rows[1:4] == [["0", "0.0000", "2", "0"], ["2", "0.2000", "", ""], ["4", "0.4000", "0", "0"]]
    assert len(rows) == 7


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_class_name_is_no_formula_in_a_spreadsheet(tmp_path: Path, name: str) -> None:
    text = to_csv(count(archived(tmp_path, document(entry(box(name)))), "cars", 0))
    assert next(csv.reader(io.StringIO(text, newline="")))[2] == f"'{name}"


@pytest.mark.parametrize("name", ["a,b", 'say "hi"', "two\nlines", "", "Größe"])
def test_an_odd_class_name_stays_in_its_cell(tmp_path: Path, name: str) -> None:
    text = to_csv(count(archived(tmp_path, document(entry(box(name)))), "cars", 0))
    assert next(csv.reader(io.StringIO(text, newline="")))[2] == name


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
def test_real_results_are_counted_as_a_plain_loop_counts_them(tmp_path: Path, shared_data: Path, name: str) -> None:
    content = json.loads((shared_data / "results/detector_runs" / f"{name}.json").read_bytes())
    model = next(key for key in content if "offset" not in key)
    results = archived(tmp_path, content)
    for confidence in (0, 0.25, 0.5, 0.9):
        counts = count(results, model, confidence)
        for row, known, one in zip(counts.boxes.tolist(), counts.analyzed, content[model], strict=True):
            seen = [found["class"] for found in one["predictions"] if found["confidence"] >= confidence] if one else []
            assert row == [seen.count(name) for name in counts.classes]
            assert known == (one is not None)


def test_the_vendors_example_dashboard_gets_its_published_counts(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "gt" / "dashboard_example"
    predictions = _rows(folder / "predictions.csv")
    minutes = sorted({row["timestamp"] for row in predictions}, key=_seconds)
    last_s = _seconds(minutes[-1])
    times_s = list(range(0, last_s + 60, 60))  # an entry a minute, also where the example has nothing
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
        counts = count(results, "shelf", 0.0, window_s=(start_s, start_s + 299), max_points=None)
        ours = Counter(dict(zip(counts.classes, counts.boxes.sum(axis=0).tolist(), strict=True)))
        assert ours == Counter({name: int(number) for name, number in row.items()})
    whole = count(results, "shelf", 0.0, max_points=None)
    left_out = [at for at, time_s in enumerate(times_s) if time_s not in found]
    assert left_out
    assert whole.values[left_out].tolist() == [[0.0] * len(whole.classes)] * len(left_out)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _seconds(clock: str) -> int:
    minutes, seconds = clock.split(":")
    return int(minutes) * 60 + int(seconds)


@pytest.mark.parametrize("seed", range(6))
def test_totals_of_any_window_are_those_of_a_plain_loop(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_ROW_GROUP_BYTES", 1)
    random = Random(seed)
    names = "abc" if seed % 2 else [f"c{at}" for at in range(300)]  # many classes of which few are there
    rows: list[Any] = [
        random.choice([None, entry(*(box(random.choice(names), random.random()) for _ in range(random.randrange(5))))])
        for _ in range(1500)
    ]
    results = windowed(tmp_path, json.dumps(document(*rows)).encode(), 20_000)
    for _ in range(4):
        first, last = sorted((random.randrange(1500), random.randrange(1500)))
        confidence = random.choice([0.0, 0.5, random.random()])
        known = {at: rows[at]["predictions"] for at in range(first, last + 1) if rows[at]}
        for row in totals(results, "cars", confidence, window_s=(first / 5, last / 5)):
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
