"""The sample: what it is, which jobs are its own, and a run that needs nothing but what is committed."""

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
    """Without anybody who takes the jobs further."""
    return Workflow(
        ledger=ledger,
        clients=ClientRegistry("secret", lambda: pytest.fail("nothing is sent here")),
        library=Library(tmp_path / "media", max_video_bytes=1 << 30),
        results_dir=tmp_path / "results",
        lost_after_s=3600.0,
        clock=clock,
    )


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_it_is_75_seconds_of_five_classes(sample: Sample) -> None:
    assert sample.classes == ["bag", "box", "envelope", "tote", "tube"]
    assert sample.duration_s == 75


def test_its_picture_shows_every_class(sample: Sample) -> None:
    assert all(counts[PICTURE_AT_S] > 0 for counts in sample.counts_per_second.values())
    picture = picture_of(sample)
    assert picture.shape == (720, 1280, 3)
    assert picture.std() > 20


def test_a_run_keeps_the_clip_and_puts_the_model_where_the_engine_looks(
    sample: Sample, workflow: Workflow, models_dir: Path
) -> None:
    job = run_sample(sample, workflow, models_dir, actor=None)
    assert workflow.ledger.job(job.id) == job
    assert (job.status, job.service, job.models, job.infer_fps) == (JobStatus.CREATED, EMBEDDED, (MODEL,), 5.0)
    assert (job.video_name, job.frames) == ("parcels.mp4", 375)
    kept = workflow.library.get(sample.sha256)
    assert kept is not None
    assert kept.path.read_bytes() == CLIP.read_bytes()
    installed = models_dir / "parcels" / "2" / "model.onnx"
    assert installed.read_bytes() == MODEL_FILE.read_bytes()
    assert list(installed.parent.iterdir()) == [installed]


def test_a_model_that_is_there_already_stays_as_it_is(sample: Sample, workflow: Workflow, models_dir: Path) -> None:
    installed = models_dir / "parcels" / "2" / "model.onnx"
    installed.parent.mkdir(parents=True)
    installed.write_bytes(b"somebody's own")
    run_sample(sample, workflow, models_dir, actor=None)
    assert installed.read_bytes() == b"somebody's own"


def test_a_models_folder_that_cannot_be_written_is_explained_and_nothing_is_begun(
    sample: Sample, workflow: Workflow, models_dir: Path
) -> None:
    models_dir.write_text("a file where a folder should be")
    with pytest.raises(SettingsError, match="cannot be put into the models folder: Not a directory") as caught:
        run_sample(sample, workflow, models_dir, actor=None)
    assert "FRAMETALLY_MODELS_DIR" in caught.value.next_step
    assert str(models_dir) not in str(caught.value)
    assert workflow.ledger.jobs() == []


def test_two_who_try_it_at_once_share_one_job_and_the_next_one_gets_a_new_one(
    sample: Sample, workflow: Workflow, models_dir: Path, clock: Clock
) -> None:
    first = run_sample(sample, workflow, models_dir, actor=None)
    assert run_sample(sample, workflow, models_dir, actor=None).id == first.id
    clock.wait(1)
    assert workflow.ledger.transition(first, JobStatus.FAILED, failure="It broke.")
    second = run_sample(sample, workflow, models_dir, actor=None)
    assert second.id != first.id
    assert [job.id for job in runs_of(sample, workflow.ledger)] == [second.id]


def test_its_runs_are_those_with_its_own_model_here(sample: Sample, ledger: Ledger) -> None:
    own = {"models": (MODEL,), "video_sha256": sample.sha256}
    ledger.add(a_job("done", **own, status=JobStatus.SUCCEEDED))
    ledger.add(a_job("newer", **own, status=JobStatus.SUBMITTED, created_at=START + timedelta(hours=1)))
    ledger.add(a_job("failed", **own, status=JobStatus.FAILED))
    ledger.add(a_job("elsewhere", **own, service="https://api.example.com"))
    ledger.add(a_job("moving", **{**own, "models": (ModelChoice(model_id="motion", version="1"),)}))
    ledger.add(a_job("film", models=(MODEL,)))
    assert [job.id for job in runs_of(sample, ledger)] == ["newer", "done"]


def test_a_job_over_the_clip_is_a_sample_whatever_it_is_called(sample: Sample) -> None:
    assert is_sample(a_job(video_sha256=sample.sha256, video_name="line 4.mp4"))
    assert not is_sample(a_job())
    assert not is_sample(a_job(video_sha256=None, video_url="https://example.com/parcels.mp4"))
