"""Results JSON becomes tables: what is kept, what is refused, and what a crash leaves."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from video_inference.errors import ResultsError
from video_inference.results import ARCHIVE_NAME, Results, archive, read

ROOT = Path(__file__).parent.parent.parent


def box(name: str = "car", confidence: float = 0.9, **values: Any) -> dict[str, Any]:
    return {"x": 10, "y": 20, "width": 4, "height": 6, "confidence": confidence, "class": name, **values}


def entry(*boxes: dict[str, Any]) -> dict[str, Any]:
    return {"time": 0.07, "image": {"width": 320, "height": 240}, "predictions": list(boxes)}


def document(*entries: Any, **more: Any) -> dict[str, Any]:
    """Results of the model `cars` at 5 frames per second."""
    count = len(entries)
    offsets = {"frame_offset": [at * 2 for at in range(count)], "time_offset": [at / 5 for at in range(count)]}
    return {**offsets, "cars": list(entries), **more}


def archived(folder: Path, content: object) -> Results:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "came.json").write_bytes(data)
    archive(folder / "came.json", folder / "job")
    return read(folder / "job")


def test_a_frame_that_was_not_analysed_is_not_one_without_detections(tmp_path: Path) -> None:
    part = archived(tmp_path, document(entry(box()), None, entry())).by_model["cars"]
    assert part.analysed.tolist() == [True, False, True]
    assert part.entry.tolist() == [0]
    assert np.isnan(part.image_wh[1]).all()
    assert part.image_wh[[0, 2]].tolist() == [[320, 240], [320, 240]]


@pytest.mark.parametrize("plural", ["", "s"])
def test_both_spellings_of_the_offsets_are_read(tmp_path: Path, plural: str) -> None:
    content = {f"frame_offset{plural}": [0, 6], f"time_offset{plural}": [0, 0.25], "cars": [None, None]}
    results = archived(tmp_path, content)
    assert (results.frame_index.tolist(), results.time_s.tolist()) == ([0, 6], [0, 0.25])
    assert (list(results.by_model), results.unread) == (["cars"], ())


def test_boxes_are_corners_in_the_order_of_the_entries(tmp_path: Path) -> None:
    part = archived(tmp_path, document(entry(box("b", 0.5), box("a", 0.25, class_id=7)), entry(box("b", 1)))).by_model
    cars = part["cars"]
    assert cars.xyxy.tolist() == [[8, 17, 12, 23]] * 3
    assert cars.entry.tolist() == [0, 0, 1]
    assert [cars.classes[code] for code in cars.class_code] == ["b", "a", "b"]
    assert cars.class_id.tolist() == [-1, 7, -1]
    assert cars.confidence.tolist() == [0.5, 0.25, 1.0]


def test_several_models_stay_apart(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box()), None, birds=[None, entry(box("bird"), box("bird"))]))
    assert {model: len(part.entry) for model, part in results.by_model.items()} == {"cars": 1, "birds": 2}
    assert results.by_model["birds"].analysed.tolist() == [False, True]
    assert results.by_model["birds"].classes == ("bird",)


@pytest.mark.parametrize(
    ("key", "entries"),
    [
        ("fruit", [{"top": "apple", "confidence": 0.9, "predictions": [{"class": "apple", "confidence": 0.9}]}] * 2),
        ("labels", [{"predictions": {"apple": {"confidence": 0.9}}, "predicted_classes": ["apple"]}, None]),
        ("clip", [{"embeddings": [[0.1, 0.2]]}] * 2),
        ("gaze", [{"predictions": [{"face": box("face"), "yaw": 0.1, "pitch": 0.2}]}] * 2),
        ("note", "a word"),
        ("version", 3),
        ("mixed", [entry(box()), {"predictions": [{"class": "apple", "confidence": 0.9}]}]),
    ],
)
def test_a_key_that_is_not_charted_is_named_and_kept(tmp_path: Path, key: str, entries: object) -> None:
    results = archived(tmp_path, document(entry(box()), None, **{key: entries}))
    assert (list(results.by_model), results.unread) == (["cars"], (key,))
    kept = json.loads(gzip.decompress((tmp_path / "job" / ARCHIVE_NAME).read_bytes()))
    assert kept[key] == entries


def test_keypoints_and_polygons_are_boxes_too(tmp_path: Path) -> None:
    points = [{"x": 1.0, "y": 2.0}]
    results = archived(tmp_path, document(entry(box(points=points), box(keypoints=points, detection_id="x"))))
    assert len(results.by_model["cars"].entry) == 2


@pytest.mark.parametrize("name", ["", "Größe", "a,b", '"quoted"', "line\nbreak", "=1+1", "车", "1"])
def test_an_odd_class_name_comes_back_as_it_is(tmp_path: Path, name: str) -> None:
    assert archived(tmp_path, document(entry(box(name)))).by_model["cars"].classes == (name,)


def test_classes_of_one_name_are_one_class(tmp_path: Path) -> None:
    part = archived(tmp_path, document(entry(box("car", class_id=0), box("car", class_id=1)))).by_model["cars"]
    assert part.classes == ("car",)
    assert part.class_id.tolist() == [0, 1]


@pytest.mark.parametrize("entries", [(), (None, None), (entry(), entry())])
def test_results_without_detections_are_results(tmp_path: Path, entries: tuple[object, ...]) -> None:
    results = archived(tmp_path, document(*entries))
    part = results.by_model["cars"]
    assert (len(results.time_s), len(part.analysed), len(part.entry), part.classes) == (len(entries),) * 2 + (0, ())
    assert part.xyxy.shape == (0, 4)


def test_results_of_no_model_still_name_their_frames(tmp_path: Path) -> None:
    results = archived(tmp_path, {"frame_offset": [0, 6], "time_offset": [0, 0.25]})
    assert (results.by_model, results.frame_index.tolist()) == ({}, [0, 6])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON object"),
        (b"<html>", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b'{"frame_offset": [0], "time_offset": [0], "cars": [', "no JSON object"),
        (b'{"a": ' + b"[" * 100_000, "no JSON object"),
        (b'{"\xff": 1}', "no JSON object"),
        ({"time_offset": [0]}, "no frame_offset"),
        ({"frame_offset": [0]}, "no time_offset"),
        ({"frame_offset": ["a"], "time_offset": [0]}, "frame_offset is no list of numbers"),
        ({"frame_offset": 7, "time_offset": [0]}, "frame_offset is no list of numbers"),
        ({"frame_offset": [0, 1], "time_offset": [0]}, "name 2 frames but 1 times"),
        ({"frame_offset": [0, 1], "time_offset": [0, 1], "cars": [None]}, "cars has 1 entries for 2 frames"),
    ],
)
def test_what_cannot_be_read_is_refused_and_kept(tmp_path: Path, content: object, why: str) -> None:
    with pytest.raises(ResultsError, match=why):
        archived(tmp_path, content)
    kept = gzip.decompress((tmp_path / "job" / ARCHIVE_NAME).read_bytes())
    assert kept == (tmp_path / "came.json").read_bytes()
    with pytest.raises(ResultsError, match="cannot be read"):
        read(tmp_path / "job")


def test_a_class_name_that_is_no_text_is_told_and_not_read(tmp_path: Path) -> None:
    content = json.dumps(document(entry(box("NAME")))).encode().replace(b"NAME", b"\xff")
    assert archived(tmp_path, content).unread == ("cars",)


def test_what_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="Run the job again"):
        read(tmp_path / "none")


TRUNCATED = "car_truncated_faststart.yolov8n-640.5fps.with_nulls"
STEPS = {
    "packing": "results.gzip.open = die",
    "writing": "results.pq.write_table = die",
    "noting": "results.Notes = die",
    "flushing": "results._flush = die",
    "before the move": "results.Path.rename = die",
}
DIE_AT = """
import os, sys
from pathlib import Path
from video_inference import results
def die(*args, **kwargs):
    os._exit(9)
{step}
results.archive(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_at_any_step_leaves_nothing_half_there(tmp_path: Path, step: str) -> None:
    came, folder = tmp_path / "new.json", tmp_path / "job"
    came.write_text(json.dumps(document(entry(box()), None)))
    script = DIE_AT.format(step=STEPS[step])
    killed = subprocess.run([sys.executable, "-c", script, came, folder], cwd=ROOT, check=False)
    assert killed.returncode == 9
    assert not folder.exists()
    archive(came, folder)
    assert read(folder).by_model["cars"].analysed.tolist() == [True, False]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job", "new.json"]


@pytest.mark.parametrize(
    "name", ["bottle-detection.yolov8n-640.5fps", "car_truncated_faststart.yolov8n-640.5fps.with_nulls"]
)
def test_real_results_come_back_as_they_were(tmp_path: Path, shared_data: Path, name: str) -> None:
    path = shared_data / "results" / "detector_runs" / f"{name}.json"
    content = json.loads(path.read_bytes())
    model = next(key for key in content if "offset" not in key)
    part = archived(tmp_path, content).by_model[model]
    assert part.analysed.tolist() == [entry is not None for entry in content[model]]
    boxes = [one for entry in content[model] if entry for one in entry["predictions"]]
    assert [part.classes[code] for code in part.class_code] == [one["class"] for one in boxes]
    assert part.confidence.tolist() == [one["confidence"] for one in boxes]
