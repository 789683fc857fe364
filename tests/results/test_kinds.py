"""Every kind of model, and entries that do not fit the kind of their model."""

from __future__ import annotations

import base64
import io
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frametally.results import Kind
from tests.support.documents import archived, box, document, entry


def label(name: str, confidence: float) -> dict[str, Any]:
    return {"class": name, "class_id": 0, "confidence": confidence}


def semantic(ids: np.ndarray[Any, Any], mode: str = "L", **names: str) -> dict[str, Any]:
    image = Image.fromarray(ids.astype(np.uint8)).convert(mode)
    if mode == "P":
        image = Image.frombytes("P", ids.shape[::-1], ids.astype(np.uint8).tobytes())
        image.putpalette([value for at in range(256) for value in (255 - at, at, 7)])
    png = io.BytesIO()
    image.save(png, "PNG")
    return mask_of(png.getvalue(), **names)


def mask_of(png: bytes, **names: str) -> dict[str, Any]:
    class_map = {key.removeprefix("id_"): name for key, name in names.items()}
    return {"predictions": {"segmentation_mask": base64.b64encode(png).decode(), "class_map": class_map}}


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (entry(box()), Kind.DETECTION),
        (entry(box(), box(points=[{"x": 1, "y": 2}])), Kind.SEGMENTATION),
        (entry(box(keypoints=[{"x": 1, "y": 2, "class_name": "nose"}])), Kind.KEYPOINTS),
        ({"top": "a", "confidence": 1, "predictions": [label("a", 1)]}, Kind.CLASSIFICATION),
        ({"predictions": {"a": {"confidence": 0.5}}, "predicted_classes": ["a"]}, Kind.MULTI_LABEL),
        (semantic(np.zeros((2, 2))), Kind.SEMANTIC),
        ({"predictions": [{"face": box("face"), "yaw": 0.1, "pitch": 0.2}]}, Kind.GAZE),
        ([{"face": box("face"), "yaw": 0.1, "pitch": 0.2}], Kind.GAZE),
        ({"embeddings": [[0.1, 0.2]]}, Kind.CLIP),
    ],
)
def test_the_kind_is_that_of_the_first_entry_with_content(tmp_path: Path, one: object, kind: Kind) -> None:
    results = archived(tmp_path, document(None, entry(), one, None, one))
    assert results.models["cars"].kind is kind
    assert results.models["cars"].analyzed.tolist() == [False, True, True, False, True]
    assert len(results.boxes("cars")) == (2 * max(len(entry_boxes(one)), 1) if kind.has_boxes else 0)


def entry_boxes(one: Any) -> list[Any]:
    return one["predictions"] if isinstance(one, dict) and isinstance(one.get("predictions"), list) else []


@pytest.mark.parametrize("value", ["a word", 3, [3, 4], ["a", "b"], [{"similarity": [0.5]}] * 2, {"a": 1}, True])
def test_unknown_keys_are_listed_and_kept(tmp_path: Path, value: object) -> None:
    results = archived(tmp_path, document(entry(box()), None, other=value))
    assert (list(results.models), results.unknown_keys) == (["cars"], ("other",))
    if isinstance(value, list):
        assert results.raw_entry(1)["other"] == value[1]


@pytest.mark.parametrize(
    "one", [{"predictions": [label("apple", 0.9)]}, 7, "word", {"predictions": "x"}, entry({"x": 1}), [entry()]]
)
def test_a_mismatched_entry_is_not_analyzed(tmp_path: Path, one: object) -> None:
    results = archived(tmp_path, document(entry(box()), one, entry()))
    assert results.models["cars"].analyzed.tolist() == [True, False, True]
    assert results.models["cars"].mismatched == 1


def test_numbers_as_text_and_sizes_in_a_list_are_read(tmp_path: Path) -> None:
    one = {"image": [{"width": "640", "height": "480"}], "predictions": [box(class_id="7", confidence="0.5")]}
    results = archived(tmp_path, document(one))
    assert results.models["cars"].image_wh.tolist() == [[640, 480]]
    assert (results.boxes("cars").class_id.tolist(), results.boxes("cars").confidence.tolist()) == ([7], [0.5])


def test_a_box_without_confidence_has_confidence_1(tmp_path: Path) -> None:
    bare = {key: value for key, value in box().items() if key != "confidence"}
    results = archived(tmp_path, document(entry(bare, box(confidence=None))))
    assert results.boxes("cars").confidence.tolist() == [1, 1]


