"""COCO JSON, checked against the requirements of pycocotools and against plain loops."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis import view as view_module
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.errors import ResultsError
from frametally.exports import coco_json as coco
from frametally.exports.coco_json import write_coco
from frametally.results import open_results
from tests.support.archives import archive_cached
from tests.support.opened_results import Entry, box, entry, opened, random_entries
from tests.support.rle import mask_to_rle

TRIANGLE = [{"x": 10, "y": 10}, {"x": 20, "y": 10}, {"x": 10, "y": 30}]


def written(folder: Path, entries: list[Entry], video_name: str = "street.mp4", **filters: Any) -> dict[str, Any]:
    view = View(opened(folder, m=entries), "m", **filters)
    write_coco(view, folder / "coco.json", video_name)
    return dict(json.loads((folder / "coco.json").read_bytes()))


def check_format(content: dict[str, Any]) -> None:
    """Requirements of pycocotools: unique ids from 1, valid references, polygons of at least three points."""
    assert list(content) == ["images", "annotations", "categories", "info"]
    for key in ("images", "annotations", "categories"):
        ids = [item["id"] for item in content[key]]
        assert all(isinstance(number, int) and number >= 1 for number in ids)
        assert len(set(ids)) == len(ids)
    images = {image["id"] for image in content["images"]}
    categories = {category["id"] for category in content["categories"]}
    for found in content["annotations"]:
        assert found["image_id"] in images
        assert found["category_id"] in categories
        assert found["iscrowd"] == 0
        assert len(found["bbox"]) == 4
        assert found["area"] >= 0
        parts = found.get("segmentation", [])
        assert isinstance(parts, dict) or all(len(part) >= 6 and len(part) % 2 == 0 for part in parts)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"confidence": 0.5, "classes": ClassMapping.parse("a>vehicle,b>vehicle")},
        {"classes": ClassMapping(shown=("b",)), "time_range_s": (2.0, 7.0)},
        {"time_range_s": (99.0, 100.0)},
    ],
)
def test_every_analyzed_frame_is_an_image_and_every_box_an_annotation(
    tmp_path: Path, filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", 13)
    monkeypatch.setattr(coco, "_BATCH", 5)
    frames = random_entries(11, 60)
    content = written(tmp_path, frames, **filters)
    check_format(content)
    first, last = filters.get("time_range_s", (0.0, 99.0))
    seen = {at: frame for at, frame in enumerate(frames) if frame and first <= at / 5 <= last}
    assert [image["frame_index"] for image in content["images"]] == [at * 6 for at in seen]
    names = {category["id"]: category["name"] for category in content["categories"]}
    found = [
        ((one["image_id"] - 1) * 6, names[one["category_id"]], one["score"], one["bbox"])
        for one in content["annotations"]
    ]
    classes = filters.get("classes", ClassMapping())
    assert found == [
        (at * 6, classes.name_of(one["class"]), one["confidence"], corner_and_size(one))
        for at, frame in seen.items()
        for one in frame["predictions"]
        if one["confidence"] >= filters.get("confidence", 0)
        and (not classes.shown or classes.name_of(one["class"]) in classes.shown)
    ]


def corner_and_size(one: dict[str, Any]) -> list[float]:
    x, y, width, height = (one[key] for key in ("x", "y", "width", "height"))
    return [x - width / 2, y - height / 2, width, height]


def test_an_image_is_named_after_the_video_and_its_frame(tmp_path: Path) -> None:
    images = written(tmp_path, [None, entry(), {"predictions": []}], "../My street (1).final.mp4")["images"]
    assert images == [
        {
            "id": 2,
            "file_name": "My_street_1_.final_000006.jpg",
            "frame_index": 6,
            "time_s": 0.2,
            "width": 640,
            "height": 360,
        },
        {"id": 3, "file_name": "My_street_1_.final_000012.jpg", "frame_index": 12, "time_s": 0.4},
    ]


def test_polygons_are_exported_with_their_boxes(tmp_path: Path) -> None:
    frames = [
        entry(box("car", 0.9, (15, 20, 10, 20), points=TRIANGLE), box("car", 0.2, points=TRIANGLE)),
        entry(box("car", 0.1, points=TRIANGLE), box("dog", 0.9), box("dog", 0.9, points=TRIANGLE[:2])),
    ]
    content = written(tmp_path, frames, confidence=0.5)
    check_format(content)
    car, dog, line = content["annotations"]
    assert (car["segmentation"], car["area"]) == ([[10, 10, 20, 10, 10, 30]], 100)
    assert ("segmentation" in dog, dog["area"], "segmentation" in line) == (False, 400, False)


def test_areas_are_those_of_the_polygons(tmp_path: Path) -> None:
    chance = random.Random(2)
    outlines = [
        [{"x": chance.randrange(100), "y": chance.randrange(100)} for _ in range(chance.randrange(1, 9))]
        for _ in range(40)
    ]
    content = written(tmp_path, [entry(*(box("car", points=outline) for outline in outlines))])
    check_format(content)
    for outline, found in zip(outlines, content["annotations"], strict=True):
        if len(outline) < 3:
            assert ("segmentation" in found, found["area"]) == (False, 400)
            continue
        turned = [*outline[1:], outline[0]]
        doubled = sum(a["x"] * b["y"] - b["x"] * a["y"] for a, b in zip(outline, turned, strict=True))
        assert found["area"] == abs(doubled) / 2
        assert found["segmentation"] == [[number for point in outline for number in (point["x"], point["y"])]]


def test_keypoints_have_their_visibility(tmp_path: Path) -> None:
    nose = {"x": 5.5, "y": 6, "confidence": 0.9, "class_id": 0, "class": "nose"}
    eye = {"x": 7, "y": 8, "confidence": 0.3, "class_id": 1, "class": "left_eye"}
    frames = [entry(box("person", 0.1, keypoints=[eye]), box("person", keypoints=[nose, eye])), entry(box("person"))]
    content = written(tmp_path, frames, confidence=0.5)
    check_format(content)
    assert content["categories"] == [
        {"id": 1, "name": "person", "supercategory": "", "keypoints": ["nose", "left_eye"], "skeleton": []}
    ]
    found = [(one["keypoints"], one["num_keypoints"]) for one in content["annotations"]]
    assert found == [([5.5, 6, 2, 7, 8, 1], 2), ([0] * 6, 0)]


def test_real_results_keep_all_17_keypoints(tmp_path: Path, shared_data: Path) -> None:
    real = json.loads((shared_data / "results/basketball.real_yolov8m-pose.30fps.json").read_bytes())
    frames = real["yolov8m-pose"][:20]
    content = written(tmp_path, frames)
    check_format(content)
    (person,) = content["categories"]
    assert len(person["keypoints"]) == 17
    edges = [{person["keypoints"][at - 1] for at in pair} for pair in person["skeleton"]]
    assert len(edges) == 19
    assert {"left_elbow", "left_wrist"} in edges
    assert {"right_knee", "right_ankle"} in edges
    expected = [one for frame in frames for one in frame["predictions"]]
    for one, found in zip(expected, content["annotations"], strict=True):
        assert found["keypoints"][::3] == pytest.approx([point["x"] for point in one["keypoints"]], abs=0.01)


def test_17_keypoints_of_another_class_have_no_skeleton(tmp_path: Path) -> None:
    points = [{"x": 1, "y": at, "confidence": 0.9, "class_id": at, "class": f"joint {at}"} for at in range(17)]
    content = written(tmp_path, [entry(box("crane", keypoints=points))])
    assert content["categories"][0]["skeleton"] == []


HOLED = np.zeros((360, 640), dtype=np.bool_)
HOLED[20:60, 30:90], HOLED[30:40, 40:50] = True, False


def test_a_mask_with_a_hole_is_exported_as_rle(tmp_path: Path) -> None:
    rle = {"size": [360, 640], "counts": mask_to_rle(HOLED, compressed=True)}
    content = written(tmp_path, [entry({"class": "cat", "confidence": 0.9, "rle": rle})])
    check_format(content)
    (cat,) = content["annotations"]
    assert (cat["segmentation"], cat["area"], cat["bbox"]) == (rle, HOLED.sum(), [30, 20, 60, 40])


def test_a_mask_of_several_parts_is_exported_as_several_polygons(tmp_path: Path) -> None:
    parts = [[0, 0, 10, 0, 10, 10, 0, 10], [20, 20, 20, 30, 30, 30, 30, 20]]
    content = written(tmp_path, [entry(box("cat", segmentation=parts)), entry(box("cat", segmentation=parts[:1]))])
    check_format(content)
    both, one = content["annotations"]
    assert ([len(part) for part in both["segmentation"]], both["area"]) == ([8, 8], 200)
    assert (one["segmentation"], one["area"]) == ([parts[0]], 100)


def from_text(folder: Path, text: str) -> dict[str, Any]:
    (folder / "results.json").write_text(text)
    archive_cached(folder / "results.json", folder / "archive")
    write_coco(View(open_results(folder / "archive"), "m"), folder / "coco.json", "street.mp4")
    return dict(json.loads((folder / "coco.json").read_bytes()))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "null", "1e300"])
@pytest.mark.parametrize("field", ["x", "height"])
def test_boxes_that_json_cannot_have_are_left_out_and_named(tmp_path: Path, value: str, field: str) -> None:
    rows = [entry(box("car")), entry({**box("car"), field: "VALUE"}, box("car"))]
    text = json.dumps({"frame_offset": [0, 6], "time_offset": [0, 0.2], "m": rows})
    content = from_text(tmp_path, text.replace('"VALUE"', value))
    check_format(content)
    assert "null" not in json.dumps(content["annotations"])
    assert len(content["annotations"]) == 2
    assert (content["info"]["left_out_boxes"], content["info"]["first_left_out_frame_index"]) == (1, 6)


def test_keypoints_that_are_not_finite_are_missing_ones(tmp_path: Path) -> None:
    point = {"x": float("inf"), "y": 6, "confidence": 0.9, "class_id": 0, "class": "nose"}
    content = written(tmp_path, [entry(box("person", keypoints=[point]))])
    assert [one["keypoints"] for one in content["annotations"]] == [[0, 0, 0]]


NAMES = [("猫 1.mp4", "猫_1"), ("Größe.mp4", "Größe"), ("a/b\\c.mov", "c"), ("..", "video")]


@pytest.mark.parametrize(("name", "stem"), NAMES)
def test_images_keep_names_of_any_script(tmp_path: Path, name: str, stem: str) -> None:
    assert written(tmp_path, [entry()], name)["images"][0]["file_name"] == f"{stem}_000000.jpg"


def test_a_frame_that_occurs_twice_has_two_file_names(tmp_path: Path) -> None:
    content = {"frame_offset": [0, 0, 1], "time_offset": [0, 0.1, 0.2], "m": [entry(), entry(), entry()]}
    names = [image["file_name"] for image in from_text(tmp_path, json.dumps(content))["images"]]
    assert names == ["street_000000.jpg", "street_000000_2.jpg", "street_000001.jpg"]


def test_impossible_picture_sizes_are_left_out(tmp_path: Path) -> None:
    frames: list[Any] = [{"image": {"width": side, "height": 9}, "predictions": [box("car")]} for side in (0, -1, 1e39)]
    assert [image.get("width") for image in written(tmp_path, frames)["images"]] == [None, None, None]


def test_results_without_boxes_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="JSON"):
        written(tmp_path, [{"embeddings": [[1.0, 0.0]]}])
    assert not (tmp_path / "coco.json").exists()
