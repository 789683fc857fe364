"""Unique objects of the sample, counted with the boxes of its model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demo.evaluate import CLIP, MODEL, MODELS, TRUTH
from frametally.analysis.view import View
from frametally.engine.detectors import InferenceParams, open_detector
from frametally.engine.runner import planned_frames
from frametally.results import Results, open_results
from frametally.tracking.messages import rate_warning
from frametally.tracking.rate import measured_rate
from frametally.tracking.tracker import track
from frametally.tracking.unique import unique_objects
from frametally.video.frame_index import build_index, plan_frames
from tests.support.archives import archive_cached


@pytest.fixture(scope="module")
def entries() -> tuple[list[int], list[float], list[Any]]:
    """Frames, times and entries at 10 looks a second."""
    index, detector = build_index(CLIP), open_detector(MODELS, *MODEL, InferenceParams())
    frames = plan_frames(index, 10.0)
    found = [msgspec.to_builtins(detector.infer(picture)) for _, picture in planned_frames(CLIP, index, frames)]
    return list(map(int, frames)), [float(index.times_s[frame]) for frame in frames], found


def results_of(folder: Path, entries: tuple[list[int], list[float], list[Any]], step: int) -> Results:
    frames, times_s, found = (part[::step] for part in entries)
    path = folder / "results.json"
    path.write_text(json.dumps({"frame_offset": frames, "time_offset": times_s, "parcels": found}))
    archive_cached(path, folder / "archive")
    return open_results(folder / "archive")


def test_unique_objects_at_10_looks_a_second_are_within_5_percent(
    tmp_path: Path, entries: tuple[list[int], list[float], list[Any]]
) -> None:
    results = results_of(tmp_path, entries, 1)
    expected = json.loads(TRUTH.read_text())["unique_objects"]
    rows = unique_objects(View(results, "parcels"))
    assert sum(row.count for row in rows) == pytest.approx(sum(expected.values()), rel=0.05)
    assert all(abs(row.count - expected[row.class_name]) <= 2 for row in rows)
    assert rate_warning(measured_rate(track(results, "parcels"))) == ""


def test_one_look_a_second_gives_the_warning(tmp_path: Path, entries: tuple[list[int], list[float], list[Any]]) -> None:
    tracks = track(results_of(tmp_path, entries, 10), "parcels")
    assert "Analyze 4 frames per second or more." in rate_warning(measured_rate(tracks))


pytestmark = pytest.mark.soak
