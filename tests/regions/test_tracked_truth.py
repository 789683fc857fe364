"""Crossings and stays of the demo's ground truth as the tracker finds its objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from demo.settings import FPS
from frametally.regions.crossings import crossings
from frametally.regions.shapes import ANCHORS, Anchor, Line
from frametally.regions.visits import visits
from frametally.results import open_results
from frametally.tracking.tracker import track
from frametally.tracking.tracks import Tracks
from tests.regions.test_crossings import FROM_S, SECONDS, TRUTH_LINES
from tests.regions.test_visits import TRUTH_ZONES
from tests.support.archives import archive_cached
from tests.support.track_rows import truth_tracks


def tracked(truth: Tracks, folder: Path) -> Tracks:
    """The boxes of the truth without its ids, tracked."""
    size = {"width": truth.size_px[0], "height": truth.size_px[1]}
    entries: list[dict[str, Any]] = [{"time": 0.01, "image": size, "predictions": []} for _ in truth.analyzed_entry]
    rows = zip(truth.entry.tolist(), truth.xyxy.tolist(), truth.class_code.tolist(), strict=True)
    for at, (left, top, right, bottom), code in rows:
        place = {"x": (left + right) / 2, "y": (top + bottom) / 2, "width": right - left, "height": bottom - top}
        entries[at]["predictions"].append({**place, "confidence": 0.9, "class": truth.classes[code]})
    times_s = truth.analyzed_time_s.tolist()
    content = {"frame_offset": [round(at * FPS) for at in times_s], "time_offset": times_s, "truth": entries}
    (folder / "results.json").write_text(json.dumps(content))
    archive_cached(folder / "results.json", folder / "results")
    return track(open_results(folder / "results"), "truth")


@pytest.mark.parametrize("rate", [25.0, 10.0])
def test_perfect_boxes_give_the_crossings_of_the_truth(rate: float, tmp_path: Path) -> None:
    truth, exact = truth_tracks(FROM_S, SECONDS, rate), truth_tracks(FROM_S, SECONDS)
    tracks = tracked(truth, tmp_path)
    for line in TRUTH_LINES:
        for anchor in ANCHORS:
            asked = msgspec.structs.replace(line, anchor=anchor)
            assert crossings(tracks, asked).counts(5).tolist() == crossings(exact, asked).counts(5).tolist()
    for zone in TRUTH_ZONES:
        found, expected = visits(tracks, zone), visits(truth, zone)
        assert len(found) == len(expected)
        assert np.abs(np.sort(found.enter_s) - np.sort(expected.enter_s)).max() < 0.2
        assert np.abs(np.sort(found.dwell_s) - np.sort(expected.dwell_s)).max() < 0.2


@pytest.mark.parametrize("anchor", ["center", "bottom_center", "top_center"])
def test_the_detections_of_a_real_video_give_its_crossings(anchor: Anchor, shared_data: Path, tmp_path: Path) -> None:
    """Two cars go up and two down; the model takes them for phones, suitcases and a bus."""
    source = shared_data / "results/detector_runs/car-detection.yolov8n-640.5fps.json"
    archive_cached(source, tmp_path / "results")
    results = open_results(tmp_path / "results")
    tracks = track(results, next(iter(results.models)))
    middle = Line(id="l1", name="y 216", start=(0, 0.5), end=(1, 0.5), anchor=anchor)
    assert crossings(tracks, middle).counts(len(tracks.classes)).sum(axis=0).tolist() == [2, 2]
