"""Actions on jobs (retry, duplicate, import, delete, restore) over a real ledger and real files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import JobError
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice, RunRequest
from frametally.jobs.actions import AlreadyImported, duplicate, import_job, retry
from frametally.jobs.deletion import UNDO_S, can_be_deleted, delete, remove_deleted, restore_jobs
from frametally.ledger.events import Actor, EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.tags import add_tags, remove_tags, tags_of
from frametally.library.library import Library
from frametally.storage.derived import derived_path
from tests.support.deployment import LocalDeployment
from tests.support.ledgers import START, Clock, a_job
from tests.support.misbehaving import MisbehavingServer, answer
from tests.support.people import admin

HOUR = timedelta(hours=1)
C = JobStatus.CREATED
RAN = ((ModelChoice(model_id="motion", version="1"),), 5.0)
HERE = RunRequest(service=EMBEDDED, key_id="")
BIRDS = ModelChoice(model_id="birds", version="10")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "media", max_video_bytes=1 << 30)


@pytest.fixture
def failed(ledger: Ledger, library: Library, small_video: Path) -> Job:
    """A job that failed at its service, an hour after it was sent there."""
    video = {"video_sha256": library.add(small_video, actor=None).sha256, "upload_url": "https://storage/v?sig=1"}
    ended: dict[str, Any] = {
        "failure": "Out of memory.",
        "ended_at": START + HOUR,
        "remote_job_id": "r1",
        "uploaded_at": START,
    }
    ledger.add(a_job(status=JobStatus.FAILED, notes="the wet one", **video, **ended))
    add_tags(ledger, ["j1"], ["night"], actor=None)
    return ledger.job("j1")


def acts(ledger: Ledger, job_id: str = "j1") -> list[str]:
    return [event.cause for event in ledger.history(job_id, kinds=[EventKind.ACTION])]


def test_a_retry_has_the_same_video_models_and_tags(ledger: Ledger, library: Library, failed: Job) -> None:
    new = retry(ledger, library, "j1", START + HOUR, actor=None)
    assert ledger.job(new.id) == new
    assert (new.status, new.remote_job_id, new.failure, new.ended_at, new.frames) == (C, None, "", None, 20)
    assert (new.video_sha256, new.models, new.infer_fps, new.notes) == (failed.video_sha256, *RAN, "the wet one")
    assert tags_of(ledger, [new.id]) == {new.id: ["night"]}
    assert acts(ledger) == ["Tag added: night.", f"Run again as job {new.id}."]
    assert "job j1" in ledger.history(new.id)[0].cause


def test_every_action_records_its_actor(ledger: Ledger, library: Library, failed: Job) -> None:
    new = retry(ledger, library, "j1", START + HOUR, actor=admin("ada"))
    other = duplicate(ledger, library, "j1", [BIRDS], 2.0, START + HOUR, actor=admin("bob"))
    assert (new.owner, other.owner) == ("ada", "bob")
    assert [ledger.history(job.id)[0].actor for job in (new, other)] == ["ada", "bob"]
    ledger.write_notes("j1", "the dry one", actor=Actor("cleo"))
    ledger.write_notes("j1", "the dry one", actor=Actor("dan"))  # changes nothing
    remove_tags(ledger, ["j1"], ["night"], actor=Actor("eve"))
    delete(ledger, ["j1"], START, actor=admin("fay"))
    restore_jobs(ledger, ["j1"], START, actor=admin("gil"))
    actors = [event.actor for event in ledger.history("j1", kinds=[EventKind.ACTION])]
    assert actors == [None, "ada", "bob", "cleo", "eve", "fay", "gil"]


def test_retry_creates_one_job_for_many_clicks(ledger: Ledger, library: Library, failed: Job) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        jobs = list(pool.map(lambda _: retry(ledger, library, failed.id, START + HOUR, actor=None), range(8)))
    assert len({job.id for job in jobs}) == 1
    assert len(ledger.jobs()) == 2


def test_a_deleted_retry_is_replaced_by_another(ledger: Ledger, library: Library, failed: Job) -> None:
    first = retry(ledger, library, failed.id, START + HOUR, actor=None)
    ledger.transition(first, JobStatus.FAILED, failure="no")
    delete(ledger, [first.id], START + HOUR, actor=None)
    assert retry(ledger, library, failed.id, START + HOUR, actor=None).id != first.id


@pytest.mark.parametrize("status", [status for status in JobStatus if status.is_open] + [JobStatus.SUCCEEDED])
def test_an_open_or_successful_job_is_not_retried(ledger: Ledger, library: Library, status: JobStatus) -> None:
    ledger.add(a_job(status=status))
    with pytest.raises(JobError, match="without results"):
        retry(ledger, library, "j1", START, actor=None)


def test_retry_needs_the_video_here_or_at_the_service(ledger: Ledger, library: Library) -> None:
    ledger.add(a_job(status=JobStatus.FAILED))
    with pytest.raises(JobError, match="no longer stored"):
        retry(ledger, library, "j1", START, actor=None)
    ledger.add(a_job("j2", status=JobStatus.FAILED, video_url="https://host/v.mp4"))
    assert retry(ledger, library, "j2", START, actor=None).video_url == "https://host/v.mp4"
    sent: dict[str, Any] = {"video_sha256": "1" * 64, "upload_url": "https://storage/v?sig=1", "uploaded_at": START}
    ledger.add(a_job("j3", status=JobStatus.FAILED, **sent))
    assert retry(ledger, library, "j3", START + HOUR, actor=None).video_sha256 == "1" * 64


def test_duplicate_runs_other_models_over_the_same_video(ledger: Ledger, library: Library, failed: Job) -> None:
    new = duplicate(ledger, library, failed.id, [BIRDS], 2.0, START + HOUR, actor=None)
    assert (new.status, new.models, new.infer_fps, new.frames) == (C, (BIRDS,), 2.0, 8)
    assert duplicate(ledger, library, failed.id, [BIRDS], 2.0, START + HOUR, actor=None).id != new.id
    with pytest.raises(JobError, match="needs a model"):
        duplicate(ledger, library, failed.id, [], 2.0, START, actor=None)


def test_an_imported_job_is_polled_and_its_unknown_fields_are_empty(ledger: Ledger) -> None:
    job = import_job(ledger, HERE, " r9 ", START, actor=admin("ada"))
    assert ledger.due(START, [(EMBEDDED, "")]) == [job] == ledger.jobs()
    assert (job.status, job.remote_job_id, job.models, job.infer_fps) == (JobStatus.SUBMITTED, "r9", (), None)
    assert (job.video_name, job.video_sha256, job.frames, job.run_started_at) == ("Unknown video", None, None, None)
    (imported,) = ledger.history(job.id)
    assert ("started elsewhere" in imported.cause, imported.actor, job.owner) == (True, "ada", "ada")


def test_a_job_is_imported_once(ledger: Ledger) -> None:
    ledger.add(a_job(status=JobStatus.LOST, remote_job_id="r1"))
    with pytest.raises(AlreadyImported, match="already in the list: film") as refused:
        import_job(ledger, HERE, "r1", START, actor=None)
    assert refused.value.job_id == "j1"
    delete(ledger, ["j1"], START, actor=None)
    with pytest.raises(AlreadyImported, match="deleted"):
        import_job(ledger, HERE, "r1", START, actor=None)
    assert import_job(ledger, RunRequest(service="https://other", key_id="k"), "r1", START, actor=None).id != "j1"


def test_the_service_is_asked_whether_it_has_an_imported_job(
    ledger: Ledger, client: VideoInferenceClient, server: MisbehavingServer
) -> None:
    server.replies_with(answer(status=404), answer({"status": 1}), answer(status=503))
    with pytest.raises(JobError, match="does not know a job with this ID"):
        import_job(ledger, HERE, "gone", START, actor=None, client=client)
    assert ledger.jobs() == []
    known = import_job(ledger, HERE, "known", START, actor=admin("ada"), client=client)
    assert (known.checked_at, known.next_check_at - START) == (START, timedelta(minutes=1))
    assert [(event.cause, event.actor) for event in ledger.history(known.id)][1:] == [
        ("In progress (status 1).", "ada")
    ]
    unanswered = import_job(ledger, HERE, "unanswered", START, actor=None, client=client)
    assert "503" in ledger.history(unanswered.id)[-1].cause
    assert [seen.query["job_id"] for seen in server.seen] == [["gone"], ["known"], ["unanswered"]]


@pytest.mark.parametrize("remote_job_id", ["", "  ", "two words", "line\nbreak", "x" * 201])
def test_import_refuses_an_invalid_id(ledger: Ledger, remote_job_id: str) -> None:
    with pytest.raises(JobError, match="not a job id"):
        import_job(ledger, HERE, remote_job_id, START, actor=None)


def test_a_deleted_job_is_not_advanced_until_it_is_restored(ledger: Ledger) -> None:
    ledger.add(a_job(status=JobStatus.LOST, remote_job_id="r1"))
    seen = ledger.job("j1")
    assert delete(ledger, ["j1", "no such"], START, actor=None) == ["j1"]
    assert delete(ledger, ["j1"], START, actor=None) == []
    assert ledger.jobs() == ledger.due(START, [(EMBEDDED, "")]) == []
    assert not ledger.claim(seen, START, 60)
    assert not ledger.transition(seen, JobStatus.SUCCEEDED)
    assert restore_jobs(ledger, ["j1"], START, actor=None) == ["j1"]
    assert ledger.job("j1") == seen
    assert acts(ledger) == ["Deleted.", "Restored."]


def test_a_job_being_submitted_or_on_the_engine_is_not_deleted(ledger: Ledger) -> None:
    for status in JobStatus:
        for service in (EMBEDDED, "https://a"):
            ledger.add(a_job(f"{status.value} {service}", status=status, service=service, remote_job_id="r"))
    everything = ledger.jobs()
    gone = delete(ledger, [job.id for job in everything], START, actor=None)
    assert set(gone) == {job.id for job in everything if can_be_deleted(job)}
    kept = {f"created {EMBEDDED}", f"uploaded {EMBEDDED}", f"submitted {EMBEDDED}", "created https://a"}
    assert {job.id for job in ledger.jobs()} == {*kept, "uploaded https://a"}


def test_after_an_hour_a_deleted_job_is_removed_and_its_video_stays(
    ledger: Ledger, library: Library, failed: Job, tmp_path: Path
) -> None:
    ledger.add(a_job("j2", status=JobStatus.FAILED))
    results = tmp_path / "results"
    for job_id in ("j1", "j2"):
        for path in (results / job_id / "boxes", derived_path(results / job_id, "video", job_id, "mp4")):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
    delete(ledger, ["j1"], START, actor=None)
    assert remove_deleted(ledger, results, START + timedelta(seconds=UNDO_S)) == 0
    assert remove_deleted(ledger, results, START + timedelta(seconds=UNDO_S + 1)) == 1
    assert [job.id for job in ledger.jobs()] == ["j2"]
    assert ledger.history("j1") == []
    assert tags_of(ledger, ["j1"]) == {}
    left = {path.parent for path in results.rglob("*") if path.is_file()}
    assert left == {results / "j2", results / "j2" / "derived"}
    assert library.get(failed.video_sha256 or "")


def test_an_interrupted_removal_is_completed_later(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    jobs = ["j1", "j2", "j3", "other"]
    for job_id in jobs:
        ledger.add(a_job(job_id, status=JobStatus.FAILED))
        (results / job_id).mkdir(parents=True)
        (results / job_id / "boxes").touch()
    (results / "unknown").mkdir()  # not in this ledger, so it may belong to another one: must not be removed
    delete(ledger, jobs[:3], START, actor=None)
    later = START + timedelta(seconds=UNDO_S + 1)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("frametally.jobs.deletion.shutil.rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            remove_deleted(ledger, results, later)
    # One job was removed before the interruption, but not its results.
    assert len(restore_jobs(ledger, jobs[:3], later, actor=None)) == 2
    delete(ledger, jobs[:3], START, actor=None)
    assert remove_deleted(ledger, results, later) == 2
    assert sorted(path.name for path in results.iterdir()) == ["other", "unknown"]
    assert [job.id for job in ledger.jobs()] == ["other"]


def test_tidy_removes_jobs_deleted_an_hour_ago(tmp_path: Path, clock: Clock) -> None:
    deployment = LocalDeployment(tmp_path, clock, "http://127.0.0.1:1")
    for job_id in ("j1", "j2"):
        deployment.ledger.add(a_job(job_id, status=JobStatus.FAILED))
    delete(deployment.ledger, ["j1"], clock(), actor=None)
    clock.wait(UNDO_S + 1)
    deployment.workflow.tidy()
    assert restore_jobs(deployment.ledger, ["j1"], clock(), actor=None) == []
    assert [job.id for job in deployment.ledger.jobs()] == ["j2"]
    deployment.ledger.close()
