"""`motion/1`: moving objects, and changes that are not motion."""

from __future__ import annotations

import numpy as np
import pytest

from frametally.engine.detectors.detector import parse_params
from frametally.engine.detectors.motion import MotionDetector
from frametally.engine.picture import Picture
from frametally.engine.result_entries import Prediction

FIELD = np.random.default_rng(5).integers(90, 110, (480, 640, 3), dtype=np.uint8)


def scene(left: int | None, *, level: int = 220, size_px: int = 80) -> Picture:
    """A gray picture with a square of this level, whose left edge is at `left`; without a square if that is None."""
    image = FIELD.copy()
    if left is not None:
        image[200 : 200 + size_px, left : left + size_px] = level
    return Picture.of(image)


def watch(lefts: list[int | None], **params: object) -> list[list[Prediction]]:
    detector = MotionDetector(parse_params(params))
    return [detector.infer(scene(left)).predictions for left in lefts]


@pytest.mark.parametrize("step_px", [8, 20, 150])
def test_a_moving_square_is_boxed_at_any_speed(step_px: int) -> None:
    lefts = list(range(10, 560, step_px))
    seen = watch([None, *lefts])
    assert seen[0] == []
    for left, found in zip(lefts, seen[1:], strict=True):
        (box,) = found
        assert (box.x, box.y) == pytest.approx((left + 40, 240), abs=6)
        assert (box.width, box.height) == pytest.approx((80, 80), abs=12)
        assert box.confidence > 0.8


def test_a_stopped_object_is_not_moving() -> None:
    seen = watch([None, 100, 200, 300, *[300] * 10])
    assert [len(found) for found in seen] == [0, 1, 1, 1, *[0] * 10]


def test_an_area_that_an_object_left_is_not_moving() -> None:
    seen = watch([100, 100, 100, None, None, None, None])
    assert [len(found) for found in seen[4:]] == [0, 0, 0]


def test_a_shadow_is_not_moving() -> None:
    detector = MotionDetector(parse_params(None))
    detector.infer(scene(None))
    shaded = FIELD.copy()
    shaded[200:280, 100:180] = (shaded[200:280, 100:180] * 0.7).astype(np.uint8)
    assert detector.infer(Picture.of(shaded)).predictions == []


def test_a_small_blob_is_noise() -> None:
    detector = MotionDetector(parse_params(None))
    detector.infer(scene(None))
    assert detector.infer(scene(100, size_px=8)).predictions == []


def test_a_limit_of_one_detection_keeps_the_object() -> None:
    assert watch([None, 100], max_detections=1)[1] != []
