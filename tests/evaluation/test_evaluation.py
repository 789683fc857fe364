"""A view compared with labels: which frames count, and every number recounted by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.errors import EvaluationError
from frametally.evaluation.count_error import CountError
from frametally.evaluation.evaluation import Evaluation, Frames, evaluate
from frametally.evaluation.reading import read_truth
from frametally.evaluation.worst import Difference
from tests.support.opened_results import box, entry, opened

Labeled = tuple[str, tuple[float, ...], dict[str, Any]]
CAR, DOG = (100, 100, 40, 40), (300, 100, 40, 40)


def coco(path: Path, frames: dict[int, list[Labeled]], wh: tuple[int, int]) -> Path:
    """COCO JSON of boxes given by their centers."""
    names = ["car", "dog"]
    annotations = [
        {"image_id": frame, "category_id": names.index(name), "bbox": [x - w / 2, y - h / 2, w, h], **more}
        for frame, row in frames.items()
        for name, (x, y, w, h), more in row
    ]
    images = [{"id": frame, "frame_index": frame, "width": wh[0], "height": wh[1]} for frame in frames]
    categories = [{"id": at, "name": name} for at, name in enumerate(names)]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


@pytest.fixture
def view(tmp_path: Path) -> View:
    """Entries at frames 0, 6, …, 36; that at 12 is null and that at 18 damaged."""
    rows = [
        entry(box("car", 0.9, CAR), box("cat", 0.8, DOG), box("sky", 0.9, (500, 300, 20, 20))),
        entry(box("car", 0.9, CAR), box("car", 0.6, (104, 100, 40, 40)), box("car", 0.2, (500, 300, 20, 20))),
        None,
        entry(),
        entry(box("dog", 0.7, CAR), box("car", 0.5, (200, 200, 30, 30))),
        entry(),
        entry(box("car", 0.9, CAR)),
    ]
    results = opened(tmp_path, m=rows)
    damaged = np.zeros(7, dtype=np.bool_)
    damaged[3] = True
    return View(replace(results, damaged=damaged), "m", 0.25)


@pytest.fixture
def found(view: View, tmp_path: Path) -> Evaluation:
    frames: dict[int, list[Labeled]] = {
        0: [("car", CAR, {}), ("dog", DOG, {})],
        6: [("car", CAR, {})],
        12: [("car", CAR, {})],
        18: [("car", CAR, {})],
        24: [("car", CAR, {}), ("car", (205, 200, 60, 60), {"iscrowd": 1})],
        30: [],
        33: [("dog", DOG, {})],
    }
    return evaluate(view, read_truth(coco(tmp_path / "a.json", frames, (640, 360))))


def test_only_frames_that_are_labeled_analyzed_and_intact_count(found: Evaluation) -> None:
    assert found.frames == Frames(compared=4, not_analyzed=1, damaged=1, absent=1, unlabeled=1)
    assert found.notes == [
        "Crowds and ignored boxes, which are not counted: 1.",
        "Labeled frames that were not analyzed: 1. They do not count.",
        "Labeled frames that are damaged in the video: 1. They do not count.",
        "Labeled frames that are not in the results: 1. They do not count.",
        "Classes that the labels do not have, with boxes that do not count: cat (1), sky (1).",
    ]


def test_counts_boxes_and_confusion(found: Evaluation) -> None:
    """Cars: 1, 2, 0 (the one in the crowd does not count), 0 found, 1, 1, 1, 0 labeled."""
    assert found.counts == [
        CountError("car", 4, 0.75, 0.75, 0.0, 0.5),
        CountError("dog", 4, 0.25, 0.25, 0.0, 0.5),
    ]
    assert found.boxes is not None
    rows = [(row.name, row.scores.right, row.scores.wrong, row.scores.missed) for row in found.boxes.classes]
    assert rows == [("car", 2, 1, 1), ("dog", 0, 1, 1)]
    assert (found.boxes.all.precision, found.boxes.all.recall, found.boxes.all.f1) == (0.5, 0.5, 0.5)
    lower = found.boxes.by_threshold[0]
    assert (lower.threshold, lower.right, lower.wrong, lower.missed) == (0.0, 2, 3, 2)
    assert found.boxes.best is not None
    assert found.boxes.best.threshold == 0.71
    assert found.boxes.confusion is not None
    assert found.boxes.confusion.labeled == ["car", "dog"]
    assert found.boxes.confusion.found == ["car", "dog", "cat"]
    assert found.boxes.confusion.counts == [[2, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]


def test_the_worst_second_leads_to_its_worst_frame(found: Evaluation) -> None:
    """Errors 1, 1 and 2 in the first second, none in the next."""
    assert [(second.time_s, second.frame_index) for second in found.worst] == [(0.8, 24)]
    assert found.worst[0].errors_per_frame == pytest.approx(4 / 3)
    assert found.worst[0].differences == [Difference("car", 1, 0), Difference("dog", 0, 1)]
    assert [(part.start_s, part.stop_s, len(part.errors)) for part in found.counts_over_time] == [(0, 1, 2), (1, 2, 2)]


def test_classes_are_joined_by_name_or_by_a_mapping(view: View, tmp_path: Path) -> None:
    truth = read_truth(coco(tmp_path / "a.json", {0: [("dog", DOG, {})]}, (640, 360)))
    mapped = evaluate(replace(view, classes=ClassMapping((("cat", "dog"),))), truth)
    assert mapped.boxes is not None
    assert [(row.name, row.scores.f1, row.ap50) for row in mapped.boxes.classes] == [
        ("car", 0.0, None),
        ("dog", 1.0, 1.0),
    ]
    only_cars = replace(view, classes=ClassMapping(shown=("car",)))
    assert evaluate(only_cars, truth).notes[-1] == (
        "Labeled classes that the results do not have: dog. Give both the same name, with --map or Rename classes."
    )


def test_labels_of_another_size_are_scaled_and_of_another_shape_refused(view: View, tmp_path: Path) -> None:
    half = tuple(side / 2 for side in CAR)
    scaled = evaluate(view, read_truth(coco(tmp_path / "a.json", {36: [("car", half, {})]}, (320, 180))))
    assert scaled.boxes is not None
    assert scaled.boxes.map50_95 == pytest.approx(1.0)
    assert "they are scaled" in scaled.notes[0]
    with pytest.raises(EvaluationError, match="360 x 640, the results of 640 x 360"):
        evaluate(view, read_truth(coco(tmp_path / "a.json", {36: [("car", CAR, {})]}, (360, 640))))


def test_counts_by_time_belong_to_the_nearest_frame(view: View, tmp_path: Path) -> None:
    """Half a frame is 16.7 ms; 0.41 s is null, and the class that has no line for a frame is not known there."""
    path = tmp_path / "counts.csv"
    path.write_text("time,class,count\n0.015,car,2\n0.21,car,2\n0.18,car,9\n0.41,car,1\n0.99,dog,1\n1.2,car,0\n")
    found = evaluate(view, read_truth(path))
    assert found.frames == Frames(compared=4, not_analyzed=1, damaged=0, absent=1, unlabeled=1)
    cars, dogs = found.counts
    assert (cars.frames, cars.found, cars.labeled, cars.bias) == (3, 4 / 3, 4 / 3, 0)
    assert cars.mae == pytest.approx(2 / 3)
    assert dogs == CountError("dog", 1, 0, 1, -1, 1)
    assert found.boxes is None
    assert [second.frame_index for second in found.worst] == [30, 0]


def test_labels_without_an_analyzed_frame_are_refused(view: View, tmp_path: Path) -> None:
    with pytest.raises(
        EvaluationError, match=r"No labeled frame can be compared\. Labeled frames that were not analyzed: 1"
    ):
        evaluate(view, read_truth(coco(tmp_path / "a.json", {12: []}, (640, 360))))
