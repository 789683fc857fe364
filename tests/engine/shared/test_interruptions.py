"""One engine that a crash, a fault or another process interrupts between two steps."""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import structs

from frametally.contract import CANCELLED
from frametally.engine.shared.records import CANCELLED_END, AcceptedJob, JobEnd, Records
from frametally.engine.shared.shared_spool import SharedJob, SharedSpool
from frametally.engine.shared.sharer import Sharer
from frametally.engine.spool import RETENTION_S, JobFailure, Spool
from frametally.errors import MediaError
from frametally.storage.atomic import PendingFile, write_json
from tests.support.engine_jobs import REQUEST, finish, upload
from tests.support.polling import until
from tests.support.shared_store import TroubledStore, move

LINK = "11111111-1111-4111-8111-111111111111"
JOB = "22222222-2222-4222-8222-222222222222"


@dataclass(frozen=True)
class Side:
    store: TroubledStore
    records: Records
    spool: SharedSpool
    sharer: Sharer

    def job(self, job_id: str) -> SharedJob:
        return SharedJob(self.spool.folder / "jobs" / job_id)

    def begun(self, video_id: str | None) -> SharedJob:
        """A job as it is after a crash before it was queued."""
        job = self.job(JOB)
        job.folder.mkdir()
        write_json(job.folder / "accepted.json", AcceptedJob("a", REQUEST, video_id))
        return job


@pytest.fixture
def side(tmp_path: Path) -> Side:
    store = TroubledStore(tmp_path / "store")
    records = Records(store, "a")
    spool = SharedSpool(tmp_path / "a", records)
    return Side(store, records, spool, Sharer(spool, max_video_bytes=1 << 20, retention_s=RETENTION_S))


def test_results_that_are_withdrawn_are_not_offered(side: Side) -> None:
    job = side.spool.accept(REQUEST)
    finish(job)
    side.records.cancel(job.id)
    write_json(job.folder / "failure.json", JobFailure(CANCELLED))  # a crash before the results were removed
    assert side.spool.find(job.id) is None
    assert move(side.sharer) == []
    found = side.spool.find(job.id)
    assert found is not None
    assert (found.state, found.results.exists()) == ("failed", False)


def test_a_job_that_ends_while_it_is_asked_for_is_not_done_yet(side: Side) -> None:
    job = side.spool.accept(REQUEST)
    found = side.spool.find(job.id)
    finish(job)
    assert found is not None
    assert not found.is_available
    move(side.sharer)
    assert found.is_available


def test_a_refused_job_is_whole_after_a_crash(side: Side) -> None:
    job = side.begun(None)
    side.records.end(job.id, CANCELLED_END)
    write_json(job.folder / "failure.json", JobFailure(CANCELLED))
    move(side.sharer)
    found = side.spool.find(job.id)
    assert found is not None
    assert (found.cancel(), found.request) == (False, REQUEST)


def test_half_a_copy_of_a_video_is_no_video(side: Side) -> None:
    """On a disk without hard links a video is copied, which a crash can interrupt."""
    upload(Spool(side.spool.folder), LINK, b"the whole video")
    job = side.begun(LINK)
    job.video.write_bytes(b"the wh")
    move(side.sharer)
    assert job.video.read_bytes() == b"the whole video"


def test_half_a_transfer_is_removed(side: Side) -> None:
    upload(side.spool, LINK, b"the whole video")
    video_id = side.records.uploaded(LINK)
    (side.spool.folder / "uploads" / str(video_id)).unlink()
    job = side.begun(video_id)
    (job.folder / f"video.{'0' * 32}.part").write_bytes(b"the wh")
    running = PendingFile(job.video)
    move(side.sharer)
    assert {path.name for path in job.folder.iterdir()} == {
        *("accepted.json", "request.json", "video", running.path.name),
    }
    running.discard()


def test_a_job_that_cannot_be_read_holds_up_no_other(side: Side) -> None:
    broken, job = side.job(JOB), side.spool.accept(REQUEST)
    broken.folder.mkdir()
    for name in ("request.json", "results.json"):
        (broken.folder / name).write_bytes(b"[")
    finish(job)
    assert len(move(side.sharer)) == 1
    assert side.records.ended(job.id) == JobEnd()


def test_an_engine_goes_on_after_a_listing_that_failed(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise OSError("Too many open files")

    job = side.spool.accept(REQUEST)
    finish(job)
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        assert len(move(side.sharer)) > 0
        assert len(side.sharer.watch()) > 0
    assert move(side.sharer) == []
    assert side.records.ended(job.id) == JobEnd()


def test_an_object_of_another_name_hinders_no_tidying(side: Side) -> None:
    stray = side.store._root / "engine" / "jobs" / "a b" / "c"
    stray.parent.mkdir(parents=True)
    stray.touch()
    os.utime(stray, (0, 0))
    assert move(side.sharer) == []


def test_a_job_of_the_dashboard_does_not_end_another_one_of_its_key(side: Side) -> None:
    elsewhere = SharedSpool(side.spool.folder.parent / "b", Records(side.store, "b")).accept(REQUEST, key="k")
    own = Spool(side.spool.folder).accept(REQUEST, key="k")
    finish(own)
    assert move(side.sharer) == []
    assert own.id == elsewhere.id
    assert side.records.ended(own.id) is None


def test_a_key_starts_a_job_again_once_the_first_one_is_deleted(side: Side) -> None:
    """Its id is the same, and this engine has seen it end."""
    first = side.spool.accept(REQUEST, key="k")
    finish(first)
    for _ in range(2):
        move(side.sharer)
        side.sharer.watch()
    shutil.rmtree(first.folder)
    side.records.delete_old(now_s=time.time() + RETENTION_S + 60, retention_s=RETENTION_S)
    move(side.sharer)
    side.sharer.watch()
    finish(side.spool.accept(REQUEST, key="k"))
    move(side.sharer)
    assert side.records.ended(first.id) == JobEnd()


def test_a_video_on_its_way_delays_no_end(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    arrived = threading.Event()
    monkeypatch.setattr(side.spool, "go_on", lambda *_, **__: arrived.wait(60))
    side.begun(None)
    job = side.spool.accept(REQUEST)
    finish(job)
    side.sharer.start()
    try:
        until(lambda: side.records.ended(job.id))
    finally:
        arrived.set()
        side.sharer.stop()


def test_a_job_that_has_ended_is_not_run_again_while_others_have_its_results(side: Side) -> None:
    """It was deleted here first."""
    job = side.spool.accept(REQUEST, key="k")
    finish(job)
    move(side.sharer)
    shutil.rmtree(job.folder)
    with pytest.raises(MediaError, match="Another job"):
        side.spool.accept(structs.replace(REQUEST, infer_fps=7), key="k")
    assert side.spool.accept(REQUEST, key="k").id == job.id
    write_json(job.folder / "accepted.json", AcceptedJob("a", REQUEST))  # a crash in the last start
    move(side.sharer)
    assert side.spool.find(job.id) is None
    assert side.spool.queued(known_ended=set()) == []
    found = side.spool.find_elsewhere(job.id)
    assert found is not None
    assert found.is_available
