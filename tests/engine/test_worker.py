"""The worker process and its supervisor: after a crash it is restarted, and no job is lost."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frametally.backoff import Backoff
from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.engine import supervisor as supervisor_module
from frametally.engine.spool import Spool
from frametally.engine.supervisor import Supervisor
from tests.support import onnx_models
from tests.support.engine_jobs import SLOW, working
from tests.support.engines import KEY, RunningEngine, StartEngine
from tests.support.polling import until
from tests.support.video_files import write_sound


@pytest.fixture
def slow_engine(start_engine: StartEngine, tmp_path: Path) -> RunningEngine:
    onnx_models.save_ultralytics(tmp_path / "models" / "slow" / "1" / "model.onnx", slow=True)
    return start_engine()


@pytest.mark.soak
def test_a_job_whose_worker_is_killed_runs_again_and_completes(
    slow_engine: RunningEngine, small_video: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = slow_engine.submit(slow_engine.upload(small_video), SLOW, fps=5)
    with caplog.at_level(logging.WARNING, "frametally.engine"):
        os.kill(until(working(slow_engine.folder, job_id)).worker_pid, signal.SIGKILL)
        results = slow_engine.results(job_id)
    assert len(results["slow"]) == 20
    assert None not in results["slow"]
    assert "the engine's worker ended with code -9" in caplog.text


@pytest.mark.soak
def test_progress_rises_while_a_job_runs(slow_engine: RunningEngine, small_video: Path) -> None:
    job_id = slow_engine.submit(slow_engine.upload(small_video), SLOW, fps=5)
    seen = []
    while (report := slow_engine.status(job_id)).is_pending:
        seen.append(report.fraction)
        time.sleep(0.05)
    assert None not in seen
    assert seen == sorted(seen, key=lambda fraction: fraction or 0)
    assert len(set(seen)) > 2


def test_a_worker_ends_with_its_parent_during_a_job(
    start_engine: StartEngine, tmp_path: Path, small_video: Path
) -> None:
    engine = start_engine(worker=False)
    onnx_models.save_ultralytics(tmp_path / "models" / "slow" / "1" / "model.onnx", slow=True)
    job_id = engine.submit(engine.upload(small_video), SLOW, fps=5)
    command = [sys.executable, "-m", "frametally.engine.worker", "--folder", str(engine.folder)]
    options = ["--models-dir", str(engine.models_dir), "--max-video-bytes", "1000"]
    with subprocess.Popen([*command, *options], stdin=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        worker.stdin.write(b"{}\n")
        worker.stdin.flush()
        until(working(engine.folder, job_id))
        worker.stdin.close()
        assert worker.wait(timeout=5) == 0
    assert engine.status(job_id).is_pending


@pytest.mark.soak
def test_a_second_engine_on_the_same_folder_takes_over_when_the_first_one_stops(
    start_engine: StartEngine, small_video: Path
) -> None:
    first, second = start_engine(), start_engine()
    first.results(first.submit(first.upload(small_video)))
    first.engine.stop()
    assert len(second.results(second.submit(second.upload(small_video)))["motion"]) == 20


def test_starting_a_worker_is_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[object] = []

    def no_process_left(command: object, **_: object) -> None:
        tries.append(command)
        raise OSError(errno.EAGAIN, "no process left")

    supervisor = Supervisor(Spool(tmp_path), ["worker"])
    monkeypatch.setattr(supervisor_module, "BACKOFF", Backoff(first_s=0.001, max_s=30.0))
    monkeypatch.setattr(subprocess, "Popen", no_process_left)
    supervisor.start()
    until(lambda: len(tries) > 1)
    supervisor.stop()


def test_jobs_run_after_jobs_that_cannot_be_and_after_a_restart(
    start_engine: StartEngine, small_video: Path, tmp_path: Path
) -> None:
    """To start and stop an engine is idempotent."""
    engine = start_engine()
    engine.engine.start()
    engine.engine.stop()
    engine.engine.stop()
    damaged = engine.submit(engine.upload(small_video))
    without_picture = engine.submit(engine.upload(write_sound(tmp_path / "sound.mp4")))
    following = engine.submit(engine.upload(small_video))
    (engine.folder / "jobs" / damaged / "request.json").write_text("{")
    engine.engine.start()
    assert "internal error" in str(engine.wait(damaged).reason)
    report = engine.wait(without_picture)
    assert report.status == 2
    assert report.error is not None
    assert "contains audio only" in report.error
    engine.results(following)


def test_a_worker_deletes_expired_jobs(start_engine: StartEngine, small_video: Path) -> None:
    engine = start_engine(retention_s=0.5)
    job_id = engine.submit(engine.upload(small_video))
    until(lambda: engine.call("GET", "/videoinfer/", params={"job_id": job_id}).status_code == 404)
    until(lambda: not list((engine.folder / "uploads").iterdir()))


@pytest.mark.soak
def test_an_engine_starts_in_any_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_engine: StartEngine, small_video: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    engine = start_engine()
    engine.results(engine.submit(engine.upload(small_video)))


Standalone = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def standalone(tmp_path: Path, free_port: int) -> Iterator[tuple[Standalone, str, Path]]:
    """A function that starts `frametally engine`, the URL of the engine, and its log file."""
    log = tmp_path / "engine.log"
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FRAMETALLY_")}
        environment |= {"FRAMETALLY_DATA_DIR": str(tmp_path / "data"), "FRAMETALLY_ENGINE_KEY": KEY}
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "frametally", "engine", "--port", str(free_port)],
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        started.append(process)
        until(lambda: answers(free_port))
        return process

    yield start, f"http://127.0.0.1:{free_port}", log
    for process in started:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.soak
def test_a_job_completes_after_the_engine_was_killed(
    standalone: tuple[Standalone, str, Path], tmp_path: Path, small_video: Path
) -> None:
    start, url, log = standalone
    onnx_models.save_ultralytics(tmp_path / "data" / "models" / "slow" / "1" / "model.onnx", slow=True)
    engine = RunningEngine(
        url=url,
        folder=tmp_path / "data" / "engine",
        models_dir=tmp_path,
        engine=None,  # type: ignore[arg-type]
    )
    process = start()
    link = engine.upload(small_video)
    job_id = engine.submit(link, SLOW, fps=5)
    until(working(engine.folder, job_id))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    start()
    assert len(engine.results(job_id)["slow"]) == 20
    report = engine.status(job_id)
    text = log.read_text()
    secrets = [KEY, str(report.output_signed_url).partition("?")[0], link.partition("?")[0], "api_key"]
    assert not [secret for secret in secrets if secret in text]
    assert f"GET /videoinfer/ job_id={job_id} 200" in text


def test_an_invalid_setting_ends_the_engine_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FRAMETALLY_MAX_VIDEO_BYTES", "lots")
    assert main(["engine"]) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err.startswith("FRAMETALLY_MAX_VIDEO_BYTES is invalid: 'lots'.")
