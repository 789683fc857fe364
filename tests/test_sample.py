"""The sample: its content, its jobs, and a run with committed files only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from frametally.client.registry import ClientRegistry
from frametally.errors import SettingsError
from frametally.job import EMBEDDED, JobStatus, ModelChoice
from frametally.jobs.workflow import Workflow
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library
from frametally.sample import (
    CLIP,
    MODEL,
    MODEL_FILE,
    PICTURE_AT_S,
    Sample,
    find_sample,
    is_sample,
    picture_of,
    run_sample,
    runs_of,
)
from tests.support.ledgers import START, Clock, a_job, open_ledger


@pytest.fixture
def sample() -> Sample:
    found = find_sample()
    assert found is not None
    return found


@pytest.fixture
def ledger(sqlite_url: str) -> Iterator[Ledger]:
    with open_ledger(sqlite_url) as ledger:
        yield ledger


@pytest.fixture
def workflow(ledger: Ledger, clock: Clock, tmp_path: Path) -> Workflow:
    """A workflow that makes no requests: its jobs stay as submitted."""
    return Workflow(
        ledger=ledger,
        clients=ClientRegistry("secret", lambda: pytest.fail("no request is expected")),
        library=Library(tmp_path / "media", max_video_bytes=1 << 30),
        results_dir=tmp_path / "results",
        lost_after_s=3600.0,
        clock=clock,
    )


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_the_clip_has_75_seconds_and_five_classes(sample: Sample) -> None:
    assert sample.classes == ["bag", "box", "envelope", "tote", "tube"]
    assert sample.duration_s == 75


def test_the_preview_shows_every_class(sample: Sample) -> None:
    assert all(counts[PICTURE_AT_S] > 0 for counts in sample.counts_per_second.values())
    picture = picture_of(sample, 720)
    assert picture.shape == (720, 1280, 3)
    assert picture.std() > 20


def test_a_run_stores_the_clip_and_installs_the_model(sample: Sample, workflow: Workflow, models_dir: Path) -> None:
    job = run_sample(sample, workflow, models_dir, actor=None)
    assert workflow.ledger.job(job.id) == job
    assert (job.status, job.service, job.models, job.infer_fps) == (JobStatus.CREATED, EMBEDDED, (MODEL,), 5.0)
    assert (job.video_name, job.frames) == ("parcels.mp4", 375)
    video = workflow.library.get(sample.sha256)
    assert video is not None
    assert video.path.read_bytes() == CLIP.read_bytes()
    installed = models_dir / "parcels" / "2" / "model.onnx"
    assert installed.read_bytes() == MODEL_FILE.read_bytes()
    assert {path.name for path in installed.parent.iterdir()} == {"model.json", "model.onnx"}


def test_an_installed_model_is_kept(sample: Sample, workflow: Workflow, models_dir: Path) -> None:
    installed = models_dir / "parcels" / "2" / "model.onnx"
    installed.parent.mkdir(parents=True)
    installed.write_bytes(b"customized")
    run_sample(sample, workflow, models_dir, actor=None)
    assert installed.read_bytes() == b"customized"
    assert list(installed.parent.iterdir()) == [installed]


def test_the_model_of_an_earlier_version_gets_its_settings(
    sample: Sample, workflow: Workflow, models_dir: Path
) -> None:
    installed = models_dir / "parcels" / "2" / "model.onnx"
    installed.parent.mkdir(parents=True)
    installed.write_bytes(MODEL_FILE.read_bytes())
    run_sample(sample, workflow, models_dir, actor=None)
    assert "antialias" in installed.with_name("model.json").read_text()


def test_an_unusable_models_folder_is_an_error_and_no_job_is_created(
    sample: Sample, workflow: Workflow, models_dir: Path
) -> None:
    models_dir.write_text("a file where a folder should be")
    with pytest.raises(SettingsError, match="cannot be copied to the models folder: Not a directory") as caught:
        run_sample(sample, workflow, models_dir, actor=None)
    assert "FRAMETALLY_MODELS_DIR" in caught.value.next_step
    assert str(models_dir) not in str(caught.value)
    assert workflow.ledger.jobs() == []


def test_an_unfinished_run_is_reused_and_an_ended_one_is_not(
    sample: Sample, workflow: Workflow, models_dir: Path, clock: Clock
) -> None:
    first = run_sample(sample, workflow, models_dir, actor=None)
    assert run_sample(sample, workflow, models_dir, actor=None).id == first.id
    clock.wait(1)
    assert workflow.ledger.transition(first, JobStatus.FAILED, failure="It broke.")
    second = run_sample(sample, workflow, models_dir, actor=None)
    assert second.id != first.id
    assert [job.id for job in runs_of(sample, workflow.ledger)] == [second.id]


def test_runs_of_the_sample_use_its_model_on_the_built_in_engine(sample: Sample, ledger: Ledger) -> None:
    own = {"models": (MODEL,), "video_sha256": sample.sha256}
    ledger.add(a_job("done", **own, status=JobStatus.SUCCEEDED))
    ledger.add(a_job("newer", **own, status=JobStatus.SUBMITTED, created_at=START + timedelta(hours=1)))
    ledger.add(a_job("failed", **own, status=JobStatus.FAILED))
    ledger.add(a_job("elsewhere", **own, service="https://api.example.com"))
    ledger.add(a_job("moving", **{**own, "models": (ModelChoice(model_id="motion", version="1"),)}))
    ledger.add(a_job("film", models=(MODEL,)))
    assert [job.id for job in runs_of(sample, ledger)] == ["newer", "done"]


def test_a_job_is_a_sample_by_its_video_and_not_by_its_name(sample: Sample) -> None:
    assert is_sample(a_job(video_sha256=sample.sha256, video_name="line 4.mp4"))
    assert not is_sample(a_job())
    assert not is_sample(a_job(video_sha256=None, video_url="https://example.com/parcels.mp4"))
