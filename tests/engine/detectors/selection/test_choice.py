"""Which architecture is chosen: every format, and twins of it that must be read right or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from frametally.engine.detectors import list_models, open_detector, parse_params
from frametally.engine.detectors.selection.inspection import inspect_model
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry, Prediction
from frametally.errors import ModelError
from tests.support.onnx_constants import Values, rows, save_constants
from tests.support.onnx_families import FAMILIES, TWINS, ULTRALYTICS, Twin
from tests.support.onnx_models import SIZE_PX, Shape, save_with_outside_weights
from tests.support.soak import shortened

CELLS = 2100
MIDDLE_PX = (144, 176)
NAMES = "dark\nbright\n"
SHORT = ("yolov8", "yolov7-end2end", "rt-detr", "fastestdet")
"""Formats whose twins are in the short form: of cells, of rows of boxes, of queries, and of a grid."""
ONE_BOX = (100.0, 120.0, 40.0, 60.0, 0.9)
"""The box of the models that return constants: center, size, confidence."""


def spot() -> Picture:
    """A red square of 48 px, at the size of the input."""
    image = np.full((SIZE_PX, SIZE_PX, 3), 90, dtype=np.uint8)
    image[MIDDLE_PX[1] - 24 : MIDDLE_PX[1] + 24, MIDDLE_PX[0] - 24 : MIDDLE_PX[0] + 24] = (0, 0, 255)
    return Picture.of(image)


def found(models_dir: Path, picture: Picture) -> list[Prediction]:
    entry = open_detector(models_dir, "made", "1", parse_params(None)).infer(picture)
    assert isinstance(entry, DetectionEntry)
    return entry.predictions


def saved(tmp_path: Path, family: str, twin: Twin) -> Path:
    path = tmp_path / "made" / "1" / "model.onnx"
    FAMILIES[family](path, twin)
    path.with_name("classes.txt").write_text(NAMES)
    return tmp_path


def assert_right(predictions: list[Prediction]) -> None:
    best = predictions[0]
    assert (best.x, best.y) == pytest.approx(MIDDLE_PX, abs=1)
    assert (best.width, best.height) == pytest.approx((48, 48), abs=1)
    assert (best.class_name, best.confidence > 0.9) == ("bright", True)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_format_is_read_right(tmp_path: Path, family: str) -> None:
    models_dir = saved(tmp_path, family, "")
    inspection = inspect_model(models_dir / "made" / "1" / "model.onnx")
    assert inspection.architecture == family.split(" ")[0].replace("nanodet-plus", "nanodet")
    assert_right(found(models_dir, spot()))


@pytest.mark.parametrize("family", shortened(FAMILIES, SHORT))
def test_a_wrong_twin_of_a_format_is_read_right_or_refused(tmp_path: Path, family: str) -> None:
    refused = []
    for number, twin in enumerate(TWINS):
        models_dir = saved(tmp_path / str(number), family, twin)
        try:
            predictions = found(models_dir, spot())
        except ModelError:
            assert [model.model_id for model in list_models(models_dir)] == ["motion"]
            refused.append(twin)
        else:
            assert_right(predictions)
    assert len(refused) >= len(TWINS) - 2, "twins that change the values are noticed"


def deepstream() -> npt.NDArray[np.float32]:
    return rows(CELLS, [80, 90, 120, 150, 0.9, 1], [3, 3, 7, 7, 0, 0])


CONSTANTS: dict[str, tuple[Values, dict[str, str] | None, str]] = {
    "yolov6": ({"outputs": rows(CELLS, [100, 120, 40, 60, 1, 0, 0.9], [5, 5, 4, 4, 0, 0, 0])}, None, "yolov6"),
    "yolov6 with zeros": ({"outputs": rows(CELLS, [100, 120, 40, 60, 1, 0, 0.9])}, None, "yolov6"),
    "yolov8 with cells first": (
        {"output0": rows(CELLS, [100, 120, 40, 60, 0, 0.9], [5, 5, 4, 4, 0, 0], at=1234)},
        ULTRALYTICS,
        "yolov8",
    ),
    "deepstream": ({"output": deepstream()}, None, "deepstream"),
    "deepstream in three outputs": (
        {"boxes": deepstream()[..., :4], "scores": deepstream()[..., 4:5], "classes": deepstream()[..., 5:]},
        None,
        "deepstream",
    ),
    "d-fine without batch": (
        {
            "labels": np.ones(300, dtype=np.int64),
            "boxes": rows(300, [80, 90, 120, 150])[0],
            "scores": rows(300, [0.9])[0, :, 0],
        },
        None,
        "d-fine",
    ),
    "yolov7 end2end": (
        {"output": rows(2, [0, 80, 90, 120, 150, 1, 0.9], [0, 1, 1, 9, 9, 0, 0.1])[0]},
        None,
        "yolov7-end2end",
    ),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_model_that_returns_constants_is_read_by_their_range(tmp_path: Path, name: str) -> None:
    values, metadata, architecture = CONSTANTS[name]
    path = tmp_path / "made" / "1" / "model.onnx"
    save_constants(path, values, metadata)
    path.with_name("classes.txt").write_text(NAMES)
    assert inspect_model(path).architecture == architecture
    (box,) = found(tmp_path, spot())
    assert (box.x, box.y, box.width, box.height, box.confidence) == ONE_BOX
    assert box.class_name == "bright"


def test_formats_that_cannot_be_distinguished_are_refused_unless_one_is_named(tmp_path: Path) -> None:
    """Without names a row of seven values can be an objectness and two classes, or three classes."""
    path = tmp_path / "made" / "1" / "model.onnx"
    save_constants(path, {"outputs": rows(CELLS, [100, 120, 40, 60, 1, 0.9, 0])})
    with pytest.raises(ModelError, match=r"can be read as yolov8 or yolov6 or yolox.* Set `family` in a model\.json"):
        found(tmp_path, spot())
    path.with_name("model.json").write_text('{"family": "yolov6"}')
    (box,) = found(tmp_path, spot())
    assert (box.x, box.class_name) == (100, "class 0")


@pytest.mark.parametrize("family", ["", '{"family": "yolox"}'])
def test_confidences_above_one_are_refused(tmp_path: Path, family: str) -> None:
    path = tmp_path / "made" / "1" / "model.onnx"
    save_constants(path, {"output": rows(CELLS, [0.5, 0.5, 1, 1, 3.2, 1, 0])})
    path.with_name("classes.txt").write_text(NAMES)
    if family:
        path.with_name("model.json").write_text(family)
    with pytest.raises(ModelError, match=r"3\.2"):
        found(tmp_path, spot())


@pytest.mark.parametrize(
    ("names", "classes"),
    [("{0: 0, 1: 1}", ["0", "1"]), ("[4711, 12.5]", ["4711", "12.5"]), ("{0: 'a', 1: 2}", ["a", "2"])],
)
@pytest.mark.parametrize("is_dynamic", [True, False])
def test_class_names_may_be_numbers(tmp_path: Path, names: str, classes: list[str], is_dynamic: bool) -> None:
    path = tmp_path / "made" / "1" / "model.onnx"
    values: Values = {"output0": rows(3 * CELLS, [100, 120, 40, 60, 1, 0, 0.9], [5, 5, 4, 4, 0, 0, 0])}
    dynamic: dict[str, Shape] | None = {"output0": ("batch", "anchors", 7)} if is_dynamic else None
    save_constants(path, values, {"stride": "32", "names": names}, dynamic=dynamic)
    assert list_models(tmp_path)[0].classes == classes
    (box,) = found(tmp_path, spot())
    assert box.class_name == classes[1]


def test_class_names_in_model_json_may_be_numbers(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, "yolov8", "")
    (models_dir / "made" / "1" / "model.json").write_text('{"names": [7, 8.5]}')
    assert list_models(models_dir)[0].classes == ["7", "8.5"]


def test_a_refused_model_is_reported_with_its_own_reason(tmp_path: Path) -> None:
    save_with_outside_weights(tmp_path / "made" / "1" / "model.onnx", "../x")
    with pytest.raises(ModelError) as refused:
        found(tmp_path, spot())
    assert "weights outside of its folder" in str(refused.value)
    assert "not installed" not in str(refused.value)
