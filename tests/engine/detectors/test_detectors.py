"""Listing and opening models, detections of simple models, rejected files."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from frametally.contract import ModelInfo, ModelRequest
from frametally.engine.detectors import Detector, check_request, list_models, open_detector, parse_params
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry, Prediction
from frametally.errors import ModelError
from tests.support import onnx_models


def picture(*squares: tuple[int, int], width_px: int = 640, height_px: int = 480, size_px: int = 96) -> Picture:
    """A dark gray picture with red squares of this size at these top left corners."""
    image = np.full((height_px, width_px, 3), 90, dtype=np.uint8)
    for left, top in squares:
        image[top : top + size_px, left : left + size_px] = (0, 0, 255)
    return Picture.of(image)


def opened(models_dir: Path, model_id: str, **params: object) -> Detector:
    return open_detector(models_dir, model_id, "1", parse_params({"iou_threshold": 0.4, **params}))


def boxes(detector: Detector, seen: Picture) -> list[Prediction]:
    entry = detector.infer(seen)
    assert isinstance(entry, DetectionEntry)
    return entry.predictions


def center(found: Prediction) -> tuple[float, float]:
    return found.x, found.y


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    onnx_models.save_ultralytics(tmp_path / "ultra" / "1" / "model.onnx")
    onnx_models.save_yolox(tmp_path / "grid" / "1" / "model.onnx")
    return tmp_path


def test_a_fresh_engine_has_the_motion_model(tmp_path: Path) -> None:
    assert list_models(tmp_path / "nothing") == [ModelInfo("motion", "1", "object-detection", ["moving"])]


def test_models_are_listed_with_their_classes(models_dir: Path) -> None:
    listed = [(model.model_id, model.model_version, model.classes) for model in list_models(models_dir)]
    assert listed == [
        ("grid", "1", ["class 0", "class 1"]),
        ("motion", "1", ["moving"]),
        ("ultra", "1", ["dark", "bright"]),
    ]


def test_classes_txt_is_read_if_the_file_has_no_names(models_dir: Path) -> None:
    (models_dir / "grid" / "1" / "classes.txt").write_text("night\nday\n")
    assert list_models(models_dir)[0].classes == ["night", "day"]


def test_a_wrong_number_of_names_is_an_error(models_dir: Path) -> None:
    (models_dir / "grid" / "1" / "classes.txt").write_text("night\n")
    with pytest.raises(ModelError, match="grid/1 has 2 classes and 1 names"):
        opened(models_dir, "grid")


@pytest.mark.parametrize("model_id", ["ultra", "grid"])
@pytest.mark.parametrize(
    ("squares", "width_px", "height_px"),
    [
        ([(200, 160)], 640, 480),
        ([(40, 30), (420, 300)], 640, 480),
        ([(120, 400)], 480, 640),
    ],
)
def test_both_families_find_each_red_square(
    models_dir: Path, model_id: str, squares: list[tuple[int, int]], width_px: int, height_px: int
) -> None:
    found = boxes(opened(models_dir, model_id), picture(*squares, width_px=width_px, height_px=height_px))
    assert [one.class_id for one in found] == [1] * len(squares)
    for (left, top), one in zip(squares, sorted(found, key=lambda one: one.x), strict=True):
        assert center(one) == pytest.approx((left + 48, top + 48), abs=12)
        assert (one.width, one.height) == pytest.approx((96, 96), abs=1)


@pytest.mark.parametrize("model_id", ["ultra", "grid"])
def test_colors_reach_the_model_in_the_order_it_expects(models_dir: Path, model_id: str) -> None:
    blue = Picture.of(picture((200, 160)).bgr()[:, :, ::-1])
    assert boxes(opened(models_dir, model_id), blue) == []


@pytest.mark.parametrize("model_id", ["ultra", "grid"])
def test_boxes_end_at_the_edges_of_the_picture(models_dir: Path, model_id: str) -> None:
    detector = opened(models_dir, model_id, max_detections=1, confidence=0.01)
    (found,) = boxes(detector, picture((-40, 160), (0, 160)))
    assert found.x - found.width / 2 >= 0


@pytest.mark.parametrize(("params", "count"), [({"max_detections": 1}, 1), ({"classes": ["dark"]}, 0), ({}, 2)])
def test_parameters_filter_the_detections(models_dir: Path, params: dict[str, object], count: int) -> None:
    assert len(boxes(opened(models_dir, "ultra", **params), picture((40, 30), (420, 300)))) == count


def test_a_confidence_above_every_score_finds_nothing(models_dir: Path) -> None:
    assert boxes(opened(models_dir, "ultra", confidence=1.0), picture((41, 35))) == []


def test_a_model_for_an_unsupported_task_is_rejected(tmp_path: Path) -> None:
    onnx_models.save_ultralytics(tmp_path / "other" / "1" / "model.onnx", task="obb")
    with pytest.raises(ModelError, match=r"other/1 is an ultralytics obb model, which is not a supported architecture"):
        opened(tmp_path, "other")


def test_an_unknown_layout_is_named_by_its_shape(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    onnx_models.save_unknown(tmp_path / "odd" / "1" / "model.onnx")
    with caplog.at_level(logging.WARNING):
        assert [model.model_id for model in list_models(tmp_path)] == ["motion"]
    assert "odd/1 is a model with outputs [1, 3], [1, 3, 320, 320]" in caplog.text
    assert "set `family` in a model.json" in caplog.text


def test_an_invalid_model_id_is_rejected(models_dir: Path) -> None:
    onnx_models.save_ultralytics(models_dir / "frame_offset" / "1" / "model.onnx")
    for model_id in ("../models/ultra", "..", "", "ultra/", "a b", "ultra\n", "frame_offset", "é"):
        with pytest.raises(ModelError, match="Installed models: grid/1, motion/1, ultra/1"):
            check_request(models_dir, ModelRequest(model_id, "1"))


def test_a_linked_model_folder_is_ignored(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    onnx_models.save_ultralytics(outside / "1" / "model.onnx")
    (models_dir / "away").symlink_to(outside)
    with pytest.raises(ModelError, match="Model away/1 is not installed"):
        check_request(models_dir, ModelRequest("away", "1"))


@pytest.mark.parametrize("version", [1, 1.0, "1"])
def test_a_version_is_a_number_or_a_string(models_dir: Path, version: str | float) -> None:
    check_request(models_dir, ModelRequest("ultra", version))


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"confidence": 40}, "confidence"),
        ({"confidence": "high"}, "confidence"),
        ({"iou_threshold": -0.1}, "iou_threshold"),
        ({"max_detections": 0}, "max_detections"),
        ({"classes": "bright"}, "classes"),
        ({"classes": ["brigth"]}, "has no class brigth. Its classes: dark, bright"),
    ],
)
def test_invalid_parameters_are_rejected_by_name(models_dir: Path, params: dict[str, object], complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        check_request(models_dir, ModelRequest("ultra", "1", inference_params=params))


def test_unknown_parameters_are_ignored(models_dir: Path) -> None:
    check_request(models_dir, ModelRequest("ultra", "1", inference_params={"api_version": 2, "confidence": None}))


def test_another_inference_type_is_rejected(models_dir: Path) -> None:
    with pytest.raises(ModelError, match="ultra/1 is a model for object-detection"):
        check_request(models_dir, ModelRequest("ultra", "1", "classification"))
