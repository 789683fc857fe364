"""Tracks in memory: on the upright picture, with ranges also where another process made the tracks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from frametally.analysis.view import View
from frametally.library.video_store import StoredVideo
from frametally.rendering.regions.tracking_runs import TrackingRuns
from frametally.results import Results
from frametally.tracking.kept import kept_tracks
from frametally.tracking.tracks import Tracks
from frametally.tracking.unique import find_unique_objects, unique_objects
from frametally.video.probe import VideoInfo
from tests.support.opened_results import box, entry, opened
from tests.support.polling import until

TURNED = VideoInfo(
    container="mov",
    codec="h264",
    width_px=360,
    height_px=640,
    duration_s=4,
    frame_rate="30",
    frame_count=120,
    rotation_deg=270,
    size_bytes=1,
)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = opened(tmp_path, m=[entry(box("car", 0.9, (40 + 14 * at, 100, 40, 20))) for at in range(20)])
    kept_tracks(found, "m")
    return found


@pytest.fixture
def runs() -> Iterator[TrackingRuns]:
    made = TrackingRuns()
    yield made
    made.close()


def test_tracks_of_the_stored_picture_are_turned(results: Results, runs: TrackingRuns, tmp_path: Path) -> None:
    unique_objects(View(results, "m"))
    video = StoredVideo(sha256="a" * 64, file_name="phone.mp4", place=tmp_path / "phone.mp4", info=TURNED)
    found = runs.get(results, "m", video)
    assert isinstance(found, Tracks)
    assert (found.size_px, found.xyxy[0].tolist()) == ((360, 640), [250, 20, 270, 60])
    assert runs.get(results, "m", video) is found
    without = runs.get(results, "m", None)
    assert isinstance(without, Tracks)
    assert without.size_px == (640, 360)


def test_ranges_are_found_for_tracks_that_are_there(results: Results, runs: TrackingRuns) -> None:
    view = View(results, "m")
    assert isinstance(runs.get(results, "m", None), Tracks)
    until(lambda: find_unique_objects(view))
    assert isinstance(runs.get(results, "m", None), Tracks)
