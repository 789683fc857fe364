"""Real models on suitable videos, compared with manual annotations; skipped if the files are missing.

`test_reference_runs` compares selected frames with an independent implementation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from frametally.engine.detectors import Detector, list_models, open_detector, parse_params
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry, Prediction
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import read_frames

TWO_MEN = ("chaplin_mp3.mp4", (40, 160))
THREE_BOTTLES = ("bottle-detection.mp4", (200, 500))
SURE = 0.5


def model_folder(shared_data: Path, tmp_path: Path, file: str) -> Path:
    folder = tmp_path / "real" / "1"
    folder.mkdir(parents=True)
    (folder / "model.onnx").symlink_to(shared_data / "models" / file)
    return tmp_path


def pictures(shared_data: Path, scene: tuple[str, tuple[int, ...]]) -> Iterator[Picture]:
    path = shared_data / "videos" / scene[0]
    for _, image in read_frames(path, build_index(path), scene[1]):
        yield Picture.of(image)


def sure(detector: Detector, picture: Picture, name: str, confidence: float = SURE) -> list[Prediction]:
    entry = detector.infer(picture)
    assert isinstance(entry, DetectionEntry)
    return [one for one in entry.predictions if one.class_name == name and one.confidence > confidence]


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("yolox_nano_416.onnx", marks=pytest.mark.soak),  # `make test` has it in test_reference_runs
        *("nanodet_m_416.onnx", "yolov8n-seg_int8_320.onnx"),
    ],
)
def test_each_of_three_bottles_is_detected_once(shared_data: Path, tmp_path: Path, file: str) -> None:
    detector = open_detector(model_folder(shared_data, tmp_path, file), "real", "1", parse_params(None))
    for picture in pictures(shared_data, THREE_BOTTLES):
        found = sorted(sure(detector, picture, "bottle"), key=lambda one: one.x)
        assert [one.x for one in found] == pytest.approx([90, 313, 541], abs=20)
        assert [one.height for one in found] == pytest.approx([205, 210, 210], abs=25)


def test_the_smallest_model_finds_the_bottles(shared_data: Path, tmp_path: Path) -> None:
    models_dir = model_folder(shared_data, tmp_path, "FastestDet_352.onnx")
    detector = open_detector(models_dir, "real", "1", parse_params(None))
    (picture,) = pictures(shared_data, ("bottle-detection.mp4", (800,)))
    found = sorted(sure(detector, picture, "bottle", 0.4), key=lambda one: one.x)
    assert [one.x for one in found] == pytest.approx([313, 541], abs=20)


@pytest.mark.soak
def test_polygons_cover_the_two_men(shared_data: Path, tmp_path: Path) -> None:
    """The polygons cover 35 to 90 % of their boxes, stay inside, and are darker than the rest of the boxes."""
    models_dir = model_folder(shared_data, tmp_path, "yolov8n-seg_int8_320.onnx")
    assert ("real", "instance-segmentation") in [(one.model_id, one.inference_type) for one in list_models(models_dir)]
    detector = open_detector(models_dir, "real", "1", parse_params(None))
    for picture in pictures(shared_data, TWO_MEN):
        men = sure(detector, picture, "person")
        assert len(men) == 2
        for man in men:
            inside, box = filled(man, picture), np.zeros((picture.height_px, picture.width_px), dtype=bool)
            left, top = round(man.x - man.width / 2), round(man.y - man.height / 2)
            box[top : top + round(man.height), left : left + round(man.width)] = True
            assert 0.35 < (inside & box).sum() / box.sum() < 0.9
            assert (inside & ~box).sum() / inside.sum() < 0.02
            gray = picture.bgr().mean(axis=2)
            assert gray[inside].mean() < gray[box & ~inside].mean() - 20


@pytest.mark.soak
def test_keypoints_are_on_the_two_men(shared_data: Path, tmp_path: Path) -> None:
    models_dir = model_folder(shared_data, tmp_path, "yolo11n-pose_int8w_repaired.onnx")
    assert ("real", "keypoint-detection") in [(one.model_id, one.inference_type) for one in list_models(models_dir)]
    detector = open_detector(models_dir, "real", "1", parse_params(None))
    for picture in pictures(shared_data, TWO_MEN):
        men = sure(detector, picture, "person")
        assert len(men) == 2
        for man in men:
            points = {point.class_name: point for point in man.keypoints or ()}
            heights = [points[name].y for name in ("nose", "left_shoulder", "left_hip", "left_knee", "left_ankle")]
            assert heights == sorted(heights)
            for point in points.values():
                is_near = abs(point.x - man.x) < 0.6 * man.width and abs(point.y - man.y) < 0.6 * man.height
                assert is_near or (point.confidence or 0) < SURE


def filled(man: Prediction, picture: Picture) -> np.ndarray:
    mask = np.zeros((picture.height_px, picture.width_px), dtype=np.uint8)
    cv2.fillPoly(mask, [np.array([(point.x, point.y) for point in man.points or ()]).round().astype(np.int32)], 1)
    return mask.astype(bool)
