"""Retry, duplicate, adopt, delete and undo, over a real ledger and real files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from frametally.errors import JobError
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice
from frametally.jobs.actions import AlreadyHere, adopt, duplicate, retry
from frametally.jobs.deletion import UNDO_S, can_be_deleted, delete, remove_deleted, restore
from frametally.ledger.events import EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.tags import add_tags, tags_of
from frametally.library.library import Library
from frametally.storage.derived import derived_path
from tests.support.deployment import LocalDeployment
from tests.support.ledgers import START, Clock, a_job

HOUR = timedelta(hours=1)
C = JobStatus.CREATED
RAN = ((ModelChoice(model_id="motion", version="1"),), 5.0)
BIRDS = ModelChoice(model_id="birds", version="10")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "media", max_video_bytes=1 << 30)


@pytest.fixture
def failed(ledger: Ledger, library: Library, small_video: Path) -> Job:
    """A job that failed at its service, an hour after it was sent there."""
    video = {"video_sha256": library.add(small_video).sha256, "upload_url": "https://storage/v?sig=1"}
    ended: dict[str, Any] = {
        "failure": "Out of memory.",
        "ended_at": START + HOUR,
        "remote_job_id": "r1",
        "uploaded_at": START,
    }
    ledger.add(a_job(status=JobStatus.FAILED, notes="the wet one", **video, **ended))
    add_tags(ledger, ["j1"], ["night"])
    return ledger.job("j1")


def acts(ledger: Ledger, job_id: str = "j1") -> list[str]:
    return [event.cause for event in ledger.history(job_id, kinds=[EventKind.ACT])]


def test_a_retry_is_a_new_job_of_the_same_video_models_and_tags(ledger: Ledger, library: Library, failed: Job) -> None:
    new = retry(ledger, library, "j1", START + HOUR)
    assert ledger.job(new.id) == new
    assert (new.status, new.remote_job_id, new.failure, new.ended_at, new.frames) == (C, None, "", None, 20)
    assert (new.video_sha256, new.models, new.infer_fps, new.notes) == (failed.video_sha256, *RAN, "the wet one")
    assert tags_of(ledger, [new.id]) == {new.id: ["night"]}
    assert acts(ledger) == [f"Run again as job {new.id}."]
    assert ledger.history(new.id)[0].cause == "Another try of job j1."


def test_of_many_clicks_at_once_one_new_job_comes(ledger: Ledger, library: Library, failed: Job) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        jobs = list(pool.map(lambda _: retry(ledger, library, failed.id, START + HOUR), range(8)))
    assert len({job.id for job in jobs}) == 1
    assert len(ledger.jobs()) == 2


def test_a_retry_that_was_deleted_makes_way_for_another(ledger: Ledger, library: Library, failed: Job) -> None:
    first = retry(ledger, library, failed.id, START + HOUR)
    ledger.transition(first, JobStatus.FAILED, failure="no")
    delete(ledger, [first.id], START + HOUR)
    assert retry(ledger, library, failed.id, START + HOUR).id != first.id


@pytest.mark.parametrize("status", [status for status in JobStatus if status.is_open] + [JobStatus.SUCCEEDED])
def test_a_job_that_did_not_end_badly_is_not_retried(ledger: Ledger, library: Library, status: JobStatus) -> None:
    ledger.add(a_job(status=status))
    with pytest.raises(JobError, match="without results"):
        retry(ledger, library, "j1", START)


def test_without_its_video_a_job_is_not_started_again_unless_its_service_has_it(
    ledger: Ledger, library: Library
) -> None:
    ledger.add(a_job(status=JobStatus.FAILED))
    with pytest.raises(JobError, match="video of this job is not here"):
        retry(ledger, library, "j1", START)
    ledger.add(a_job("j2", status=JobStatus.FAILED, video_url="https://host/v.mp4"))
    assert retry(ledger, library, "j2", START).video_url == "https://host/v.mp4"
    sent: dict[str, Any] = {"video_sha256": "1" * 64, "upload_url": "https://storage/v?sig=1", "uploaded_at": START}
    ledger.add(a_job("j3", status=JobStatus.FAILED, **sent))
    assert retry(ledger, library, "j3", START + HOUR).video_sha256 == "1" * 64


def test_other_models_run_over_the_same_video(ledger: Ledger, library: Library, failed: Job) -> None:
    new = duplicate(ledger, library, failed.id, [BIRDS], 2.0, START + HOUR)
    assert (new.status, new.models, new.infer_fps, new.frames) == (C, (BIRDS,), 2.0, 8)
    assert duplicate(ledger, library, failed.id, [BIRDS], 2.0, START + HOUR).id != new.id
    with pytest.raises(JobError, match="names no model"):
        duplicate(ledger, library, failed.id, [], 2.0, START)


def test_an_adopted_job_is_asked_about_and_says_what_is_unknown(ledger: Ledger) -> None:
    job = adopt(ledger, service=EMBEDDED, key_id="", remote_job_id=" r9 ", now=START)
    assert ledger.due(START, [(EMBEDDED, "")]) == [job] == ledger.jobs()
    assert (job.status, job.remote_job_id, job.models, job.infer_fps) == (JobStatus.SUBMITTED, "r9", (), None)
    assert (job.video_name, job.video_sha256, job.frames, job.run_started_at) == ("Unknown video", None, None, None)
    assert ledger.history(job.id)[0].cause == "Started elsewhere, adopted by its id there."


def test_a_job_is_adopted_once_and_the_second_time_leads_to_it(ledger: Ledger) -> None:
    ledger.add(a_job(status=JobStatus.LOST, remote_job_id="r1"))
    with pytest.raises(AlreadyHere, match="already: film") as refused:
        adopt(ledger, service=EMBEDDED, key_id="", remote_job_id="r1", now=START)
    assert refused.value.job_id == "j1"
    delete(ledger, ["j1"], START)
    with pytest.raises(AlreadyHere, match="deleted"):
        adopt(ledger, service=EMBEDDED, key_id="", remote_job_id="r1", now=START)
    assert adopt(ledger, service="https://other", key_id="k", remote_job_id="r1", now=START).id != "j1"


@pytest.mark.parametrize("remote_job_id", ["", "  ", "two words", "line\nbreak", "x" * 201])
def test_what_is_no_id_is_not_adopted(ledger: Ledger, remote_job_id: str) -> None:
    with pytest.raises(JobError, match="no id of a job"):
        adopt(ledger, service=EMBEDDED, key_id="", remote_job_id=remote_job_id, now=START)


def test_a_deleted_job_is_left_alone_until_it_is_brought_back(ledger: Ledger) -> None:
    ledger.add(a_job(status=JobStatus.LOST, remote_job_id="r1"))
    seen = ledger.job("j1")
    assert delete(ledger, ["j1", "no such"], START) == ["j1"]
    assert delete(ledger, ["j1"], START) == []
    assert ledger.jobs() == ledger.due(START, [(EMBEDDED, "")]) == []
    assert not ledger.claim(seen, START, 60)
    assert not ledger.transition(seen, JobStatus.SUCCEEDED)
    assert restore(ledger, ["j1"], START) == ["j1"]
    assert ledger.job("j1") == seen
    assert acts(ledger) == ["Deleted.", "Brought back."]


def test_a_job_that_is_being_sent_or_runs_here_must_be_cancelled_before_it_is_deleted(ledger: Ledger) -> None:
    for status in JobStatus:
        for service in (EMBEDDED, "https://a"):
            ledger.add(a_job(f"{status.value} {service}", status=status, service=service, remote_job_id="r"))
    everything = ledger.jobs()
    gone = delete(ledger, [job.id for job in everything], START)
    assert set(gone) == {job.id for job in everything if can_be_deleted(job)}
    kept = {f"created {EMBEDDED}", f"uploaded {EMBEDDED}", f"submitted {EMBEDDED}", "created https://a"}
    assert {job.id for job in ledger.jobs()} == {*kept, "uploaded https://a"}


def test_after_an_hour_a_deleted_job_goes_with_all_it_left_and_the_video_stays(
    ledger: Ledger, library: Library, failed: Job, tmp_path: Path
) -> None:
    ledger.add(a_job("j2", status=JobStatus.FAILED))
    results = tmp_path / "results"
    for job_id in ("j1", "j2"):
        for path in (results / job_id / "boxes", derived_path(results / job_id, "video", job_id, "mp4")):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
    delete(ledger, ["j1"], START)
    assert remove_deleted(ledger, results, START + timedelta(seconds=UNDO_S)) == 0
    assert remove_deleted(ledger, results, START + timedelta(seconds=UNDO_S + 1)) == 1
    assert [job.id for job in ledger.jobs()] == ["j2"]
    assert ledger.history("j1") == []
    assert tags_of(ledger, ["j1"]) == {}
    left = {path.parent for path in results.rglob("*") if path.is_file()}
    assert left == {results / "j2", results / "j2" / "derived"}
    assert library.get(failed.video_sha256 or "")


def test_a_crash_while_jobs_are_removed_leaves_no_results_of_theirs(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    jobs = ["j1", "j2", "j3", "other"]
    for job_id in jobs:
        ledger.add(a_job(job_id, status=JobStatus.FAILED))
        (results / job_id).mkdir(parents=True)
        (results / job_id / "boxes").touch()
    (results / "unknown").mkdir()  # of another ledger, for all that this one knows: not ours to remove
    delete(ledger, jobs[:3], START)
    later = START + timedelta(seconds=UNDO_S + 1)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("frametally.jobs.deletion.shutil.rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            remove_deleted(ledger, results, later)
    assert len(restore(ledger, jobs[:3], later)) == 2  # one has gone, and its results have not
    delete(ledger, jobs[:3], START)
    assert remove_deleted(ledger, results, later) == 2
    assert sorted(path.name for path in results.iterdir()) == ["other", "unknown"]
    assert [job.id for job in ledger.jobs()] == ["other"]


def test_the_watcher_removes_what_was_deleted_long_enough_ago(tmp_path: Path, clock: Clock) -> None:
    deployment = LocalDeployment(tmp_path, clock, "http://127.0.0.1:1")
    for job_id in ("j1", "j2"):
        deployment.ledger.add(a_job(job_id, status=JobStatus.FAILED))
    delete(deployment.ledger, ["j1"], clock())
    clock.wait(UNDO_S + 1)
    deployment.workflow.tidy()
    assert restore(deployment.ledger, ["j1"], clock()) == []
    assert [job.id for job in deployment.ledger.jobs()] == ["j2"]
    deployment.ledger.close()
