"""Every architecture with the layout of its real export: detections in pixels of the picture.

The square that a model detects is centered on one of its cells, so that its box is known exactly.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from frametally.contract import ModelRequest
from frametally.engine.detectors import Detector, check_request, list_models, open_detector, parse_params
from frametally.engine.detectors.onnx_file import providers
from frametally.engine.picture import Picture
from frametally.engine.result_entries import (
    ClassificationEntry,
    DetectionEntry,
    MultiLabelEntry,
    Prediction,
    SemanticSegmentationEntry,
)
from frametally.errors import ModelError
from frametally.results.entries import MISMATCHED, EntryDecoder, Kind, detect_kind
from tests.support import onnx_architectures as made
from tests.support import onnx_models

Save = Callable[[Path], None]
RED, BLUE, GRAY = (0, 0, 255), (255, 0, 0), (90, 90, 90)
SIZE_PX = (640, 480)
"""Size of the picture; the input of the models is 320 x 320."""


class Square:
    """The position in the picture of a square at `middle` in the model's input, for a resize mode."""

    def __init__(self, resize: str, middle: tuple[float, float]) -> None:
        scale = {"letterbox": (2.0, 2.0), "corner": (2.0, 2.0), "stretch": (2.0, 1.5)}[resize]
        top = 40 if resize == "letterbox" else 0
        self.x, self.y = middle[0] * scale[0], (middle[1] - top) * scale[1]
        self.width, self.height = 48 * scale[0], 48 * scale[1]

    def picture(self, color: tuple[int, int, int] = RED) -> Picture:
        image = np.full((SIZE_PX[1], SIZE_PX[0], 3), GRAY, dtype=np.uint8)
        left, top = round(self.x - self.width / 2), round(self.y - self.height / 2)
        image[top : top + round(self.height), left : left + round(self.width)] = color
        return Picture.of(image)


DETECTORS: dict[str, tuple[Save, Square]] = {
    "yolov5": (made.save_yolov5, Square("letterbox", (144, 176))),
    "yolov5 dynamic size": (lambda path: made.save_yolov5(path, is_open=True), Square("letterbox", (144, 176))),
    "yolov5 segment": (lambda path: made.save_yolov5(path, "segment"), Square("letterbox", (144, 176))),
    "yolov8 segment": (lambda path: made.save_yolov8_more(path, "segment"), Square("letterbox", (144, 176))),
    "yolov8 segment without metadata": (
        lambda path: made.save_yolov8_more(path, "segment", metadata={}),
        Square("letterbox", (144, 176)),
    ),
    "yolov8 pose": (lambda path: made.save_yolov8_more(path, "pose"), Square("letterbox", (144, 176))),
    "yolov8 fp16": (
        lambda path: made.save_ultralytics_as(path, np.float16),
        Square("letterbox", (144, 176)),
    ),
    "yolov8 uint8": (
        lambda path: made.save_ultralytics_as(path, np.uint8),
        Square("letterbox", (144, 176)),
    ),
    "yolov8 dynamic size": (
        lambda path: made.save_ultralytics_as(path, np.float32, dynamic=True),
        Square("letterbox", (144, 176)),
    ),
    "nms free": (made.save_nms_free, Square("letterbox", (144, 176))),
    "nms free without task": (
        lambda path: made.save_nms_free(path, metadata={"names": made.NAMES}),
        Square("letterbox", (144, 176)),
    ),
    "nms free segment": (lambda path: made.save_nms_free(path, "segment"), Square("letterbox", (144, 176))),
    "nms free pose": (lambda path: made.save_nms_free(path, "pose"), Square("letterbox", (144, 176))),
    "nanodet plus": (made.save_nanodet, Square("stretch", (144, 176))),
    "nanodet": (
        lambda path: made.save_nanodet(path, strides=(8, 16, 32), joined=False),
        Square("letterbox", (148, 172)),
    ),
    "fastestdet": (made.save_fastestdet, Square("stretch", (136, 184))),
    "rf-detr": (made.save_rf_detr, Square("stretch", (144, 176))),
    "rf-detr segment": (lambda path: made.save_rf_detr(path, masks=True), Square("stretch", (144, 176))),
    "rt-detr": (made.save_rt_detr, Square("stretch", (144, 176))),
    "d-fine": (made.save_d_fine, Square("stretch", (144, 176))),
}


