"""Real labels: counts are recounted from the JSON; mAP and right boxes are those of pycocotools."""

from __future__ import annotations

import contextlib
import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from frametally.analysis.view import View
from frametally.evaluation.evaluation import Evaluation, evaluate
from frametally.evaluation.reading import read_truth
from frametally.results import Results, open_results
from tests.support.archives import archive_cached

RUNS = "results/detector_runs"
BOTTLES, CHAPLIN = f"{RUNS}/bottle-detection.yolov8n-640.5fps.json", f"{RUNS}/chaplin.yolo11n-320.5fps.json"
BEETS = "gt/sugarbeet_rgb_001-060_2fps.gt.json"


def bottle_rows(shared_data: Path, field: str) -> dict[int, int]:
    labels = json.loads((shared_data / "gt/bottle-detection.counts.json").read_text())
    return dict(zip(labels["frame_offset"], labels[field], strict=True))


def chaplin_rows(shared_data: Path) -> dict[int, int]:
    labels = json.loads((shared_data / "gt/chaplin.counts.json").read_text())
    return dict.fromkeys(range(5, 241, 5), labels["count_from_0.2s"])


def compared(file: Path, folder: Path, name: str, rows: dict[int, int]) -> Evaluation:
    truth = folder / "truth.csv"
    truth.write_text("frame,class,count\n" + "".join(f"{frame},{name},{count}\n" for frame, count in rows.items()))
    results = archived(file, folder / "archive")
    return evaluate(View(results, next(iter(results.models)), 0.25), read_truth(truth))


def archived(file: Path, folder: Path) -> Results:
    archive_cached(file, folder)
    return open_results(folder)


def recounted(file: Path, name: str, rows: dict[int, int]) -> list[int]:
    """The error of each labeled frame that was analyzed, from the JSON itself."""
    content = json.loads(file.read_text())
    model = next(key for key in content if not key.endswith("_offset"))
    errors = []
    for frame, found in zip(content["frame_offset"], content[model], strict=True):
        if frame in rows and found is not None:
            boxes = [one for one in found["predictions"] if one["class"] == name and one["confidence"] >= 0.25]
            errors.append(len(boxes) - rows[frame])
    return errors


@pytest.mark.parametrize("field", ["count_whole_bottles", "count_including_cut_off_by_frame_edge"])
def test_counts_of_bottles(shared_data: Path, tmp_path: Path, field: str) -> None:
    rows = bottle_rows(shared_data, field)
    assert_counts(compared(shared_data / BOTTLES, tmp_path, "bottle", rows), shared_data / BOTTLES, "bottle", rows, 40)


def test_counts_of_persons(shared_data: Path, tmp_path: Path) -> None:
    rows = chaplin_rows(shared_data)
    assert_counts(compared(shared_data / CHAPLIN, tmp_path, "person", rows), shared_data / CHAPLIN, "person", rows, 48)


def assert_counts(found: Evaluation, file: Path, name: str, rows: dict[int, int], frames: int) -> None:
    errors = recounted(file, name, rows)
    assert len(errors) == frames == found.frames.compared
    assert [row.name for row in found.counts] == [name]
    assert found.counts[0].frames == frames
    assert found.counts[0].bias == pytest.approx(sum(errors) / frames)
    assert found.counts[0].mae == pytest.approx(sum(map(abs, errors)) / frames)
    total = sum(part.errors[0].bias * part.errors[0].frames for part in found.counts_over_time)
    assert total == pytest.approx(sum(errors))


def test_precision_of_distorted_beets_is_that_of_pycocotools(shared_data: Path, tmp_path: Path) -> None:
    """Dropped, moved, doubled and invented boxes; supervision returns float32."""
    content = json.loads((shared_data / BEETS).read_text())
    results = archived(distorted(content, tmp_path / "results.json"), tmp_path / "archive")
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps(as_coco(content)))
    found = evaluate(View(results, "m", 0.5), read_truth(labels))
    reference = evaluated_by_pycocotools(labels, results)
    assert found.frames.compared == 60
    assert found.boxes is not None
    assert 0.3 < float(reference.stats[0]) < 0.8
    assert found.boxes.map50_95 == pytest.approx(float(reference.stats[0]), abs=1e-6)
    assert found.boxes.map50 == pytest.approx(float(reference.stats[1]), abs=1e-6)
    assert found.boxes.all.right == right_boxes(reference, 0.5)
    assert found.boxes.all.right + found.boxes.all.missed == len(as_coco(content)["annotations"])


