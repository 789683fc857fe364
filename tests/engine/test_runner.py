"""Running one job, from its video to its results file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.contract import ModelRequest
from frametally.engine.runner import run_job
from frametally.engine.spool import JobRequest, Spool, SpooledJob
from frametally.errors import ModelError, VideoError
from tests.support import onnx_models
from tests.support.video_files import cut, write_rotated, write_sound, write_video

pytestmark = pytest.mark.usefixtures("no_child_process")

MOTION = ModelRequest("motion", 1)
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    models = tmp_path / "models"
    for version in ("1", "2"):
        onnx_models.save_ultralytics(models / "ultra" / version / "model.onnx")
    onnx_models.save_yolox(models / "grid" / "1" / "model.onnx")
    return models


@pytest.fixture
def queue(tmp_path: Path) -> Callable[..., SpooledJob]:
    """Queue a job for a video."""

    def accept(video: Path, *models: ModelRequest, fps: float = 5) -> SpooledJob:
        spool = Spool(tmp_path / "engine")
        arrival = spool.receive("u")
        arrival.write(video.read_bytes())
        arrival.commit()
        return spool.accept(JobRequest(models=list(models or [MOTION]), infer_fps=fps), upload_id="u")

    return accept


@pytest.fixture
def run(queue: Callable[..., SpooledJob], models_dir: Path) -> Run:
    """Run a job to its end and read its results."""

    def run(video: Path, *models: ModelRequest, fps: float = 5) -> dict[str, Any]:
        job = queue(video, *models, fps=fps)
        run_job(job, models_dir)
        assert job.state == "done"
        assert sorted(path.name for path in job.folder.iterdir()) == ["request.json", "results.json"]
        return dict(json.loads(job.results.read_bytes()))

    return run


def square_x(frame: int) -> float:
    return (frame - 10) * 6 + 24


def test_several_models_run_in_one_pass(run: Run, small_video: Path) -> None:
    params = {"iou_threshold": 0.4}
    asked = [ModelRequest(name, "1", inference_params=params) for name in ("ultra", "grid")]
    results = run(small_video, *asked, MOTION, fps=2)
    assert list(results) == ["frame_offset", "time_offset", "ultra", "grid", "motion"]
    assert results["frame_offset"] == list(range(0, 40, 5))
    for key in ("ultra", "grid", "motion"):
        assert [len(entry["predictions"]) for entry in results[key][3:]] == [1] * 5
        for frame, entry in zip(range(15, 40, 5), results[key][3:], strict=True):
            (box,) = entry["predictions"]
            assert (box["x"], box["y"]) == pytest.approx((square_x(frame), 120), abs=10)
            assert entry["image"] == {"width": 320, "height": 240}
            assert entry["time"] > 0


@pytest.mark.soak
def test_two_versions_of_a_model_have_separate_keys(run: Run, small_video: Path) -> None:
    results = run(small_video, ModelRequest("ultra", "1"), ModelRequest("ultra", 2.0), fps=1)
    assert list(results)[2:] == ["ultra/1", "ultra/2"]


def test_frames_that_were_cut_off_are_null_for_every_model(run: Run, small_video: Path, tmp_path: Path) -> None:
    whole = run(small_video, fps=10)
    results = run(cut(small_video, tmp_path / "cut.mp4", 0.6), MOTION, ModelRequest("ultra", "1"), fps=10)
    assert results["frame_offset"] == whole["frame_offset"]
    assert results["time_offset"] == whole["time_offset"]
    nulls = [entry is None for entry in results["motion"]]
    assert 5 < sum(nulls) < 35
    assert nulls == sorted(nulls)
    assert [entry is None for entry in results["ultra"]] == nulls


def test_a_rotated_video_is_analyzed_upright(run: Run, small_video: Path, tmp_path: Path) -> None:
    results = run(write_rotated(tmp_path / "rotated.mp4", small_video), fps=2)
    assert results["motion"][-1]["image"] == {"width": 320, "height": 240}
    (box,) = results["motion"][-1]["predictions"]
    assert (box["x"], box["y"]) == pytest.approx((square_x(35), 120), abs=10)


def test_a_video_of_one_frame_is_analyzed(run: Run, tmp_path: Path) -> None:
    write_video(tmp_path / "one.mp4", frames=1, fps=10)
    assert run(tmp_path / "one.mp4", fps=7)["frame_offset"] == [0]


def test_a_rate_that_is_equal_after_rounding_is_accepted(run: Run, small_video: Path) -> None:
    assert len(run(small_video, fps=10.05)["motion"]) == 40


def test_a_rate_above_that_of_the_video_is_rejected(
    queue: Callable[..., SpooledJob], models_dir: Path, small_video: Path
) -> None:
    with pytest.raises(VideoError, match="has 10 frames per second"):
        run_job(queue(small_video, fps=11), models_dir)


def test_an_unreadable_video_raises(queue: Callable[..., SpooledJob], models_dir: Path, tmp_path: Path) -> None:
    sound, empty, random = (tmp_path / name for name in ("sound.mp4", "empty.mp4", "random.mp4"))
    write_sound(sound)
    empty.touch()
    random.write_bytes(np.random.default_rng(1).bytes(4096))
    reasons = {sound: "audio only", empty: "not a video", random: "not a video"}
    for video, reason in reasons.items():
        with pytest.raises(VideoError, match=reason) as refused:
            run_job(queue(video), models_dir)
        assert str(tmp_path) not in str(refused.value)


def test_a_removed_model_raises(queue: Callable[..., SpooledJob], models_dir: Path, small_video: Path) -> None:
    with pytest.raises(ModelError, match="Model gone/1 is no longer installed"):
        run_job(queue(small_video, ModelRequest("gone", "1")), models_dir)
