"""Cancellation of queued and running jobs, over a real socket and with a real worker."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from frametally.config.inference_servers import NO_SERVERS
from frametally.contract import CANCELLED
from frametally.engine import worker
from frametally.engine.progress import ProgressReporter
from frametally.engine.spool import Spool
from tests.support import onnx_models
from tests.support.engine_jobs import PUBLIC, REQUEST, SLOW, finish, run_here, upload, working
from tests.support.engines import RunningEngine, StartEngine
from tests.support.polling import until
from tests.support.video_files import write_video

NO_JOB = "0f0e7bd2-6a52-4c35-9f86-3f5b6f7a9f11"


def cancel(engine: RunningEngine, job_id: str) -> requests.Response:
    return engine.call("DELETE", "/videoinfer/", params={"job_id": job_id})


def files_of(engine: RunningEngine, job_id: str) -> set[str]:
    return {path.name for path in (engine.folder / "jobs" / job_id).iterdir()}


def cpu_s(pid: int) -> float:
    """The CPU time that a process has used so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def slow_engine(start_engine: StartEngine, tmp_path: Path) -> RunningEngine:
    onnx_models.save_ultralytics(tmp_path / "models" / "slow" / "1" / "model.onnx", slow=True)
    return start_engine()


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that takes the slow model minutes."""
    path = tmp_path_factory.mktemp("video") / "long.mp4"
    write_video(path, frames=2000, fps=30, width_px=64, height_px=48)
    return path


def test_a_queued_job_is_canceled_at_once_and_its_video_deleted(deaf_engine: RunningEngine, small_video: Path) -> None:
    job_id = deaf_engine.submit(deaf_engine.upload(small_video))
    answer = cancel(deaf_engine, job_id)
    assert (answer.status_code, answer.json()) == (200, {"job_id": job_id, "message": "Cancelled."})
    assert deaf_engine.call("GET", "/videoinfer/", params={"job_id": job_id}).json() == {
        "status": 2,
        "error": "Cancelled.",
    }
    assert files_of(deaf_engine, job_id) == {"request.json", "failure.json"}


@pytest.mark.soak
def test_a_canceled_running_job_stops_and_the_next_one_runs(
    slow_engine: RunningEngine, long_video: Path, small_video: Path
) -> None:
    running = slow_engine.submit(slow_engine.upload(long_video), SLOW, fps=30)
    until(working(slow_engine.folder, running))
    following = slow_engine.submit(slow_engine.upload(small_video))
    assert cancel(slow_engine, running).status_code == 200
    assert slow_engine.status(running).is_cancelled
    assert len(slow_engine.results(following)["motion"]) == 20
    assert files_of(slow_engine, running) == {"request.json", "failure.json"}


def test_canceling_is_idempotent(deaf_engine: RunningEngine) -> None:
    job_id = deaf_engine.submit(PUBLIC)
    cancel(deaf_engine, job_id)
    answer = cancel(deaf_engine, job_id)
    assert (answer.status_code, answer.json()["message"]) == (200, "The job is already canceled.")


def test_an_ended_job_cannot_be_canceled(deaf_engine: RunningEngine, small_video: Path) -> None:
    done = deaf_engine.submit(deaf_engine.upload(small_video))
    run_here(deaf_engine, done)
    results = deaf_engine.results(done)
    answer = cancel(deaf_engine, done)
    assert (answer.status_code, answer.json()["error"]) == (409, "The job has already ended (done).")
    assert deaf_engine.results(done) == results


def test_a_failed_job_keeps_its_reason(deaf_engine: RunningEngine) -> None:
    job_id = deaf_engine.submit(PUBLIC)
    job = Spool(deaf_engine.folder).find(job_id)
    assert job is not None
    job.fail("The video has no picture.")
    answer = cancel(deaf_engine, job_id)
    assert (answer.status_code, answer.json()["error"]) == (409, "The job has already ended (failed).")
    assert deaf_engine.status(job_id).reason == "The video has no picture."


@pytest.mark.parametrize("job_id", ["", "nonsense", "../../key", NO_JOB])
def test_an_unknown_job_cannot_be_canceled(deaf_engine: RunningEngine, job_id: str) -> None:
    assert cancel(deaf_engine, job_id).status_code == 404


def test_status_has_jobs_before_and_cancellable(deaf_engine: RunningEngine) -> None:
    job_ids = [deaf_engine.submit(PUBLIC) for _ in range(3)]
    reports = [deaf_engine.status(job_id).run_progress for job_id in job_ids]
    assert [
        (run_progress and run_progress.jobs_before, run_progress and run_progress.cancellable)
        for run_progress in reports
    ] == [
        (0, True),
        (1, True),
        (2, True),
    ]
    cancel(deaf_engine, job_ids[1])
    last = deaf_engine.status(job_ids[2])
    assert last.run_progress is not None
    assert last.run_progress.jobs_before == 1
    assert last.is_queued


def test_status_of_a_running_job_has_frames_speed_and_remaining_time(deaf_engine: RunningEngine) -> None:
    """The reporter of the worker writes them; its clock is one second ahead of each report."""
    job_id = deaf_engine.submit(PUBLIC)
    job = Spool(deaf_engine.folder).find(job_id)
    assert job
    seconds = itertools.count()
    reporter = ProgressReporter(job, 667, clock=lambda: time.monotonic() + next(seconds) - 40)
    for done in range(0, 400, 10):
        reporter.report(done)
    run_progress = deaf_engine.status(job_id).run_progress
    assert run_progress
    assert (run_progress.frames_done, run_progress.frames_total) == (390, 667)
    assert run_progress.frames_per_second == pytest.approx(10, rel=0.05)
    assert run_progress.remaining_low_s < run_progress.remaining_s < run_progress.remaining_high_s  # type: ignore[operator]
    assert run_progress.remaining_s == pytest.approx(27.7, rel=0.1)
    assert (run_progress.jobs_before, run_progress.cancellable) == (None, True)


def test_canceling_a_hanging_job_ends_the_worker_and_the_next_job_runs(
    start_engine: StartEngine, tmp_path: Path, small_video: Path
) -> None:
    onnx_models.save_ultralytics(tmp_path / "models" / "stuck" / "1" / "model.onnx", stuck=True)
    engine = start_engine()
    stuck = engine.submit(engine.upload(small_video), {**SLOW, "model_id": "stuck"})
    job = until(lambda: (found := Spool(engine.folder).find(stuck)) and (found.folder / "work").exists() and found)
    pid = job.progress.worker_pid
    before_s = cpu_s(pid)
    until(lambda: cpu_s(pid) > before_s + 0.3)  # it infers the first frame, which takes minutes
    assert cancel(engine, stuck).status_code == 200
    assert len(engine.results(engine.submit(engine.upload(small_video)))["motion"]) == 20
    assert files_of(engine, stuck) == {"request.json", "failure.json"}
    assert not Path(f"/proc/{pid}").exists()


@pytest.fixture
def dripping_url() -> Iterator[str]:
    """URL of a video that a server sends slowly, until the client disconnects."""
    stopping = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n")
            while not stopping.wait(0.02):
                try:
                    connection.sendall(b"x" * 100)
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/video.mp4"
        stopping.set()
        thread.join()


def test_canceling_stops_a_download(start_engine: StartEngine, dripping_url: str, small_video: Path) -> None:
    engine = start_engine(private_urls=True)
    job_id = engine.submit(dripping_url)
    until(lambda: list((engine.folder / "jobs" / job_id).glob("work/video.*.part")))
    assert cancel(engine, job_id).status_code == 200
    assert len(engine.results(engine.submit(engine.upload(small_video)))["motion"]) == 20
    assert files_of(engine, job_id) == {"request.json", "failure.json"}


def test_either_the_worker_or_the_cancellation_ends_a_job(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "engine")
    for turn in range(40):
        upload(spool, "u", b"video")
        job = spool.accept(REQUEST, upload_id="u")
        draft = job.new_work_folder() / "results.json"
        draft.write_text("{}")
        with ThreadPoolExecutor(4) as pool:
            finishing = pool.submit(job.finish, draft)
            time.sleep(0.0005 * turn)
            won = [one.result() for one in [pool.submit(job.cancel) for _ in range(3)]]
            if isinstance(finishing.exception(), FileNotFoundError):  # the cancellation deleted the draft first
                assert job.is_cancelled
        assert sum(won) == (job.state == "failed")
        assert job.results.exists() is not (job.folder / "failure.json").exists()
        assert [path.name for path in (job.video, draft) if path.exists()] == []


def test_results_after_the_end_of_a_job_are_discarded(tmp_path: Path) -> None:
    job = Spool(tmp_path / "engine").accept(REQUEST)
    assert job.cancel()
    finish(job)
    assert not job.fail("The disk is full.")
    assert (job.state, job.failure and job.failure.reason) == ("failed", CANCELLED)
    assert {path.name for path in job.folder.iterdir()} == {"request.json", "failure.json"}


def test_a_job_canceled_before_it_starts_logs_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path / "engine")
    upload(spool, "u", b"video")
    job = spool.accept(REQUEST, upload_id="u")
    job.cancel()
    worker.attempt(job, tmp_path, NO_SERVERS, max_video_bytes=1000, private_urls=False)
    assert job.is_cancelled
    assert caplog.text == ""
