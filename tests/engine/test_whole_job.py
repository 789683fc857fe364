"""Whole jobs from upload to results, over a real socket; `test_worker.py` runs such jobs in a worker process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frametally.cli.main import main
from frametally.results import Kind, archive_results, open_results
from tests.support import onnx_architectures
from tests.support.engine_jobs import run_here
from tests.support.engines import RunningEngine

pytestmark = pytest.mark.usefixtures("no_child_process")


def test_motion_detects_only_moving_objects(deaf_engine: RunningEngine, small_video: Path) -> None:
    job_id = deaf_engine.submit(deaf_engine.upload(small_video), fps=5)
    run_here(deaf_engine, job_id)
    results = deaf_engine.results(job_id)
    assert results["frame_offset"] == list(range(0, 40, 2))
    assert results["time_offset"] == [round(entry / 5, 4) for entry in range(20)]
    boxes = [entry["predictions"] for entry in results["motion"]]
    assert boxes[:5] == [[]] * 5
    for frame, found in zip(range(12, 40, 2), boxes[6:], strict=True):
        assert len(found) == 1
        assert found[0]["class"] == "moving"
        assert abs(found[0]["x"] - ((frame - 10) * 6 + 24)) < 8
        assert abs(found[0]["y"] - 120) < 6
        assert found[0]["confidence"] > 0.8
    assert results["motion"][0]["image"] == {"width": 320, "height": 240}


KIND_BY_TYPE = {
    "keypoint-detection": Kind.KEYPOINTS,
    "instance-segmentation": Kind.SEGMENTATION,
    "classification": Kind.CLASSIFICATION,
    "semantic-segmentation": Kind.SEMANTIC,
}


def save_one_of_each_type(models_dir: Path) -> None:
    """Save a model of each type, named after the type."""
    onnx_architectures.save_yolov8_more(models_dir / "keypoint-detection" / "1" / "model.onnx", "pose")
    onnx_architectures.save_yolov8_more(models_dir / "instance-segmentation" / "1" / "model.onnx", "segment")
    onnx_architectures.save_classifier(models_dir / "classification" / "1" / "model.onnx")
    onnx_architectures.save_semantic(models_dir / "semantic-segmentation" / "1" / "model.onnx")
    for name in ("classification", "semantic-segmentation"):
        (models_dir / name / "1" / "classes.txt").write_text("background\nred\nblue\n")


def test_one_job_runs_models_of_every_type_and_the_dashboard_reads_each(
    deaf_engine: RunningEngine, small_video: Path, tmp_path: Path
) -> None:
    save_one_of_each_type(deaf_engine.models_dir)
    # A confidence of 0 includes every box, because the square in the video is not red.
    requested = [
        {"model_id": name, "model_version": "1", "inference_type": name, "inference_params": {"confidence": 0.0}}
        for name in KIND_BY_TYPE
    ]
    job_id = deaf_engine.submit(deaf_engine.upload(small_video), *requested, fps=2)
    run_here(deaf_engine, job_id)
    results = deaf_engine.results(job_id)
    (tmp_path / "results.json").write_text(json.dumps(results))
    archive_results(tmp_path / "results.json", tmp_path / "archive")
    read = open_results(tmp_path / "archive")
    assert {name: table.kind for name, table in read.models.items()} == KIND_BY_TYPE
    assert all(table.analyzed.all() and len(table.analyzed) == 8 for table in read.models.values())


@pytest.mark.soak
def test_the_command_line_requests_the_type_of_the_model(
    small_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("frametally.cli.environment.read_secrets", dict)  # not the secrets of this machine
    save_one_of_each_type(tmp_path / "data" / "models")
    models = [word for name in KIND_BY_TYPE for word in ("--model", f"{name}/1")]
    assert main(["run", str(small_video), *models, "--fps", "1", "--out", str(tmp_path / "out.json")]) == 0
    assert set(json.loads((tmp_path / "out.json").read_bytes())) == {"frame_offset", "time_offset", *KIND_BY_TYPE}
    assert capsys.readouterr().out.count("4 of 4 frames analyzed") == len(KIND_BY_TYPE)