@pytest.mark.parametrize("value", [1e300, -1e300, 1e999, 10**40])
def test_an_out_of_range_value_affects_its_entry_only(tmp_path: Path, value: float) -> None:
    far = {"x": value, "y": 1}
    sized = {**entry(box()), "image": {"width": value, "height": 1}}
    drawn = entry(box(points=[far], keypoints=[{**far, "class": "nose"}]))
    clip = [{"embeddings": [[value, 1]]}, None, None, None, None]
    entries = [entry(box()), entry(box(x=value)), entry(box(class_id=10**12)), sized, drawn]
    results = archived(tmp_path, document(*entries, clip=clip))
    boxes = results.boxes("cars")
    assert boxes.entry.tolist() == [0, 1, 2, 3, 4]
    assert boxes.xyxy[[0, 2, 3, 4]].tolist() == [[8, 17, 12, 23]] * 4
    assert not np.isfinite(boxes.xyxy[1]).all()
    assert "x is not a finite number" in " ".join(results.notes)
    assert "class_id is not a whole number" in " ".join(results.notes)


def test_tracker_ids_are_strings(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box(tracker_id=7), box(), box(tracker_id="t"))))
    trackers = results.boxes("cars").tracker_id
    assert trackers is not None
    assert trackers.tolist() == ["7", None, "t"]


def test_polygons_are_parallel_to_the_boxes(tmp_path: Path) -> None:
    outline = [{"x": 1.5, "y": 2.5}, {"x": 3, "y": 4}, {"x": 5, "y": 6}]
    results = archived(
        tmp_path, document(entry(box(points=outline), box()), entry(), entry(box(), box(points=outline)))
    )
    assert [len(one) for one in results.polygons("cars", 0)] == [3, 0]
    assert results.polygons("cars", 1) == []
    assert results.polygons("cars", 2)[1].tolist() == [[1.5, 2.5], [3, 4], [5, 6]]


def test_keypoints_are_ordered_by_id(tmp_path: Path) -> None:
    late = {"x": 3, "y": 4, "confidence": 0.5, "class_id": 1, "class": "tail"}
    early = {"x": 1, "y": 2, "confidence": 0.25, "class_id": 0, "class_name": "nose"}
    results = archived(tmp_path, document(entry(box(keypoints=[late])), entry(box(), box(keypoints=[late, early]))))
    assert results.models["cars"].keypoint_names == ("nose", "tail")
    assert np.isnan(results.keypoints("cars", 0)[0, 0]).all()
    assert results.keypoints("cars", 0)[0, 1].tolist() == [3, 4, 0.5]
    assert np.isnan(results.keypoints("cars", 1)[0]).all()
    assert results.keypoints("cars", 1)[1].tolist() == [[1, 2, 0.25], [3, 4, 0.5]]


def test_missing_scores_are_nan(tmp_path: Path) -> None:
    first = {"top": "b", "predictions": [label("b", 0.75), label("a", 0.25)]}
    scores = archived(tmp_path, document(first, None, {"predictions": [label("c", 1)]})).scores("cars")
    assert np.isnan(scores).tolist() == [[False, False, True], [True] * 3, [True, True, False]]
    assert scores[0, :2].tolist() == [0.25, 0.75]


def test_scores_of_a_range_are_its_rows(tmp_path: Path) -> None:
    entries = [{"predictions": {"a": {"confidence": at / 10}}} for at in range(10)]
    results = archived(tmp_path, document(*entries))
    assert results.scores("cars", 3, 6).tolist() == [[0.3], [0.4], [0.5]]


@pytest.mark.parametrize("mode", ["L", "P"])
def test_scores_of_a_semantic_mask_are_area_shares(tmp_path: Path, mode: str) -> None:
    ids = np.zeros((4, 5), dtype=np.uint8)
    ids[0, :4], ids[1, 0] = 2, 9
    results = archived(tmp_path, document(semantic(ids, mode, id_0="background", id_1="cat", id_2="dog"), None))
    model = results.models["cars"]
    assert model.classes == ("9", "background", "cat", "dog")
    assert results.scores("cars")[0].tolist() == [0.05, 0.75, 0, 0.2]
    found = results.mask("cars", 0)
    assert found is not None
    assert (found[0] == ids).all()
    assert found[1] == {0: "background", 2: "dog", 9: "9"}
    assert results.mask("cars", 1) is None


def png_of(width_px: int, height_px: int) -> bytes:
    head = b"IHDR" + width_px.to_bytes(4, "big") + height_px.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    chunk = (13).to_bytes(4, "big") + head + zlib.crc32(head).to_bytes(4, "big")
    data = b"IDAT" + zlib.compress(b"\x00" * 100)
    body = (len(data) - 4).to_bytes(4, "big") + data + zlib.crc32(data).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + chunk + body