def saved(tmp_path: Path, save: Save, *, classes: str | None = "dark\nbright\n", model_json: object = None) -> Path:
    """A models folder with one model, `made/1`."""
    folder = tmp_path / "made" / "1"
    save(folder / "model.onnx")
    if classes is not None:
        (folder / "classes.txt").write_text(classes)
    if model_json is not None:
        (folder / "model.json").write_bytes(msgspec.json.encode(model_json))
    return tmp_path


def opened(models_dir: Path, **params: object) -> Detector:
    return open_detector(models_dir, "made", "1", parse_params(params))


def boxes(detector: Detector, picture: Picture) -> list[Prediction]:
    entry = detector.infer(picture)
    assert isinstance(entry, DetectionEntry)
    assert (entry.image.width, entry.image.height) == (picture.width_px, picture.height_px)
    return entry.predictions


@pytest.mark.parametrize("family", DETECTORS)
def test_the_box_of_a_square_has_its_position_and_size(tmp_path: Path, family: str) -> None:
    save, square = DETECTORS[family]
    (found,) = boxes(opened(saved(tmp_path, save)), square.picture())
    assert (found.class_name, found.class_id) == ("bright", 1)
    assert found.confidence > 0.8
    assert (found.x, found.y) == pytest.approx((square.x, square.y), abs=0.6)
    assert (found.width, found.height) == pytest.approx((square.width, square.height), abs=0.6)


@pytest.mark.parametrize("family", DETECTORS)
def test_a_square_of_another_color_is_not_found(tmp_path: Path, family: str) -> None:
    save, square = DETECTORS[family]
    assert boxes(opened(saved(tmp_path, save)), square.picture(BLUE)) == []


@pytest.mark.parametrize("family", DETECTORS)
def test_parameters_filter_the_detections_of_every_family(tmp_path: Path, family: str) -> None:
    save, square = DETECTORS[family]
    models_dir = saved(tmp_path, save)
    assert boxes(opened(models_dir, classes=["dark"]), square.picture()) == []
    assert boxes(opened(models_dir, confidence=1.0), square.picture()) == []
    assert len(boxes(opened(models_dir, confidence=0.0, max_detections=2), square.picture())) == 2


@pytest.mark.parametrize("family", ["yolov8 segment", "yolov5 segment", "nms free segment", "rf-detr segment"])
def test_the_polygon_of_a_square_has_its_position_and_size(tmp_path: Path, family: str) -> None:
    save, square = DETECTORS[family]
    models_dir = saved(tmp_path, save)
    assert [model.inference_type for model in list_models(models_dir)] == ["instance-segmentation", "object-detection"]
    (found,) = boxes(opened(models_dir), square.picture())
    assert found.points
    outline = np.array([(point.x, point.y) for point in found.points])
    middle, half = np.array([square.x, square.y]), np.array([square.width, square.height]) / 2
    assert outline.min(axis=0) == pytest.approx(middle - half, abs=1.6)
    assert outline.max(axis=0) == pytest.approx(middle + half, abs=1.6)


def test_a_polygon_follows_the_outline_of_the_largest_part(tmp_path: Path) -> None:
    """A disc and a separate speck of the same color in the same box."""
    square = DETECTORS["yolov8 segment"][1]
    image = np.full((480, 640, 3), GRAY, dtype=np.uint8)
    center = (round(square.x), round(square.y))
    cv2.circle(image, center, 44, RED, cv2.FILLED)
    image[center[1] - 46 : center[1] - 40, center[0] - 46 : center[0] - 38] = RED
    models_dir = saved(tmp_path, DETECTORS["yolov8 segment"][0])
    (found,) = boxes(opened(models_dir, confidence=0.01), Picture.of(image))
    drawn, disc = np.zeros((2, 480, 640), dtype=np.uint8)
    cv2.fillPoly(drawn, [np.array([(p.x, p.y) for p in found.points or ()], dtype=np.int32)], 1)
    cv2.circle(disc, center, 44, 1, cv2.FILLED)
    assert (drawn & disc).sum() / (drawn | disc).sum() > 0.93
    assert 8 < len(found.points or ()) < 60


