"""Fitting a picture into a model's, and non-maximum suppression."""

from __future__ import annotations

import numpy as np
import pytest

from video_inference.engine.detectors.boxes import letterbox, suppress
from video_inference.engine.picture import Picture


@pytest.mark.parametrize(
    ("size_px", "centred", "scale", "left_px", "top_px"),
    [
        ((640, 360), True, 1.0, 0, 140),
        ((1280, 720), True, 0.5, 0, 140),
        ((1280, 720), False, 0.5, 0, 0),
        ((360, 640), True, 1.0, 140, 0),
        ((100, 100), True, 6.4, 0, 0),
    ],
)
def test_a_picture_keeps_its_shape(
    size_px: tuple[int, int], centred: bool, scale: float, left_px: int, top_px: int
) -> None:
    image = np.full((size_px[1], size_px[0], 3), 200, dtype=np.uint8)
    padded, fit = letterbox(Picture.of(image), 640, 640, centred=centred)
    assert padded.shape == (640, 640, 3)
    assert fit == (scale, left_px, top_px)
    filled = np.argwhere(padded[:, :, 0] != 114)
    assert filled.min(axis=0).tolist() == [top_px, left_px]
    assert filled.max(axis=0).tolist() == [top_px + size_px[1] * scale - 1, left_px + size_px[0] * scale - 1]


def test_suppression_works_within_a_class_only() -> None:
    xyxy = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10], [50, 50, 60, 60]], dtype=np.float32)
    confidence = np.array([0.6, 0.9, 0.5, 0.3], dtype=np.float32)
    kept = suppress(xyxy, confidence, np.array([0, 0, 1, 0]), iou_threshold=0.5, max_detections=10)
    assert kept == [1, 2, 3]


def test_suppression_agrees_with_the_definition_on_random_boxes() -> None:
    random = np.random.default_rng(3)
    low = random.uniform(0, 100, (200, 2))
    xyxy = np.concatenate([low, low + random.uniform(5, 60, (200, 2))], axis=1).astype(np.float32)
    confidence, classes = random.uniform(size=200).astype(np.float32), random.integers(0, 3, 200)
    kept = suppress(xyxy, confidence, classes, iou_threshold=0.45, max_detections=500)
    expected: list[int] = []
    for at in np.argsort(-confidence):
        if all(classes[at] != classes[other] or overlap(xyxy[at], xyxy[other]) <= 0.45 for other in expected):
            expected.append(int(at))
    assert kept == expected
    assert suppress(xyxy, confidence, classes, iou_threshold=0.45, max_detections=7) == expected[:7]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(shared / (sum(areas) - shared))
