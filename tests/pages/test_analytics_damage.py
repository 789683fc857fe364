"""Analytics marks the damaged frames of the stored video, whichever service has analyzed it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.deployment import Deployment
from frametally.video.damage import find_damage
from frametally.video.frame_index import build_index
from tests.support.damaged_videos import change_bytes, write_clip
from tests.support.pages import OpenPage, captions, chart, dataframe
from tests.support.results_files import box, entry, finished_job, offsets

ENTRIES = 24
CHART = "job-1-kitchen-None-counts"


@pytest.fixture
def damaged_entries(deployment: Deployment, tmp_path: Path) -> list[int]:
    """The damaged entries of a job of another service, which has analyzed every second frame of a damaged video."""
    write_clip(tmp_path / "intact.mp4", "h264", frames=2 * ENTRIES)
    change_bytes(tmp_path / "intact.mp4", tmp_path / "damaged.mp4", seed=4, count=2)
    damaged = find_damage(tmp_path / "damaged.mp4", build_index(tmp_path / "damaged.mp4"))
    found = {**offsets(ENTRIES), "kitchen": [entry(box("cup", 0.9))] * ENTRIES}
    finished_job(deployment, tmp_path / "damaged.mp4", found)
    entries = np.flatnonzero(damaged[::2]).tolist()
    assert 0 < len(entries) < ENTRIES
    return entries


def test_damaged_frames_are_counted_and_marked_in_the_chart(open_page: OpenPage, damaged_entries: list[int]) -> None:
    app = open_page("analytics")
    assert not app.exception
    counted = f"{ENTRIES} of {ENTRIES} frames analyzed · {len(damaged_entries)} frames damaged in the video file"
    assert counted in captions(app)
    band = chart(app, CHART)["data"][-1]
    assert band["name"] == "damaged in the file"
    assert band["x"][0] == pytest.approx(damaged_entries[0] / 5)


def test_the_viewer_marks_a_damaged_frame_and_still_shows_its_detections(
    open_page: OpenPage, damaged_entries: list[int]
) -> None:
    app = open_page("analytics")
    app.slider(key="frame").set_value(damaged_entries[-1]).run()
    assert app.warning[0].value.startswith("This frame is damaged in the video file")
    assert list(dataframe(app, "x min")["Class"]) == ["cup"]
    intact = next(at for at in range(ENTRIES) if at not in damaged_entries)
    app.slider(key="frame").set_value(intact).run()
    assert not app.warning
