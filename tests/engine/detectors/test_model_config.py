"""`model.json`: valid keys and error messages for invalid ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from frametally.engine.detectors import list_models, open_detector, parse_params
from frametally.engine.detectors.model_config import ARCHITECTURE_NAMES, ModelConfig, read_model_config
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry
from frametally.errors import ModelError
from tests.support import onnx_architectures, onnx_models

MODELS_PAGE = (Path(__file__).parents[3] / "docs" / "models.md").read_text()


def error_of(models_dir: Path, model_json: str) -> str:
    """The message of the error that is raised for a YOLOX model with this model.json."""
    path = models_dir / "grid" / "1" / "model.onnx"
    onnx_models.save_yolox(path)
    path.with_name("model.json").write_text(model_json)
    with pytest.raises(ModelError) as refused:
        open_detector(models_dir, "grid", "1", parse_params(None))
    assert [model.model_id for model in list_models(models_dir)] == ["motion"]
    return str(refused.value)


@pytest.mark.parametrize(
    ("model_json", "complaint"),
    [
        ('{"famly": "yolox"}', "unknown field `famly`"),
        ('{"family": "yolo"}', "Invalid enum value 'yolo'"),
        ('{"input_size_px": [0, 640]}', "`$.input_size_px[0]`"),
        ('{"input_size_px": 640}', "`$.input_size_px`"),
        ('{"input_size_px": [99999, 640]}', "`$.input_size_px[0]`"),
        ('{"std": [1, 0, 1]}', "`$.std[1]`"),
        ('{"mean": [1, 2]}', "`$.mean`"),
        ('{"names": {"0": null}}', "`$.names[...]`"),
        ("{", "truncated"),
        ("[" * 100_000, "The model.json of grid/1 is invalid"),
        ("\x00", "The model.json of grid/1 is invalid"),
    ],
)
def test_an_invalid_key_or_value_is_named(tmp_path: Path, model_json: str, complaint: str) -> None:
    error_message = error_of(tmp_path, model_json)
    assert complaint in error_message
    assert "The model.json of grid/1 is invalid" in error_message
    assert "Valid keys: family, task, names" in error_message


@pytest.mark.parametrize(
    ("model_json", "complaint"),
    [
        ('{"names": ["one"]}', "grid/1 has 2 classes and 1 names"),
        ('{"names": {"a": "b"}}', "The keys of `names` of grid/1 are not numbers"),
        ('{"input_size_px": [640, 640]}', "Correct `input_size_px` in its model.json"),
        ('{"family": "fastestdet"}', "expected 4 dimensions"),
        ('{"family": "rf-detr"}', "has no outputs `dets` and `labels`"),
        ('{"family": "d-fine"}', "has no outputs `labels`, `boxes` and `scores`"),
        ('{"family": "nanodet"}', "does not have the outputs of NanoDet"),
        ('{"family": "yolov8", "task": "segment"}', "has no mask prototypes"),
        ('{"family": "yolov8", "task": "pose"}', "Set `keypoint_names` in a model.json"),
        ('{"family": "yolo-nms-free", "names": ["a"]}', "expected [1, any, 6]"),
        ('{"family": "classification", "names": ["a"]}', "classes and 1 names"),
    ],
)
def test_a_config_that_does_not_fit_the_file_raises(tmp_path: Path, model_json: str, complaint: str) -> None:
    assert complaint in error_of(tmp_path, model_json)


ACCEPTED = {
    *((onnx_models.save_yolox, architecture, False) for architecture in ("yolox", "yolov5", "yolov8", "rt-detr")),
    *((onnx_models.save_yolox, architecture, True) for architecture in ("rt-detr", "yolov8", "semantic-segmentation")),
    (onnx_models.save_unknown, "classification", True),
    (onnx_architectures.save_d_fine, "d-fine", False),
    (onnx_architectures.save_d_fine, "d-fine", True),
    (onnx_architectures.save_semantic, "semantic-segmentation", True),
}
"""(saver, architecture, whether three class names are given): files that run as this architecture, some of them only
because their outputs happen to have a shape that it can read. Everything else must raise ModelError."""


@pytest.mark.parametrize(
    "save",
    [
        onnx_models.save_yolox,
        onnx_models.save_unknown,
        onnx_architectures.save_d_fine,
        onnx_architectures.save_semantic,
    ],
)
@pytest.mark.parametrize("has_names", [False, True])
def test_an_architecture_rejects_a_file_that_is_not_its_own(
    tmp_path: Path, save: Callable[[Path], None], has_names: bool
) -> None:
    picture = Picture.of(np.full((40, 60, 3), 90, dtype=np.uint8))
    path = tmp_path / "other" / "1" / "model.onnx"
    save(path)
    accepted = set()
    for architecture in ARCHITECTURE_NAMES:
        names = ', "names": ["a", "b", "c"]' if has_names else ""
        path.with_name("model.json").write_text(f'{{"family": "{architecture}"{names}}}')
        with suppress(ModelError):
            open_detector(tmp_path, "other", "1", parse_params(None)).infer(picture)
            accepted.add((save, architecture, has_names))
    assert accepted == {one for one in ACCEPTED if (one[0], one[2]) == (save, has_names)}


@pytest.mark.parametrize("name", ["model.json", "classes.txt"])
def test_a_companion_file_cannot_be_a_link_to_another_folder(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root\nadmin\n")
    path = tmp_path / "models" / "grid" / "1" / "model.onnx"
    onnx_models.save_yolox(path)
    path.with_name(name).symlink_to(secret)
    with pytest.raises(ModelError, match=f"The {name} of grid/1 is a link"):
        open_detector(tmp_path / "models", "grid", "1", parse_params(None))


def test_names_that_are_not_utf8_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "grid" / "1" / "model.onnx"
    onnx_models.save_yolox(path)
    path.with_name("classes.txt").write_bytes("Straße\nGrün\n".encode("latin-1"))
    with pytest.raises(ModelError, match=r"classes\.txt of grid/1 is not UTF-8 text"):
        open_detector(tmp_path, "grid", "1", parse_params(None))


def test_a_dynamic_input_size_is_set_in_model_json(tmp_path: Path) -> None:
    path = tmp_path / "open" / "1" / "model.onnx"
    graph = onnx_models.Graph()
    graph.input_shape = (1, 3, "height", "width")
    graph.node("GlobalAveragePool", ["images"], "mean")
    graph.node("Flatten", ["mean"], "output")
    graph.save(path, {"output": (1, 3)})
    path.with_name("classes.txt").write_text("a\nb\nc\n")
    with pytest.raises(ModelError, match=r"open/1 has a dynamic input size\. Set `input_size_px`"):
        open_detector(tmp_path, "open", "1", parse_params(None))
    path.with_name("model.json").write_text('{"input_size_px": [96, 64]}')
    open_detector(tmp_path, "open", "1", parse_params(None)).infer(Picture.of(np.zeros((9, 9, 3), dtype=np.uint8)))


def test_model_json_can_set_the_resize_mode(tmp_path: Path) -> None:
    """With stretching, squares in a picture with aspect ratio 2:1 become twice as high as wide in the input."""
    path = tmp_path / "ultra" / "1" / "model.onnx"
    onnx_models.save_ultralytics(path)
    path.with_name("model.json").write_text('{"resize": "stretch", "names": ["off", "on"]}')
    image = np.full((320, 640, 3), 90, dtype=np.uint8)
    image[96:144, 192:288] = (0, 0, 255)
    entry = open_detector(tmp_path, "ultra", "1", parse_params({"iou_threshold": 0.3})).infer(Picture.of(image))
    assert isinstance(entry, DetectionEntry)
    (found,) = entry.predictions
    assert (found.class_name, found.width, found.height) == ("on", 96, 48)


def test_model_json_is_optional(tmp_path: Path) -> None:
    assert read_model_config(tmp_path, "grid/1") == ModelConfig()


@pytest.mark.parametrize("word", [*ARCHITECTURE_NAMES, *ModelConfig.__struct_encode_fields__])
def test_the_documentation_explains_every_key_and_family(word: str) -> None:
    assert f"`{word}`" in MODELS_PAGE
