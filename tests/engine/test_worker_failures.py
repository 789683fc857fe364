"""Failures that end a worker: out of memory, full disk, time limits, repeated kills. No job is lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from frametally.contract import ModelRequest
from frametally.engine.spool import JobRequest, Spool, SpooledJob
from frametally.engine.supervisor import Supervisor
from frametally.engine.watchdog import Phase, Watchdog
from tests.support import onnx_models
from tests.support.disks import fill
from tests.support.engines import RunningEngine, StartEngine, model
from tests.support.polling import until
from tests.support.soak import iterations

ROOT = Path(__file__).parent.parent.parent
MEMORY_BYTES = 2 << 30
RETRY_AFTER_S = 0.5
KILLS_PER_JOB = 2
"""Far below the limit of the engine, so that jobs end on a slow machine too."""


def queue(spool: Spool, video: Path, model_id: str, fps: float = 5) -> SpooledJob:
    """Queue a job directly, even if the disk is too full for the API to accept it."""
    shutil.copy(video, spool.folder / "uploads" / "upload")
    return spool.accept(JobRequest(models=[ModelRequest(model_id, 1)], infer_fps=fps), upload_id="upload")


def end_of(job: SpooledJob, *, limit_s: float = 60) -> SpooledJob:
    until(lambda: job.state != "queued", limit_s=limit_s)
    return job


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    """Start a worker for the spool in a folder; the command `limiter`, if given, limits its resources."""
    code = f"from frametally.engine import worker; worker.RETRY_AFTER_S = {RETRY_AFTER_S}; worker.main()"
    supervisors: list[Supervisor] = []

    def start(*limiter: str, folder: Path = tmp_path / "engine") -> Spool:
        spool = Spool(folder)
        command = [*limiter, sys.executable, "-c", code, "--folder", str(folder)]
        options = ["--models-dir", str(tmp_path / "models"), "--max-video-bytes", str(1 << 30)]
        supervisors.append(Supervisor(spool, [*command, *options]))
        supervisors[-1].start()
        return spool

    yield start
    for supervisor in supervisors:
        supervisor.stop()


@pytest.mark.skipif(not shutil.which("prlimit"), reason="needs prlimit of util-linux")
def test_out_of_memory_fails_the_job_and_the_next_one_runs(
    start_worker: Callable[..., Spool], tmp_path: Path, small_video: Path
) -> None:
    onnx_models.save_ultralytics(tmp_path / "models" / "hungry" / "1" / "model.onnx", hungry_gib=3)
    spool = start_worker("prlimit", f"--as={MEMORY_BYTES}")
    hungry, next_one = queue(spool, small_video, "hungry"), queue(spool, small_video, "motion")
    failure = end_of(hungry).failure
    assert failure is not None
    assert "memory" in failure.reason
    assert end_of(next_one).state == "done"


@pytest.mark.soak
def test_a_full_disk_fails_the_job_and_the_next_one_runs(
    start_worker: Callable[..., Spool], small_disk: Path, tmp_path: Path, small_video: Path
) -> None:
    onnx_models.save_ultralytics(tmp_path / "models" / "bright" / "1" / "model.onnx")
    spool = Spool(small_disk / "engine")
    doomed = queue(spool, small_video, "bright", fps=10)
    filler = fill(small_disk, leave_bytes=8192)  # enough for the reason of a failure, too little for results
    start_worker(folder=small_disk / "engine")
    failure = end_of(doomed).failure
    assert failure is not None
    assert "disk is full" in failure.reason
    filler.unlink()
    assert end_of(queue(spool, small_video, "bright")).state == "done"


@pytest.mark.soak
def test_a_job_waits_if_even_its_failure_cannot_be_written(
    start_worker: Callable[..., Spool], small_disk: Path, small_video: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spool = Spool(small_disk / "engine")
    job = queue(spool, small_video, "motion")
    filler = fill(small_disk)
    start_worker(folder=small_disk / "engine")
    for _ in range(2):  # reading the log empties it
        until(lambda: "could not be written; trying again" in capfd.readouterr().err)
    assert job.state == "queued"
    filler.unlink()
    assert end_of(job).state == "done"


@pytest.mark.soak
def test_a_model_damaged_after_submission_fails_the_job(start_engine: StartEngine, small_video: Path) -> None:
    engine = start_engine(worker=False)
    path = engine.models_dir / "bright" / "1" / "model.onnx"
    onnx_models.save_ultralytics(path)
    damaged = engine.submit(engine.upload(small_video), model("bright"))
    following = engine.submit(engine.upload(small_video))
    path.write_bytes(path.read_bytes()[:1000])
    engine.engine.start()
    reason = engine.wait(damaged).reason
    assert reason is not None
    assert "bright/1" in reason
    engine.results(following)


STEPS = {
    "waits": "import time; time.sleep(60)",
    "blocks all Python threads": "import re; re.match('(a*)*b', 'a' * 60)",
}


@pytest.mark.parametrize("what", STEPS)
def test_a_phase_over_its_limit_ends_the_process(tmp_path: Path, small_video: Path, what: str) -> None:
    job = queue(Spool(tmp_path), small_video, "motion")
    code = (
        "import sys; from pathlib import Path\n"
        f"from {Spool.__module__} import Spool; from {Watchdog.__module__} import Phase, Watchdog\n"
        f"with Watchdog(Spool(Path(sys.argv[1])).find({job.id!r})) as watchdog:\n"
        f"    watchdog.enter_phase(Phase(0.5, 'It took too long.')); {STEPS[what]}"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, timeout=30)
    assert "most recent call first" in ended.stderr.decode()
    if what == "waits":
        assert ended.returncode == 0
        assert job.failure is not None
        assert job.failure.reason == "It took too long."
    else:  # no failure could be recorded: the supervisor counts this as a crash of the job
        assert ended.returncode == 1
        assert job.state == "queued"


@pytest.mark.soak
def test_a_phase_within_its_limit_does_not_end_the_process(tmp_path: Path, small_video: Path) -> None:
    job = queue(Spool(tmp_path), small_video, "motion")
    with Watchdog(job) as watchdog:
        watchdog.enter_phase(Phase(0.3, "It took too long."))
        watchdog.enter_phase(Phase(60, "It took too long."))
        time.sleep(1)
    assert job.state == "queued"


def comparable(results: Any) -> Any:
    """Results without compute times and detection ids, which differ between runs."""
    if isinstance(results, dict):
        return {key: comparable(value) for key, value in results.items() if key not in ("time", "detection_id")}
    return [comparable(value) for value in results] if isinstance(results, list) else results


@pytest.fixture
def killer() -> Iterator[Callable[[RunningEngine], list[int]]]:
    """Kill the engine's worker during its jobs, at times from a fixed seed; returns a list that collects their pids."""
    stopping, moments = threading.Event(), random.Random(4)
    threads: list[threading.Thread] = []

    def start(engine: RunningEngine) -> list[int]:
        killed: list[int] = []

        def kill() -> None:
            spool, kills = Spool(engine.folder), Counter[str]()
            while not stopping.wait(moments.uniform(0.2, 1.5)):
                for job in spool.queued(known_ended=set()):
                    if kills[job.id] == KILLS_PER_JOB:
                        continue
                    if (progress := job.progress) and progress.worker_pid not in killed:
                        killed.append(progress.worker_pid)
                        kills[job.id] += 1
                        os.kill(progress.worker_pid, signal.SIGKILL)
                        break

        threads.append(threading.Thread(target=kill))
        threads[-1].start()
        return killed

    yield start
    stopping.set()
    for thread in threads:
        thread.join()


@pytest.mark.soak  # `make test` kills a worker once: tests/engine/test_worker.py
def test_random_kills_of_the_worker_do_not_change_the_results(
    start_engine: StartEngine, small_video: Path, killer: Callable[[RunningEngine], list[int]]
) -> None:
    engine = start_engine()
    onnx_models.save_ultralytics(engine.models_dir / "slow" / "1" / "model.onnx", slow=True)
    link = engine.upload(small_video)

    def submit() -> str:
        return engine.submit(link, model("motion"), model("slow"), fps=3)

    expected = comparable(engine.results(submit()))
    killed = killer(engine)
    for number in range(iterations(8)):
        jobs = [submit(), submit()]
        assert [comparable(engine.results(job)) for job in jobs] == [expected, expected]
        if number + 1 >= iterations(1) and len(killed) > KILLS_PER_JOB:
            break
    assert len(killed) > KILLS_PER_JOB