def distorted(content: dict[str, Any], path: Path) -> Path:
    chance = random.Random(17)
    rows = []
    for found in content["sugarbeet-gt-rgb"]:
        boxes = [moved(one, chance) for one in found["predictions"] if chance.random() > 0.15]
        boxes += [moved(one, chance) for one in boxes if chance.random() < 0.15]
        boxes += [invented(chance) for _ in range(2)]
        rows.append({"time": 0, "image": found["image"], "predictions": boxes})
    offsets = {key: content[key] for key in ("frame_offset", "time_offset")}
    path.write_text(json.dumps({**offsets, "m": rows}))
    return path


def moved(one: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    width, height = one["width"], one["height"]
    away = chance.choice([0.01, 0.05, 0.12])
    return {
        "x": one["x"] + chance.uniform(-away, away) * width,
        "y": one["y"] + chance.uniform(-away, away) * height,
        "width": width * chance.uniform(1 - away, 1 + away),
        "height": height * chance.uniform(1 - away, 1 + away),
        "confidence": round(chance.uniform(0.4, 1.0) - away, 6),
        "class": one["class"],
    }


def invented(chance: random.Random) -> dict[str, Any]:
    place = {"x": chance.uniform(50, 1200), "y": chance.uniform(50, 900), "width": 60.0, "height": 60.0}
    return {**place, "confidence": round(chance.uniform(0.1, 0.7), 6), "class": "sugar beet"}


def as_coco(content: dict[str, Any]) -> dict[str, Any]:
    images, annotations, names = list[Any](), list[Any](), list[str]()
    for frame, found in enumerate(content["sugarbeet-gt-rgb"]):
        images.append({"id": frame, "file_name": f"frame_{frame:06d}.png", **found["image"]})
        for one in found["predictions"]:
            names += [one["class"]] * (one["class"] not in names)
            corner = [one["x"] - one["width"] / 2, one["y"] - one["height"] / 2]
            fixed = {"id": len(annotations) + 1, "iscrowd": 0, "area": one["width"] * one["height"]}
            row = {"image_id": frame, "category_id": names.index(one["class"]) + 1}
            annotations.append({**fixed, **row, "bbox": [*corner, one["width"], one["height"]]})
    categories = [{"id": at, "name": name} for at, name in enumerate(names, start=1)]
    return {"info": {}, "images": images, "annotations": annotations, "categories": categories}


def evaluated_by_pycocotools(labels: Path, results: Results) -> Any:
    boxes = results.boxes("m")
    corners = boxes.xyxy.astype(np.float64)
    sizes = corners[:, 2:] - corners[:, :2]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(labels))
        ids = {category["name"]: category["id"] for category in truth.loadCats(truth.getCatIds())}
        names = [ids[name] for name in results.models["m"].classes]
        found = truth.loadRes(
            [
                {"image_id": int(frame), "category_id": names[code], "score": float(score), "bbox": bbox}
                for frame, code, score, bbox in zip(
                    boxes.entry,
                    boxes.class_code,
                    boxes.confidence,
                    np.hstack([corners[:, :2], sizes]).tolist(),
                    strict=True,
                )
            ]
        )
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def right_boxes(reference: Any, threshold: float) -> int:
    """Boxes that match at IoU 0.5, of all sizes."""
    whole = [one for one in reference.evalImgs if one is not None and one["aRng"] == reference.params.areaRng[0]]
    return sum(int(((one["dtMatches"][0] > 0) & (np.array(one["dtScores"]) >= threshold)).sum()) for one in whole)
