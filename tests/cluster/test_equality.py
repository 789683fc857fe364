"""The results of a job in pieces are those of one run, byte for byte, once the measured `time` of entries is 0."""

from __future__ import annotations

import errno
import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from frametally.cluster import step_runner
from frametally.cluster.object_videos import read_videos_from
from frametally.cluster.steps import FindDamage, RunPiece, Step
from frametally.config.inference_servers import NO_SERVERS
from frametally.contract import ModelRequest
from frametally.engine import runner
from frametally.engine.spool import JobRequest, Spool, SpooledJob
from frametally.engine.worker import attempt
from frametally.storage import cached_files
from frametally.storage.objects import open_objects
from frametally.storage.objects.folder import FolderObjects
from tests.support.cluster_nodes import FailingObjects, Fingerprints, run_all
from tests.support.damaged_videos import write_clip
from tests.support.object_storage import object_storage
from tests.support.soak import iterations, shortened
from tests.support.videos import write

STATELESS, STATEFUL = ModelRequest("pixels", "1"), ModelRequest("order", "1")
HARD = [
    *("b_frames.mp4", "long_gop.mp4", "open_gop.mp4", "open_gop.mkv", "open_gop.ts", "hevc.mp4", "ntsc.mp4"),
    *("variable.mp4", "late.mkv", "missing_pts.avi", "mpeg4.avi", "refresh.mp4", "refresh.ts", "vp8.webm", "vp9.webm"),
    *("intra.avi", "one.mp4", "cut.mp4", "cut.ts", "cut.avi", "turned.mp4"),
]
WHOLE = {"one.mp4", "long_gop.mp4", "missing_pts.avi", "mpeg4.avi", "cut.avi", "refresh.mp4", "refresh.ts"}
"""Decoding can start at no other frame than the first one."""
SHORT = {"b_frames.mp4", "open_gop.ts", "refresh.mp4", "vp9.webm"}


