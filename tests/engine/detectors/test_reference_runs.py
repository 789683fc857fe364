"""Real models on real videos, compared with an independent implementation; skipped if the files are missing."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from frametally.engine.detectors import open_detector, parse_params
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry, Prediction
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import read_frames

RUNS = [
    pytest.param(
        *("bottle-detection.mp4", "yolov8n_int8_640.onnx", "bottle-detection.yolov8n-640.5fps.json", (40, 100, 160)),
        marks=pytest.mark.soak,  # it is read like the third
    ),
    ("derived/bottle_rot_meta.mp4", "yolox_nano_416.onnx", "bottle_rot_meta.yolox-nano.1fps.json", (8, 20, 32)),
    ("chaplin_mp3.mp4", "yolo11n_int8_320.onnx", "chaplin.yolo11n-320.5fps.json", (10, 25, 40)),
]
SURE = 0.5


@pytest.mark.parametrize(
    ("video", "file", "reference", "entries"), RUNS, ids=["yolov8n_int8_640", "yolox_nano_416", "yolo11n_int8_320"]
)
def test_boxes_agree_with_an_independent_implementation(
    shared_data: Path, tmp_path: Path, video: str, file: str, reference: str, entries: tuple[int, ...]
) -> None:
    results = json.loads((shared_data / "results" / "detector_runs" / reference).read_bytes())
    (key,) = results.keys() - {"frame_offset", "time_offset"}
    folder = tmp_path / "real" / "1"
    folder.mkdir(parents=True)
    (folder / "model.onnx").symlink_to(shared_data / "models" / file)
    detector = open_detector(tmp_path, "real", "1", parse_params(None))
    entry_at = {results["frame_offset"][entry]: entry for entry in entries}
    path = shared_data / "videos" / video
    frames = list(read_frames(path, build_index(path), entry_at))
    assert len(frames) == len(entries)
    for position, image in frames:
        expected = msgspec.convert(results[key][entry_at[position]]["predictions"], list[Prediction])
        entry = detector.infer(Picture.of(image))
        assert isinstance(entry, DetectionEntry)
        found = entry.predictions
        assert [one for one in expected if one.confidence > SURE]
        assert unmatched(expected, found) == []
        assert unmatched(found, expected) == []


def unmatched(boxes: list[Prediction], others: list[Prediction]) -> list[Prediction]:
    """The confident boxes without a box of their class in `others` at an IoU of at least 0.5."""
    return [
        one
        for one in boxes
        if one.confidence > SURE
        and not any(one.class_name == other.class_name and iou(one, other) >= 0.5 for other in others)
    ]


def iou(one: Prediction, other: Prediction) -> float:
    width = shared_length(one.x, one.width, other.x, other.width)
    shared = width * shared_length(one.y, one.height, other.y, other.height)
    return shared / (one.width * one.height + other.width * other.height - shared)


def shared_length(middle: float, size: float, other_middle: float, other_size: float) -> float:
    low = max(middle - size / 2, other_middle - other_size / 2)
    return max(0.0, min(middle + size / 2, other_middle + other_size / 2) - low)
