"""Counts over time and their totals, by hand-made tables."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.core.test_results import archived, box, document, entry
from video_inference.analysis.counts import (
    DEFINITIONS,
    Totals,
    boxes_at,
    count,
    next_with_detections,
    to_csv,
    totals,
)
from video_inference.results import Results


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
    results: Results, confidence: float, cars: list[int], people: list[int]
) -> None:
    counts = count(results, "cars", confidence)
    assert counts.classes == ("car", "person")
    assert counts.values.T.tolist() == [cars, people]
    assert counts.analysed.tolist() == [True, False, True, True, True, True]


@pytest.mark.parametrize("value", [0.1, 0.15, 0.29, 0.35, 0.57, 0.7, 0.8, 0.99])
def test_a_threshold_lets_its_own_value_through(tmp_path: Path, value: float) -> None:
    results = archived(tmp_path, document(entry(box("car", value))))
    assert count(results, "cars", value).values.sum() == 1
    assert count(results, "cars", float(np.nextafter(value, 1))).values.sum() == 0


def test_classes_are_counted_in_the_order_that_was_asked_for(results: Results) -> None:
    counts = count(results, "cars", 0.3, ("person", "unicorn", "car"))
    assert counts.classes == ("person", "car")
    assert counts.values[0].tolist() == [0, 2]
    assert count(results, "cars", 0.3, ("person",)).values.sum() == 1
    assert count(results, "cars", 0.3, ()).values.shape == (6, 0)


def test_totals_are_over_the_analysed_frames_only(results: Results) -> None:
    car, person = totals(count(results, "cars", 0.3))
    assert car == Totals("car", mean=4 / 5, peak=2, present=3 / 5, first_seen_s=0.0, last_seen_s=1.0)
    assert person == Totals("person", mean=1 / 5, peak=1, present=1 / 5, first_seen_s=1.0, last_seen_s=1.0)
    assert len(DEFINITIONS) == len(Totals.__dataclass_fields__) - 1


def test_a_class_below_the_threshold_was_never_seen(results: Results) -> None:
    assert totals(count(results, "cars", 1.0))[0] == Totals("car", 0.0, 0, 0.0, None, None)


def test_where_no_frame_was_analysed_nothing_is_known(tmp_path: Path) -> None:
    results = archived(tmp_path, document(None, None, birds=[entry(box("bird")), None]))
    counts = count(results, "cars", 0.3)
    assert (counts.values.shape, totals(counts)) == ((2, 0), [])
    birds = count(results, "birds", 0.3)
    unknown = type(birds)(**{**vars(birds), "analysed": np.zeros(2, dtype=bool)})
    assert totals(unknown) == [Totals("bird", None, None, None, None, None)]


def test_results_without_entries_can_be_counted(tmp_path: Path) -> None:
    counts = count(archived(tmp_path, document()), "cars", 0.3)
    assert (counts.values.shape, totals(counts), next_with_detections(counts, 0)) == ((0, 0), [], None)
    assert to_csv(counts) == "frame_offset,time_s\n"


def test_the_next_entry_with_detections_is_found(results: Results) -> None:
    counts = count(results, "cars", 0.3)
    assert [next_with_detections(counts, at) for at in (-1, 0, 2, 3, 4, 5)] == [0, 3, 3, 5, 5, None]


def test_the_boxes_of_an_entry_are_those_that_are_counted(results: Results) -> None:
    part = results.by_model["cars"]
    assert boxes_at(part, 0, 0.3, ("car", "person")).tolist() == [0, 1]
    assert boxes_at(part, 5, 0.3, ("person",)).tolist() == [5]
    assert boxes_at(part, 1, 0.0, ("car",)).tolist() == []
    counts = count(results, "cars", 0.3)
    shown = [len(boxes_at(part, at, 0.3, counts.classes)) for at in range(6)]
    assert shown == counts.values.sum(axis=1).tolist()


def test_a_cell_is_empty_where_the_frame_was_not_analysed(results: Results) -> None:
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


def test_real_results_are_counted_as_a_plain_loop_counts_them(tmp_path: Path, shared_data: Path) -> None:
    content = json.loads((shared_data / "results/detector_runs/times_square.yolov8n-640.5fps.json").read_bytes())
    model = next(key for key in content if "offset" not in key)
    counts = count(archived(tmp_path, content), model, 0.4)
    for row, one in zip(counts.values.tolist(), content[model], strict=True):
        seen = [found["class"] for found in one["predictions"] if found["confidence"] >= 0.4] if one else []
        assert row == [seen.count(name) for name in counts.classes]