@pytest.mark.parametrize(
    "png", [b"", b"no picture", png_of(1 << 20, 1 << 20), png_of(0, 7), png_of(500, 500), png_of(8, 8)[:-9]]
)
def test_an_invalid_mask_affects_its_entry_only(tmp_path: Path, png: bytes) -> None:
    results = archived(tmp_path, document(semantic(np.ones((2, 2))), mask_of(png)))
    assert results.models["cars"].analyzed.tolist() == [True, False]
    assert results.models["cars"].mismatched == 1
    assert results.mask("cars", 1) is None


def test_masks_in_color_or_not_base64_are_mismatched(tmp_path: Path) -> None:
    broken = {"predictions": {"segmentation_mask": "a=b=c", "class_map": {}}}
    results = archived(tmp_path, document(semantic(np.ones((2, 2))), semantic(np.ones((2, 2)), "RGB"), broken))
    assert results.models["cars"].mismatched == 2


def test_gaze_is_parallel_to_the_faces(tmp_path: Path) -> None:
    look = {"face": box("face"), "yaw": 0.1, "pitch": -0.2}
    results = archived(tmp_path, document({"predictions": [look, {**look, "yaw": 0.5}]}, None, [look], []))
    assert results.boxes("cars").entry.tolist() == [0, 0, 2]
    assert results.gaze("cars").tolist() == [[0.1, -0.2], [0.5, -0.2], [0.1, -0.2]]
    assert results.models["cars"].analyzed.tolist() == [True, False, True, True]


def test_embeddings_of_another_length_are_mismatched(tmp_path: Path) -> None:
    results = archived(tmp_path, document({"embeddings": [[1, 2]]}, None, {"embeddings": [[3, 4, 5]]}))
    assert np.nan_to_num(results.embeddings("cars"), nan=-1).tolist() == [[1, 2], [-1, -1], [-1, -1]]
    assert results.models["cars"].mismatched == 1


REAL = {
    "gaze_l2cs_response": (Kind.GAZE, 1),
    "hosted_clip_compare_4": (None, 0),
    "hosted_clip_compare_5": (None, 0),
    "hosted_clip_embed_image_0": (Kind.CLIP, 0),
    "hosted_clip_embed_text_2": (Kind.CLIP, 0),
    "hosted_vit_multilabel_classification": (Kind.MULTI_LABEL, 0),
    "hosted_vit_single_label_classification": (Kind.CLASSIFICATION, 0),
    "hosted_yolov5n_object_detection": (Kind.DETECTION, 9),
    "hosted_yolov5s_instance_segmentation": (Kind.SEGMENTATION, 1),
    "hosted_yolov8n_object_detection": (Kind.DETECTION, 4),
    "inference_dinov3_multi_class_reference_prediction": (Kind.CLASSIFICATION, 0),
    "inference_vit_multi_label_reference_prediction": (Kind.MULTI_LABEL, 0),
    "inference_yolo26_det_reference_prediction": (Kind.DETECTION, 1),
    "inference_yolo26_seg_reference_prediction": (Kind.SEGMENTATION, 2),
    "inference_yolonas_det_reference_prediction": (Kind.DETECTION, 6),
    "inference_yolov5_det_reference_prediction": (Kind.DETECTION, 1),
    "inference_yolov5_seg_reference_prediction": (Kind.SEGMENTATION, 1),
    "inference_yolov7_seg_reference_prediction": (Kind.SEGMENTATION, 4),
    "inference_yolov8_cls_reference_prediction": (Kind.CLASSIFICATION, 0),
    "inference_yolov8_det_reference_prediction": (Kind.DETECTION, 1),
    "inference_yolov8_pose_reference_prediction": (Kind.KEYPOINTS, 1),
    "inference_yolov8_seg_reference_prediction": (Kind.SEGMENTATION, 1),
    "python_keypoints_MM2A_46_R_T_predictions": (Kind.KEYPOINTS, 16),
    "python_mock_instance_segmentation": (Kind.SEGMENTATION, 2),
    "python_mock_object_detection": (Kind.DETECTION, 1),
}


@pytest.mark.parametrize("name", REAL)
def test_real_responses_of_the_service_are_read(tmp_path: Path, shared_data: Path, name: str) -> None:
    answer = json.loads((shared_data / "results" / "roboflow_real" / f"{name}.json").read_bytes())
    kind, boxes = REAL[name]
    results = archived(tmp_path, document(answer, None, answer))
    if kind is None:
        assert results.unknown_keys == ("cars",)
        return
    model = results.models["cars"]
    assert (model.kind, model.mismatched, model.analyzed.tolist()) == (kind, 0, [True, False, True])
    assert results.boxes("cars").entry.tolist() == [0] * boxes + [2] * boxes
    assert results.raw_entry(2)["cars"] == answer
