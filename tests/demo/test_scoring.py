"""Average precision, compared with values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from demo.scoring import Scene, average_precision, judge

A, B, C = [0.0, 0, 10, 10], [20.0, 0, 30, 10], [40.0, 0, 50, 10]


def scene(boxes: list[list[float]], confidence: list[float], objects: list[list[float]], ignored: int = 0) -> Scene:
    counts = np.arange(len(objects)) < len(objects) - ignored
    detected, actual = (np.array(corners, dtype=float).reshape(-1, 4) for corners in (boxes, objects))
    return Scene(detected, np.array(confidence), actual, counts)


def test_perfect_detections_score_one() -> None:
    assert average_precision([scene([A, B], [0.9, 0.8], [A, B])], 0.5) == pytest.approx(1)


def test_detecting_half_of_the_objects_scores_half() -> None:
    assert average_precision([scene([A], [0.9], [A, B])], 0.5) == pytest.approx(51 / 101)


def test_false_positive_lowers_precision_of_later_detections_only() -> None:
    first = average_precision([scene([C, A], [0.9, 0.8], [A])], 0.5)
    last = average_precision([scene([A, C], [0.9, 0.8], [A])], 0.5)
    assert first == pytest.approx(0.5)
    assert last == pytest.approx(1)


def test_second_detection_of_an_object_is_a_false_positive() -> None:
    true_positive, excluded = judge(scene([A, A], [0.9, 0.8], [A]), 0.5)
    assert true_positive.tolist() == [True, False]
    assert excluded.tolist() == [False, False]


def test_detections_of_ignored_objects_do_not_affect_the_score() -> None:
    true_positive, excluded = judge(scene([A, B], [0.9, 0.8], [A, B], ignored=1), 0.5)
    assert (true_positive.tolist(), excluded.tolist()) == ([True, False], [False, True])
    assert average_precision([scene([A, B], [0.8, 0.9], [A, B], ignored=1)], 0.5) == pytest.approx(1)


def test_box_must_reach_the_iou_threshold() -> None:
    shifted = [4.0, 0, 14, 10]
    assert average_precision([scene([shifted], [0.9], [A])], 0.4) == pytest.approx(1)
    assert average_precision([scene([shifted], [0.9], [A])], 0.5) == 0


def test_no_detections_score_zero() -> None:
    assert average_precision([scene([], [], [A])], 0.5) == 0