@pytest.mark.parametrize("family", ["yolov8 pose", "nms free pose"])
def test_keypoints_are_mapped_to_the_picture(tmp_path: Path, family: str) -> None:
    save, square = DETECTORS[family]
    models_dir = saved(tmp_path, save)
    assert [model.inference_type for model in list_models(models_dir)] == ["keypoint-detection", "object-detection"]
    (found,) = boxes(opened(models_dir), square.picture())
    assert found.keypoints
    seen = [(point.class_id, point.class_name, point.x, point.y, point.confidence) for point in found.keypoints]
    assert seen == [(at, f"point {at}", square.x + 8 * at, square.y + 16 * at, 0.9) for at in range(3)]


def test_model_json_can_name_the_keypoints(tmp_path: Path) -> None:
    model_json = {"keypoint_names": ["head", "hand", "foot"]}
    models_dir = saved(tmp_path, DETECTORS["yolov8 pose"][0], model_json=model_json)
    (found,) = boxes(opened(models_dir), DETECTORS["yolov8 pose"][1].picture())
    assert [point.class_name for point in found.keypoints or ()] == model_json["keypoint_names"]


def test_unset_fields_are_omitted_from_the_json(tmp_path: Path) -> None:
    save, square = DETECTORS["rt-detr"]
    (found,) = boxes(opened(saved(tmp_path, save)), square.picture())
    written = msgspec.json.decode(msgspec.json.encode(found))
    assert list(written) == ["x", "y", "width", "height", "confidence", "class", "class_id"]


def test_rf_detr_with_91_columns_uses_coco_names(tmp_path: Path) -> None:
    save, square = lambda path: made.save_rf_detr(path, columns=91, bright=90), DETECTORS["rf-detr"][1]
    (found,) = boxes(opened(saved(tmp_path, save, classes=None)), square.picture())
    assert (found.class_name, found.class_id) == ("toothbrush", 79)


def test_rf_detr_uses_the_names_in_the_metadata_of_its_export(tmp_path: Path) -> None:
    metadata = {"rfdetr_inference": '{"schema_version": 1, "class_id_to_name": {"2": "helmet", "4": "vest"}}'}
    models_dir = saved(
        tmp_path, lambda path: made.save_rf_detr(path, columns=5, bright=4, metadata=metadata), classes=None
    )
    (found,) = boxes(opened(models_dir), DETECTORS["rf-detr"][1].picture())
    assert (found.class_name, found.class_id) == ("vest", 1)


def test_names_by_column_exclude_the_other_columns(tmp_path: Path) -> None:
    save = lambda path: made.save_rf_detr(path, columns=5, bright=4)  # noqa: E731
    models_dir = saved(tmp_path, save, classes=None, model_json={"names": {"1": "helmet", "4": "vest"}})
    (found,) = boxes(opened(models_dir), DETECTORS["rf-detr"][1].picture())
    assert (found.class_name, found.class_id) == ("vest", 1)


def test_d_fine_without_names_uses_coco_names(tmp_path: Path) -> None:
    save, square = DETECTORS["d-fine"]
    (found,) = boxes(opened(saved(tmp_path, save, classes=None)), square.picture())
    assert found.class_name == "bicycle"


def test_a_label_without_a_name_raises_with_instructions(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, lambda path: made.save_d_fine(path, label=2))
    with pytest.raises(ModelError, match=r"returned class 2 but has 2 names\. Set all `names` in a model.json"):
        opened(models_dir).infer(DETECTORS["d-fine"][1].picture())


def test_model_json_can_declare_that_a_yolox_decodes_its_boxes(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, lambda path: onnx_models.save_yolox(path, decoded=True), model_json={"decoded": True})
    square = Square("corner", (148, 172))
    (found,) = boxes(opened(models_dir), square.picture())
    assert (found.x, found.y, found.width, found.height) == (square.x, square.y, 96, 96)


def classified(detector: Detector, image: np.ndarray) -> ClassificationEntry:
    entry = detector.infer(Picture.of(image))
    assert isinstance(entry, ClassificationEntry)
    return entry


def flat(color: tuple[int, int, int]) -> np.ndarray:
    return np.full((480, 640, 3), color, dtype=np.uint8)


COLORS = "red\ngreen\nblue\n"