@pytest.fixture(autouse=True)
def detectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pixels/1` and `order/1` on both sides."""

    def opened(_models_dir: Path, asked: ModelRequest, _servers: object) -> Fingerprints:
        return Fingerprints(is_stateful=asked.model_id == "order")

    for module in (runner, step_runner):
        monkeypatch.setattr(module, "open_model", opened)


@pytest.fixture(autouse=True)
def one_decoder_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """On both sides: with several, FFmpeg marks a damaged picture or not, depending on which thread is faster."""
    monkeypatch.setattr(runner, "_MAX_THREADS", 1)


@pytest.fixture
def submit(tmp_path: Path) -> Callable[..., SpooledJob]:
    """Queue a job for a video."""

    def accept(video: Path, *models: ModelRequest, fps: float, folder: str = "") -> SpooledJob:
        spool = Spool(tmp_path / folder / "engine")
        arrival = spool.receive("u")
        arrival.write(video.read_bytes())
        arrival.commit()
        return spool.accept(JobRequest(models=list(models), infer_fps=fps), upload_id="u")

    return accept


def timeless(job: SpooledJob) -> bytes:
    """The results, or the failure, with the measured time of each entry set to 0."""
    if job.state == "failed":
        return str(job.failure).encode()
    assert job.state == "done"
    return re.sub(rb'"time":[0-9.e-]+', b'"time":0', job.results.read_bytes())


def whole(job: SpooledJob) -> bytes:
    assert attempt(job, Path("none"), NO_SERVERS, max_video_bytes=0, private_urls=False)
    return timeless(job)


def full_every_other_time(write: Callable[[SpooledJob, object], object]) -> Callable[[SpooledJob, object], object]:
    """A method of a job that finds the disk full at the first call, and at every other one from then on."""
    calls = itertools.count()

    def written(job: SpooledJob, content: object) -> object:
        if next(calls) % 2 == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(job, content)

    return written


def pieces_of(steps: list[Step]) -> list[RunPiece]:
    return [step for step in steps if isinstance(step, RunPiece)]


@pytest.mark.parametrize("name", shortened(HARD, SHORT))
@pytest.mark.parametrize("fps", [10, shortened([3], [])[0]])
def test_a_job_in_pieces_has_the_results_of_one_run(
    hard_videos: Path, submit: Callable[..., SpooledJob], tmp_path: Path, name: str, fps: float
) -> None:
    fps = min(fps, 9.9) if name == "variable.mp4" else fps
    expected = whole(submit(hard_videos / name, STATELESS, fps=fps))
    job = submit(hard_videos / name, STATELESS, fps=fps)
    steps = run_all(Spool(tmp_path / "engine"), tmp_path)
    assert timeless(job) == expected
    assert (len(pieces_of(steps)) == 1) == (name in WHOLE) or job.state == "failed"
    assert not list((tmp_path / "objects").rglob("*.*"))


def test_lost_workers_and_coordinators_lose_no_piece_and_double_none(
    hard_videos: Path, submit: Callable[..., SpooledJob], tmp_path: Path
) -> None:
    expected = {name: whole(submit(hard_videos / name, STATELESS, fps=10)) for name in ("b_frames.mp4", "open_gop.ts")}
    for seed in range(iterations(2)):
        jobs = {name: submit(hard_videos / name, STATELESS, fps=10) for name in expected}
        run_all(Spool(tmp_path / "engine"), tmp_path, lost=0.25, restarted=0.05, seed=seed)
        assert {name: timeless(job) for name, job in jobs.items()} == expected, seed


def test_objects_that_cannot_be_reached_now_and_then_lose_no_piece(
    hard_videos: Path, submit: Callable[..., SpooledJob], tmp_path: Path
) -> None:
    expected = whole(submit(hard_videos / "b_frames.mp4", STATELESS, fps=10))
    for seed in range(iterations(1)):
        job = submit(hard_videos / "b_frames.mp4", STATELESS, fps=10)
        run_all(Spool(tmp_path / "engine"), tmp_path, failing=0.2, lost=0.1, restarted=0.01, seed=seed)
        assert timeless(job) == expected, seed


def test_a_disk_that_is_full_now_and_then_stops_no_job(
    hard_videos: Path, submit: Callable[..., SpooledJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = whole(submit(hard_videos / "b_frames.mp4", STATELESS, fps=10))
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    jobs = [submit(path, STATELESS, fps=10) for path in (hard_videos / "b_frames.mp4", tmp_path / "broken.mp4")]
    for name in ("report", "fail"):
        monkeypatch.setattr(SpooledJob, name, full_every_other_time(getattr(SpooledJob, name)))
    run_all(Spool(tmp_path / "engine"), tmp_path)
    assert [job.state for job in jobs] == ["done", "failed"]
    assert timeless(jobs[0]) == expected


def test_a_job_whose_objects_are_deleted_slowly_holds_up_no_other(
    hard_videos: Path, submit: Callable[..., SpooledJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_files, "_CACHES", {})
    jobs = [submit(hard_videos / name, STATELESS, fps=5) for name in ("b_frames.mp4", "open_gop.ts")]

    class SlowObjects(FolderObjects):
        """Deletes nothing before both jobs are done."""

        def delete(self, key: str) -> None:
            while any(job.state == "queued" for job in jobs):
                assert threading.current_thread() is not threading.main_thread()
                time.sleep(0.01)
            super().delete(key)

    store = SlowObjects(tmp_path / "store")
    read_videos_from(store)
    run_all(Spool(tmp_path / "engine"), tmp_path, store=store)
    assert [job.state for job in jobs] == ["done", "done"]
    assert list(store.list("pieces")) == []


def test_workers_without_the_disk_read_the_video_by_range(
    hard_videos: Path, submit: Callable[..., SpooledJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_files, "_CACHES", {})
    store = FailingObjects(tmp_path / "store", 0.05, seed=3)
    read_videos_from(store)
    for name in ("b_frames.mp4", "open_gop.ts", "vp9.webm"):
        expected = whole(submit(hard_videos / name, STATELESS, STATEFUL, fps=10))
        job = submit(hard_videos / name, STATELESS, STATEFUL, fps=10)
        steps = run_all(Spool(tmp_path / "engine"), tmp_path, lost=0.1, restarted=0.02, seed=1, store=store)
        assert timeless(job) == expected
        assert {step.job.video for step in steps} == {f"/frametally-objects/pieces/1/{job.id}/video"}
    assert list(store.list("pieces")) == []


@pytest.mark.soak
def test_pieces_of_videos_in_an_object_storage_that_fails_now_and_then(
    hard_videos: Path, submit: Callable[..., SpooledJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3, with 503 for the next requests again and again."""
    pytest.importorskip("moto")
    monkeypatch.setattr(cached_files, "_CACHES", {})
    expected = whole(submit(hard_videos / "b_frames.mp4", STATELESS, fps=10))
    with object_storage() as storage:
        store = open_objects(storage.url, storage.keys)
        read_videos_from(store)
        for seed in range(3):
            storage.fail_next = 5
            job = submit(hard_videos / "b_frames.mp4", STATELESS, fps=10)
            run_all(Spool(tmp_path / "engine"), tmp_path, lost=0.1, restarted=0.01, seed=seed, store=store)
            assert timeless(job) == expected
        assert storage.refused == 0


def test_detectors_that_remember_get_all_frames_in_order(
    hard_videos: Path, submit: Callable[..., SpooledJob], tmp_path: Path
) -> None:
    models = STATELESS, STATEFUL
    expected = whole(submit(hard_videos / "b_frames.mp4", *models, fps=10))
    for lost in (0.0, 0.4):
        job = submit(hard_videos / "b_frames.mp4", *models, fps=10)
        steps = run_all(Spool(tmp_path / "engine"), tmp_path, lost=lost, seed=4)
        assert {(step.start, step.stop) for step in pieces_of(steps)} == {(0, 60)}
        assert timeless(job) == expected


@pytest.mark.parametrize("codec", shortened(["h264", "hevc", "vp9", "mpeg4"], ["h264"]))
def test_damage_in_one_piece_is_known_to_all(submit: Callable[..., SpooledJob], tmp_path: Path, codec: str) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip, codec)
    content = bytearray(clip.read_bytes())
    for share in (0.3, 0.55):
        at = int(len(content) * share)
        content[at : at + 40] = bytes(range(40))
    clip.write_bytes(content)
    expected = whole(submit(clip, STATELESS, fps=24))
    assert b"damaged_frames" in expected
    job = submit(clip, STATELESS, fps=24)
    steps = run_all(Spool(tmp_path / "engine"), tmp_path, lost=0.1, seed=2)
    assert timeless(job) == expected
    if codec == "h264":
        assert any(isinstance(step, FindDamage) for step in steps)
        assert Counter(step.is_damage_known for step in pieces_of(steps))[True] >= 4


def test_a_video_that_cannot_be_decoded_fails_as_in_one_run(submit: Callable[..., SpooledJob], tmp_path: Path) -> None:
    write(tmp_path / "sound.mp4", "libx264", {}, frames=1)
    (tmp_path / "sound.mp4").write_bytes(b"no video")
    job = submit(tmp_path / "sound.mp4", STATELESS, fps=5)
    run_all(Spool(tmp_path / "engine"), tmp_path)
    assert job.failure is not None
    assert "This is not a video that can be read" in job.failure.reason
