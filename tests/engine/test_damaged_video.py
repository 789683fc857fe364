"""The engine analyzes only intact frames, and names the damaged ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.results import archive_results, open_results
from frametally.video.damage import find_damage
from frametally.video.frame_index import build_index
from tests.support.damaged_videos import change_bytes, write_clip
from tests.support.engine_jobs import run_here
from tests.support.engines import RunningEngine
from tests.support.videos import write


@pytest.mark.parametrize("codec", ["h264", "vp9"])
def test_damaged_frames_are_null_and_named(deaf_engine: RunningEngine, tmp_path: Path, codec: str) -> None:
    write_clip(tmp_path / "intact.mp4", codec, frames=60)
    change_bytes(tmp_path / "intact.mp4", tmp_path / "damaged.mp4", seed=4, count=2)
    damaged = np.flatnonzero(find_damage(tmp_path / "damaged.mp4", build_index(tmp_path / "damaged.mp4"))).tolist()
    assert 0 < len(damaged) < 60
    job_id = deaf_engine.submit(deaf_engine.upload(tmp_path / "damaged.mp4"), fps=24)
    run_here(deaf_engine, job_id)
    results = deaf_engine.results(job_id)
    nulls = [number for number, entry in enumerate(results["motion"]) if entry is None]
    assert nulls == damaged == results["damaged_frames"]


def test_reported_damage_is_read_and_is_no_unknown_key(tmp_path: Path) -> None:
    content = b'{"frame_offset":[0,6],"time_offset":[0,0.2],"damaged_frames":[6],"m":[null,null]}'
    (tmp_path / "results.json").write_bytes(content)
    archive_results(tmp_path / "results.json", tmp_path / "results")
    results = open_results(tmp_path / "results")
    assert results.damaged.tolist() == [False, True]
    assert results.unknown_keys == ()


def test_an_intact_video_names_no_damage(deaf_engine: RunningEngine, small_video: Path) -> None:
    job_id = deaf_engine.submit(deaf_engine.upload(small_video), fps=5)
    run_here(deaf_engine, job_id)
    assert "damaged_frames" not in deaf_engine.results(job_id)


def test_every_frame_of_a_time_lapse_can_be_analyzed(deaf_engine: RunningEngine, tmp_path: Path) -> None:
    write(tmp_path / "lapse.mp4", "libx264", {}, frames=8, pts=[number * 2000 for number in range(8)])
    job_id = deaf_engine.submit(deaf_engine.upload(tmp_path / "lapse.mp4"), fps=0.5)
    run_here(deaf_engine, job_id)
    assert deaf_engine.results(job_id)["frame_offset"] == list(range(8))
