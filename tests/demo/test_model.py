"""The committed model, run by the engine."""

from __future__ import annotations

import numpy as np
import pytest

from demo.evaluate import CLIP, MODEL, MODELS, predictions, true_counts
from demo.plan import CLASSES
from demo.settings import FPS
from frametally.engine.detectors import InferenceParams, describe, open_detector
from frametally.engine.detectors.detector import Detector
from frametally.engine.picture import Picture
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader


@pytest.fixture(scope="module")
def detector() -> Detector:
    return open_detector(MODELS, *MODEL, InferenceParams())


def test_model_is_small_and_lists_its_classes(detector: Detector) -> None:
    assert (MODELS.joinpath(*MODEL) / "model.onnx").stat().st_size <= 4_000_000
    assert detector.classes == list(CLASSES)
    assert describe(MODELS, *MODEL).inference_type == "object-detection"


def test_counts_match_the_truth_in_calm_and_rush(detector: Detector) -> None:
    index = build_index(CLIP)
    seconds = np.array([2, 18, 40, 57])
    frames = FrameReader(CLIP, index).frames((seconds * FPS).tolist())
    names = [[one.class_name for one in predictions(detector, Picture(frame))] for _, frame in frames]
    counts = np.array([[found.count(name) for name in CLASSES] for found in names])
    truth = true_counts()[seconds]
    assert truth.sum() > 30
    assert (np.abs(counts - truth) <= 1).mean() >= 0.95


def test_empty_frame_has_no_detections(detector: Detector) -> None:
    gray = np.full((720, 1280, 3), 120, dtype=np.uint8)
    assert predictions(detector, Picture.of(gray)) == []