@pytest.mark.parametrize("last", ["", "Softmax"])
def test_a_classification_returns_probabilities(tmp_path: Path, last: str) -> None:
    models_dir = saved(tmp_path, lambda path: made.save_classifier(path, last=last), classes=COLORS)
    assert [model.inference_type for model in list_models(models_dir)] == ["classification", "object-detection"]
    entry = classified(opened(models_dir), flat((0, 255, 0)))
    expected = np.exp([0, 4, 0]) / np.exp([0, 4, 0]).sum()
    assert entry.top == "green"
    assert entry.confidence == pytest.approx(expected[1], abs=1e-3)
    assert [label.class_name for label in entry.predictions] == ["green", "red", "blue"]
    assert [label.confidence for label in entry.predictions] == pytest.approx(sorted(expected)[::-1], abs=1e-3)


def test_a_classification_uses_the_center_of_the_picture(tmp_path: Path) -> None:
    """A crop of 7/8 of the height: the central 420 x 420 of 640 x 480."""
    image = flat((255, 0, 0))
    image[:, :110] = image[:, -110:] = image[:30] = image[-30:] = (0, 255, 0)
    models_dir = saved(tmp_path, made.save_classifier, classes=COLORS)
    entry = classified(opened(models_dir), image)
    assert entry.top == "blue"
    assert entry.confidence == pytest.approx(np.exp(4) / (np.exp(4) + 2), abs=2e-3)


def test_an_ultralytics_classifier_keeps_the_whole_shorter_side(tmp_path: Path) -> None:
    names = {"task": "classify", "names": "{0: 'red', 1: 'green', 2: 'blue'}", "imgsz": "[320, 320]"}
    image = flat((255, 0, 0))
    image[:, :80] = image[:, -80:] = (0, 255, 0)
    models_dir = saved(tmp_path, lambda path: made.save_classifier(path, last="Softmax", metadata=names), classes=None)
    entry = classified(opened(models_dir), image)
    assert entry.top == "blue"
    assert entry.confidence == pytest.approx(np.exp(4) / (np.exp(4) + 2), abs=2e-3)


@pytest.mark.parametrize(
    ("params", "labels"),
    [
        ({"max_detections": 1}, ["green"]),
        ({"confidence": 0.5}, ["green"]),
        ({"classes": ["red", "blue"]}, ["red", "blue"]),
    ],
)
def test_parameters_filter_the_labels(tmp_path: Path, params: dict[str, object], labels: list[str]) -> None:
    models_dir = saved(tmp_path, made.save_classifier, classes=COLORS)
    entry = classified(opened(models_dir, **params), flat((0, 255, 0)))
    assert [label.class_name for label in entry.predictions] == labels
    assert entry.top == labels[0]


def test_a_model_with_a_sigmoid_is_multi_label(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, lambda path: made.save_classifier(path, last="Sigmoid"), classes=COLORS)
    entry = opened(models_dir, confidence=0.9).infer(Picture.of(flat((0, 255, 255))))
    assert isinstance(entry, MultiLabelEntry)
    assert entry.predicted_classes == ["red", "green"]
    assert {name: score.class_id for name, score in entry.predictions.items()} == {"red": 0, "green": 1, "blue": 2}
    assert entry.predictions["blue"].confidence == pytest.approx(0.5, abs=0.01)


def test_model_json_can_set_a_sigmoid(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, made.save_classifier, classes=COLORS, model_json={"activation": "sigmoid"})
    entry = opened(models_dir).infer(Picture.of(flat((0, 0, 255))))
    assert isinstance(entry, MultiLabelEntry)
    assert entry.predictions["red"].confidence == pytest.approx(1 / (1 + np.exp(-4)), abs=2e-3)


def test_model_json_can_set_the_normalization(tmp_path: Path) -> None:
    """The model reverts the ImageNet normalization, which this model.json disables."""
    models_dir = saved(
        tmp_path,
        made.save_classifier,
        classes=COLORS,
        model_json={"mean": [0, 0, 0], "std": [1, 1, 1], "color_order": "BGR"},
    )
    entry = classified(opened(models_dir), flat((255, 0, 0)))
    logits = 4 * (np.array([1, 0, 0]) * [0.229, 0.224, 0.225] + [0.485, 0.456, 0.406])
    assert entry.top == "red"
    assert entry.confidence == pytest.approx((np.exp(logits) / np.exp(logits).sum())[0], abs=1e-3)


