"""Postprocessing: non-maximum suppression, limits and invalid boxes."""

from __future__ import annotations

import numpy as np
import pytest

from frametally.engine.detectors.detector import parse_params
from frametally.engine.detectors.postprocessing import MAX_CANDIDATES, Candidates, choose, no_extra, suppress
from frametally.engine.detectors.preprocessing import Fit
from frametally.engine.picture import Picture

PICTURE = Picture.of(np.zeros((100, 100, 3), dtype=np.uint8))
NO_RESIZE = Fit(1.0, 1.0, 0, 0, 100, 100)


def chosen(xyxy: object, confidence: object, class_ids: object, **params: object) -> tuple[list[float], np.ndarray]:
    """Confidences and corners of the remaining boxes, for a picture of 100 x 100 pixels, the size of the input."""
    sure = np.array(confidence, dtype=np.float32)
    candidates = Candidates(np.array(xyxy, dtype=np.float32), sure, np.array(class_ids), no_extra(len(sure)))
    kept, corners = choose(candidates, NO_RESIZE, PICTURE, ["a", "b"], parse_params(params), 0.5)
    return kept.confidence.tolist(), corners


def test_suppression_works_within_a_class_only() -> None:
    xyxy = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10], [50, 50, 60, 60]], dtype=np.float32)
    confidence = np.array([0.6, 0.9, 0.5, 0.3], dtype=np.float32)
    assert suppress(xyxy, confidence, np.array([0, 0, 1, 0]), 0.5).tolist() == [1, 2, 3]


@pytest.mark.parametrize("iou_threshold", [0.1, 0.45, 0.7])
def test_suppression_agrees_with_the_definition_on_random_boxes(iou_threshold: float) -> None:
    random = np.random.default_rng(3)
    low = random.uniform(0, 100, (200, 2))
    xyxy = np.concatenate([low, low + random.uniform(5, 60, (200, 2))], axis=1).astype(np.float32)
    confidence, classes = random.uniform(size=200).astype(np.float32), random.integers(0, 3, 200)
    expected: list[int] = []
    for at in np.argsort(-confidence):
        others = [other for other in expected if classes[other] == classes[at]]
        if all(overlap(xyxy[at], xyxy[other]) <= iou_threshold for other in others):
            expected.append(int(at))
    assert suppress(xyxy, confidence, classes, iou_threshold).tolist() == expected


def test_a_threshold_of_one_keeps_every_box() -> None:
    same = np.array([[0, 0, 10, 10]] * 3, dtype=np.float32)
    assert suppress(same, np.array([0.2, 0.9, 0.5], dtype=np.float32), np.zeros(3, dtype=int), 1.0).tolist() == [
        1,
        2,
        0,
    ]


def test_nan_and_outside_boxes_are_dropped() -> None:
    xyxy = [[np.nan, 0, 10, 10], [-np.inf, 0, np.inf, 10], [200, 200, 210, 210], [10, 10, 10, 20], [30, 30, 20, 20]]
    _, corners = chosen(xyxy, [0.9] * 5, [0] * 5)
    assert corners.tolist() == [[0, 0, 100, 10]]


def test_boxes_of_unknown_classes_are_dropped() -> None:
    confidence, _ = chosen([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], [0.9, 0.8, 0.7], [2, -1, 1])
    assert confidence == pytest.approx([0.7])


def test_the_requested_iou_threshold_has_priority() -> None:
    near = [[0, 0, 10, 10], [3, 0, 13, 10]]
    assert len(chosen(near, [0.9, 0.8], [0, 0])[0]) == 1
    assert len(chosen(near, [0.9, 0.8], [0, 0], iou_threshold=0.6)[0]) == 2


def test_only_the_most_confident_candidates_are_processed() -> None:
    random = np.random.default_rng(5)
    low = random.uniform(0, 95, (3 * MAX_CANDIDATES, 2))
    sure = random.permutation(np.linspace(0, 1, len(low)))
    confidence, _ = chosen(
        np.concatenate([low, low + 0.01], axis=1), sure, np.zeros(len(low), dtype=int), max_detections=10_000
    )
    assert len(confidence) == MAX_CANDIDATES
    assert min(confidence) == pytest.approx(2 / 3, abs=1e-3)
    assert confidence == sorted(confidence, reverse=True)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(shared / (sum(areas) - shared))
