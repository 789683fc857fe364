"""The spool: states of jobs and uploads on disk."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from frametally.engine.spool import PART_RETENTION_S, RETENTION_S, Spool, WorkerProgress
from frametally.errors import MediaError
from tests.support.engine_jobs import REQUEST, finish, upload


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "engine")


def test_a_job_survives_the_process_that_accepted_it(spool: Spool) -> None:
    job = spool.accept(REQUEST)
    found = Spool(spool.folder).find(job.id)
    assert found is not None
    assert (found.state, found.request) == ("queued", REQUEST)


def test_a_job_is_queued_until_it_is_done_or_failed(spool: Spool) -> None:
    done, failed, waiting = (spool.accept(REQUEST) for _ in range(3))
    done.report(WorkerProgress(0.5, 1))
    finish(done)
    failed.fail("The video has no picture.")
    assert [job.state for job in (done, failed, waiting)] == ["done", "failed", "queued"]
    assert failed.failure is not None
    assert failed.failure.reason == "The video has no picture."
    ended: set[str] = set()
    assert [job.id for job in spool.queued(known_ended=ended)] == [waiting.id]
    assert ended == {done.id, failed.id}


def test_a_key_starts_a_job_again_once_the_first_one_is_deleted(spool: Spool) -> None:
    ended: set[str] = set()
    job = spool.accept(REQUEST, key="k")
    finish(job)
    spool.queued(known_ended=ended)
    spool.delete_old(now_s=time.time() + 60, retention_s=0)
    spool.queued(known_ended=ended)
    spool.accept(REQUEST, key="k")
    assert [each.id for each in spool.queued(known_ended=ended)] == [job.id]


def test_jobs_run_in_the_order_of_submission(spool: Spool) -> None:
    ids = [spool.accept(REQUEST).id for _ in range(5)]
    assert [job.id for job in spool.queued(known_ended=set())] == ids


def test_a_folder_without_a_request_is_not_a_job(spool: Spool) -> None:
    job = spool.accept(REQUEST)
    (job.folder / "request.json").unlink()
    assert spool.find(job.id) is None
    assert spool.queued(known_ended=set()) == []


def test_a_later_upload_to_the_same_link_does_not_change_a_job(spool: Spool) -> None:
    upload(spool, "u", b"first")
    job = spool.accept(REQUEST, upload_id="u")
    upload(spool, "u", b"second")
    assert job.video.read_bytes() == b"first"
    assert spool.accept(REQUEST, upload_id="u").video.read_bytes() == b"second"


@pytest.mark.usefixtures("no_hard_links")
def test_a_later_upload_does_not_change_a_job_without_hard_links(spool: Spool) -> None:
    upload(spool, "u1", b"first")
    job = spool.accept(REQUEST, upload_id="u1")
    upload(spool, "u1", b"second")
    assert job.video.read_bytes() == b"first"


def test_a_job_for_a_missing_upload_leaves_no_folder(spool: Spool) -> None:
    with pytest.raises(MediaError, match="Nothing was uploaded"):
        spool.accept(REQUEST, upload_id="u")
    assert list((spool.folder / "jobs").iterdir()) == []


def test_a_repeated_idempotency_key_returns_the_same_job(spool: Spool) -> None:
    upload(spool, "u", b"video")
    job = spool.accept(REQUEST, upload_id="u", key="k")
    assert spool.accept(REQUEST, upload_id="u", key="k").id == job.id
    finish(job)
    assert spool.accept(REQUEST, upload_id="u", key="k").state == "done"
    assert spool.accept(REQUEST, upload_id="u", key="other").id != job.id


def test_concurrent_starts_with_one_key_create_one_job(spool: Spool) -> None:
    upload(spool, "u", b"video")
    with ThreadPoolExecutor(max_workers=8) as pool:
        jobs = list(pool.map(lambda _: spool.accept(REQUEST, upload_id="u", key="k"), range(40)))
    assert len({job.id for job in jobs}) == len(list((spool.folder / "jobs").iterdir())) == 1


def test_a_start_interrupted_by_a_crash_can_be_repeated(spool: Spool) -> None:
    upload(spool, "u", b"video")
    job = spool.accept(REQUEST, upload_id="u", key="k")
    (job.folder / "request.json").unlink()
    assert spool.accept(REQUEST, upload_id="u", key="k").id == job.id
    assert job.state == "queued"


def test_an_idempotency_key_cannot_be_reused_for_another_job(spool: Spool) -> None:
    spool.accept(REQUEST, key="k")
    with pytest.raises(MediaError, match="Another job"):
        spool.accept(msgspec.structs.replace(REQUEST, infer_fps=7), key="k")


def test_an_ended_job_deletes_its_video_and_work_files(spool: Spool) -> None:
    upload(spool, "u", b"video")
    for end in (finish, lambda job: job.fail("Broken.")):
        job = spool.accept(REQUEST, upload_id="u")
        job.new_work_folder()
        end(job)
        assert not job.video.exists()
        assert not (job.folder / "work").exists()


def test_a_job_fails_at_the_third_crash(spool: Spool) -> None:
    job, other = spool.accept(REQUEST), spool.accept(REQUEST)
    for worker_pid in (101, 102, 103):
        assert job.state == "queued"
        job.report(WorkerProgress(0.1, worker_pid))
        spool.record_worker_death(worker_pid, was_killed=False)
        spool.record_worker_death(999, was_killed=False)
    assert job.failure is not None
    assert "crashed 3 times" in job.failure.reason
    assert other.state == "queued"


def test_a_discarded_upload_leaves_no_file(spool: Spool) -> None:
    arrival = spool.receive("u")
    arrival.write(b"half")
    arrival.discard()
    assert list((spool.folder / "uploads").iterdir()) == []


def test_old_uploads_are_deleted(spool: Spool) -> None:
    upload(spool, "u", b"video")
    stopped = spool.receive("v")
    stopped.write(b"half")
    (kept, part) = sorted((spool.folder / "uploads").iterdir())
    now_s = part.stat().st_mtime
    spool.delete_old(now_s=now_s + PART_RETENTION_S - 60)
    assert (kept.exists(), part.exists()) == (True, True)
    spool.delete_old(now_s=now_s + PART_RETENTION_S + 60)
    assert (kept.exists(), part.exists()) == (True, False)
    spool.delete_old(now_s=now_s + RETENTION_S + 60)
    assert not kept.exists()
    stopped.discard()


def test_ended_jobs_are_deleted_after_a_week(spool: Spool) -> None:
    done, failed, waiting, incomplete = (spool.accept(REQUEST) for _ in range(4))
    finish(done)
    failed.fail("Broken.")
    (incomplete.folder / "request.json").unlink()
    now_s = waiting.folder.stat().st_mtime
    spool.delete_old(now_s=now_s + RETENTION_S - 60)
    assert len(list((spool.folder / "jobs").iterdir())) == 4
    spool.delete_old(now_s=now_s + RETENTION_S + 60)
    assert [path.name for path in (spool.folder / "jobs").iterdir()] == [waiting.id]


def test_retention_is_configurable(spool: Spool) -> None:
    upload(spool, "u", b"video")
    job = spool.accept(REQUEST)
    job.cancel()
    now_s = job.folder.stat().st_mtime
    spool.delete_old(now_s=now_s + 3500, retention_s=3600)
    assert (spool.find(job.id) is not None, (spool.folder / "uploads" / "u").exists()) == (True, True)
    spool.delete_old(now_s=now_s + 3700, retention_s=3600)
    assert (spool.find(job.id), (spool.folder / "uploads" / "u").exists()) == (None, False)


def test_an_empty_progress_file_is_ignored(spool: Spool) -> None:
    job = spool.accept(REQUEST)
    (job.folder / "progress.json").touch()
    assert job.progress is None
    spool.record_worker_death(101, was_killed=False)
    assert job.state == "queued"
