"""The four cars of the real video `car-detection`: drawn by hand, and from a detector that confuses classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from frametally.results import Results, open_results
from frametally.tracking.tracker import track
from tests.support.archives import archive_cached
from tests.support.car_boxes import DRAWN, drawn_entries

Passage = tuple[float, float, str]


def moving(results: Results) -> list[Passage]:
    """First and last second and direction of each track whose box moves by more than half its height."""
    tracks = track(results, next(iter(results.models)))
    found = []
    for number in np.unique(tracks.track_id):
        rows = np.flatnonzero(tracks.track_id == number)
        middle = tracks.xyxy[rows, 1::2].mean(axis=1)
        way = float(middle[-1] - middle[0])
        if abs(way) > np.ptp(tracks.xyxy[rows, 1::2], axis=1).max() / 2:
            found.append((float(tracks.time_s[rows[0]]), float(tracks.time_s[rows[-1]]), "down" if way > 0 else "up"))
    return found


def archived(folder: Path, content: dict[str, Any]) -> Results:
    path = folder / "results.json"
    path.write_text(json.dumps(content))
    archive_cached(path, folder / "archive")
    return open_results(folder / "archive")


def mistakes(found: list[Passage], truth: dict[str, Any], tolerance_s: float) -> list[str]:
    """Cars that have not exactly one track in their direction, with the time at which to look, and other tracks."""
    left, wrong = list(found), []
    for car in truth["cars"]:
        first_s, last_s = car["visible_s"]
        own = [
            one
            for one in left
            if one[2] == car["direction"] and one[0] >= first_s - tolerance_s and one[1] <= last_s + tolerance_s
        ]
        left = [one for one in left if one not in own]
        if len(own) != 1:
            wrong.append(f"{car['colour']} between {first_s} and {last_s} s: {len(own)} tracks")
    return [*wrong, *(f"no car between {first_s} and {last_s} s" for first_s, last_s, _ in left)]


def truth_of(shared_data: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((shared_data / "gt" / "car-detection.counts.json").read_text())
    return truth


def test_boxes_drawn_by_hand_are_four_cars(tmp_path: Path, shared_data: Path) -> None:
    times_s = [at / 5 for at in range(150)]
    frames = [round(at * 5) for at in range(150)]
    results = archived(tmp_path, {"frame_offset": frames, "time_offset": times_s, "drawn": drawn_entries(times_s)})
    truth = truth_of(shared_data)
    found = moving(results)
    assert mistakes(found, truth, truth["tolerance_s"]) == []
    assert len(found) == truth["distinct_cars"] == len(DRAWN)


def test_boxes_of_a_detector_without_classes_are_four_cars(tmp_path: Path, shared_data: Path) -> None:
    source = shared_data / "results" / "detector_runs" / "car-detection.yolov8n-640.5fps.json"
    content = json.loads(source.read_text())
    for name, entries in content.items():
        if name not in ("frame_offset", "time_offset"):
            for prediction in [one for entry in entries if entry for one in entry["predictions"]]:
                prediction["class"] = "object"
    truth = truth_of(shared_data)
    found = moving(archived(tmp_path, content))
    assert mistakes(found, truth, truth["tolerance_s"]) == []
    assert len(found) == truth["distinct_cars"]


def test_a_missing_car_is_named_by_its_time(shared_data: Path) -> None:
    truth = truth_of(shared_data)
    found = [(*car["visible_s"], car["direction"]) for car in truth["cars"][1:]]
    assert mistakes(found, truth, 0) == ["white hatchback between 4.4 and 8.4 s: 0 tracks"]
    assert mistakes([*found, (10.0, 12.0, "up")], truth, 0)[1:] == ["no car between 10.0 and 12.0 s"]