def segmented(detector: Detector, image: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
    entry = detector.infer(Picture.of(image))
    assert isinstance(entry, SemanticSegmentationEntry)
    png = np.frombuffer(base64.b64decode(entry.predictions.segmentation_mask), dtype=np.uint8)
    mask = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
    assert mask is not None
    return mask, entry.predictions.class_map


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A red and a blue rectangle on gray, and the class of each pixel."""
    image, ids = np.full((480, 640, 3), GRAY, dtype=np.uint8), np.zeros((480, 640), dtype=np.uint8)
    for number, color, area in ((1, RED, np.s_[96:288, 64:256]), (2, BLUE, np.s_[240:432, 320:576])):
        image[area], ids[area] = color, number
    return image, ids


SEGMENTS = "background\nroof\nwater\n"


@pytest.mark.parametrize(
    "save",
    [
        made.save_semantic,
        lambda path: made.save_semantic(path, ids=True),
        lambda path: made.save_semantic(path, shrink=4),
    ],
    ids=["logits", "ids", "a coarse map"],
)
def test_a_mask_has_the_class_of_every_pixel(tmp_path: Path, save: Save) -> None:
    models_dir = saved(tmp_path, save, classes=SEGMENTS)
    assert [model.inference_type for model in list_models(models_dir)] == ["semantic-segmentation", "object-detection"]
    image, ids = scene()
    mask, class_map = segmented(opened(models_dir), image)
    assert class_map == {"0": "background", "1": "roof", "2": "water"}
    assert mask.shape == ids.shape
    wrong = mask != ids
    assert wrong.mean() < 0.01
    assert not cv2.erode((wrong * 255).astype(np.uint8), np.ones((5, 5))).any()  # only along the edges


def test_a_mask_of_one_plane_has_background_and_foreground(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, lambda path: made.save_semantic(path, planes=1), classes="roof\n")
    image, ids = scene()
    mask, class_map = segmented(opened(models_dir), image)
    assert class_map == {"0": "background", "1": "roof"}
    assert ((mask == 1) != (ids == 1)).mean() < 0.005


def test_classes_that_are_not_requested_become_background(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, made.save_semantic, classes=SEGMENTS)
    mask, _ = segmented(opened(models_dir, classes=["water"]), scene()[0])
    assert set(np.unique(mask)) == {0, 2}


def test_pixels_below_the_confidence_become_background(tmp_path: Path) -> None:
    """With logits of 0, 0.5 and -0.5 the most likely class has a probability of 0.51."""
    models_dir = saved(tmp_path, made.save_semantic, classes=SEGMENTS)
    image, ids = scene()
    assert segmented(opened(models_dir, confidence=0.6), image)[0].max() == 0
    assert (segmented(opened(models_dir, confidence=0.45), image)[0] != ids).mean() < 0.01


def test_without_a_background_class_other_pixels_have_id_255(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, made.save_semantic, classes="ground\nroof\nwater\n")
    mask, class_map = segmented(opened(models_dir, classes=["roof"]), scene()[0])
    assert set(np.unique(mask)) == {1, 255}
    assert class_map["255"] == "background"


@pytest.mark.parametrize("save", [made.save_classifier, made.save_semantic], ids=["classification", "semantic"])
def test_missing_class_names_raise_with_instructions(tmp_path: Path, save: Save) -> None:
    models_dir = saved(tmp_path, save, classes=None)
    with pytest.raises(ModelError, match=r"classes\.txt next to it, one name per line"):
        opened(models_dir)


def test_an_ambiguous_shape_is_resolved_by_the_number_of_names(tmp_path: Path) -> None:
    """NanoDet with three strides has as many rows as YOLOX but another number of columns."""
    save = lambda path: made.save_nanodet(path, strides=(8, 16, 32))  # noqa: E731
    square = DETECTORS["nanodet"][1]
    (found,) = boxes(opened(saved(tmp_path, save)), square.picture())
    assert (found.width, found.height) == (96, 96)


def test_the_architecture_in_model_json_has_priority(tmp_path: Path) -> None:
    save = lambda path: made.save_nanodet(path, strides=(8, 16, 32))  # noqa: E731
    models_dir = saved(tmp_path, save, classes=None, model_json={"family": "nanodet"})
    (found,) = boxes(opened(models_dir), DETECTORS["nanodet"][1].picture())
    assert (found.class_name, found.width) == ("class 1", 96)


def test_a_request_with_the_type_of_the_model_is_accepted(tmp_path: Path) -> None:
    models_dir = saved(tmp_path, DETECTORS["yolov8 pose"][0])
    check_request(models_dir, ModelRequest("made", "1", "keypoint-detection"))
    with pytest.raises(ModelError, match="made/1 is a model for keypoint-detection"):
        check_request(models_dir, ModelRequest("made", "1", "object-detection"))


KINDS = {
    "rt-detr": Kind.DETECTION,
    "yolov8 segment": Kind.DETECTION,  # SEGMENTATION once its polygons are written to the tables
    "yolov8 pose": Kind.DETECTION,
}


@pytest.mark.parametrize("family", KINDS)
def test_the_dashboard_reads_the_boxes_that_the_engine_writes(tmp_path: Path, family: str) -> None:
    save, square = DETECTORS[family]
    raw = msgspec.json.encode(opened(saved(tmp_path, save)).infer(square.picture()))
    assert detect_kind(raw) is KINDS[family]
    read = EntryDecoder(Kind.DETECTION).decode_one(raw)
    assert (len(read.predictions), read.image.width) == (1, 640)
    assert [point.klass for point in read.predictions[0].keypoints or ()] == (
        ["point 0", "point 1", "point 2"] if "pose" in family else []
    )
    assert bool(read.predictions[0].points) == ("segment" in family)


@pytest.mark.parametrize(
    ("save", "kind"),
    [
        (made.save_classifier, Kind.CLASSIFICATION),
        (lambda path: made.save_classifier(path, last="Sigmoid"), Kind.MULTI_LABEL),
        (made.save_semantic, Kind.SEMANTIC),
    ],
    ids=["one label", "several labels", "mask"],
)
def test_the_dashboard_reads_the_labels_and_masks_that_the_engine_writes(
    tmp_path: Path, save: Save, kind: Kind
) -> None:
    raw = msgspec.json.encode(opened(saved(tmp_path, save, classes=COLORS)).infer(Picture.of(scene()[0])))
    assert detect_kind(raw) is kind
    assert EntryDecoder(kind).decode_one(raw) is not MISMATCHED
    assert b"null" not in raw


@pytest.mark.parametrize("family", ["yolov8 segment", "yolov8 pose", "nanodet", "rf-detr", "d-fine"])
def test_concurrent_inference_returns_the_same_results(tmp_path: Path, family: str) -> None:
    """Pictures of two shapes, to detect pixels of one that remain in the input of the other."""
    save, square = DETECTORS[family]
    detector = opened(saved(tmp_path, save))
    plain = square.picture()
    upright = Picture.of(np.ascontiguousarray(np.rot90(plain.bgr())))
    alone = [detector.infer(plain), detector.infer(upright)]
    with ThreadPoolExecutor(4) as pool:
        images = [plain.bgr() if at % 2 == 0 else upright.bgr() for at in range(40)]
        answers = list(pool.map(lambda image: detector.infer(Picture.of(image)), images))
    assert answers == alone * 20


def test_available_accelerators_are_used_before_the_cpu() -> None:
    assert providers(["AzureExecutionProvider", "CPUExecutionProvider"]) == ["CPUExecutionProvider"]
    found = providers(["OpenVINOExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"])
    assert found == ["CUDAExecutionProvider", "OpenVINOExecutionProvider", "CPUExecutionProvider"]


def test_a_mask_covers_only_the_input_of_the_model(tmp_path: Path) -> None:
    """With a center crop the sides of the picture are background."""
    models_dir = saved(
        tmp_path, made.save_semantic, classes="ground\nroof\nwater\n", model_json={"resize": "center-crop"}
    )
    mask, class_map = segmented(opened(models_dir), flat(RED))
    assert class_map["255"] == "background"
    assert (mask[:, 85:555] == 1).all()
    assert (mask[:, :75] == 255).all()
    assert (mask[:, 565:] == 255).all()


def test_raw_detector_grids_are_not_a_semantic_mask(tmp_path: Path) -> None:
    graph = onnx_models.Graph()
    for side in (40, 20):
        size = onnx_models.SIZE_PX // side
        graph.node("AveragePool", ["images"], f"grid{side}", kernel_shape=[size] * 2, strides=[size] * 2)
    models_dir = saved(tmp_path, lambda path: graph.save(path, {"grid40": (1, 3, 40, 40), "grid20": (1, 3, 20, 20)}))
    with pytest.raises(ModelError, match="which is not a supported architecture"):
        opened(models_dir)
