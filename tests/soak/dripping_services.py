"""How long jobs of the built-in engine take while eight services answer byte by byte.

    python -m tests.soak.dripping_services [--pairs 5] [--jobs-each 4]

A real engine (`frametally engine`), and a watcher with a ledger of its own in this process. Pairs of runs alternate:
one job of the engine alone, and one while eight services, each with as many jobs as it has slots, drip: all of these
wait for a response during the run. Figures: the median times of both in seconds, and their ratio.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.job import EMBEDDED, JobStatus, ModelChoice, RunRequest
from frametally.jobs.watcher import Watcher
from tests.support.dashboards import ROOT
from tests.support.hostile_service import HostileService
from tests.support.polling import until
from tests.support.ports import reserved_port
from tests.support.video_files import write_video

SERVICES = 8
MAX_RATIO = 1.2
JOB_LIMIT_S = 120.0
DRIP_S = 1.0
_MODEL = ModelChoice(model_id="motion", version="1")


@contextmanager
def _engine(data_dir: Path) -> Iterator[str]:
    with reserved_port() as port:
        start = "import sys; from frametally.cli.main import main; sys.exit(main())"
        command = [sys.executable, "-c", start, "engine", "--port", str(port)]
        own = {"FRAMETALLY_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)}
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, stderr=subprocess.DEVNULL)
        try:
            until(lambda: _answers(port), limit_s=60)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError:  # it asks for a key
        return True
    except OSError:
        return False
    return True


def run_embedded(deployment: Deployment, video_sha256: str) -> float:
    """Run one job of the engine from submit to results; returns the time in seconds."""
    start_s = time.monotonic()
    request = RunRequest(
        service=EMBEDDED, key_id="", video_name="v.mp4", video_sha256=video_sha256, models=(_MODEL,), infer_fps=10.0
    )
    job = deployment.workflow.submit(request, actor=None)
    until(lambda: not deployment.ledger.job(job.id).status.is_open, limit_s=JOB_LIMIT_S, poll_s=0.05)
    assert deployment.ledger.job(job.id).status is JobStatus.SUCCEEDED, deployment.ledger.job(job.id).failure
    return time.monotonic() - start_s


@contextmanager
def dripping(deployment: Deployment, jobs_each: int) -> Iterator[None]:
    """Eight dripping services, each with this many jobs, which are at work when the block begins."""
    with ExitStack() as running:
        services = [running.enter_context(HostileService(drip_s=DRIP_S).running()) for _ in range(SERVICES)]
        jobs = [_add_job(deployment, service.url) for service in services for _ in range(jobs_each)]
        until(lambda: all(len(service.calls) >= jobs_each for service in services), limit_s=60)
        try:
            yield
            called = sum(len(service.calls) for service in services)
            print(f"  {called} responses were dripping", flush=True)
        finally:
            for job_id in jobs:
                deployment.ledger.remove(job_id)
    until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("job ")], limit_s=60)


def _add_job(deployment: Deployment, url: str) -> str:
    key_id = deployment.clients.remember(url, "key")
    request = RunRequest(
        service=url,
        key_id=key_id,
        video_name="v.mp4",
        video_url="http://example.com/v.mp4",
        models=(_MODEL,),
        infer_fps=5.0,
    )
    return deployment.workflow.submit(request, actor=None).id


def measure(folder: Path, pairs: int, jobs_each: int) -> float:
    """Print the figures; returns the ratio of the medians."""
    alone_s, beside_s = [], []
    video = folder / "v.mp4"
    write_video(video, frames=150, fps=30, width_px=640, height_px=360)
    environment = {"FRAMETALLY_DATA_DIR": str(folder / "data"), "FRAMETALLY_API_PRIVATE_URLS": "true"}
    with _engine(folder / "data") as url:
        deployment = open_deployment(Settings.read(environment, {}), lambda: url)
        sha256 = deployment.library.add(video, actor=None).sha256
        watcher = Watcher(deployment.workflow)
        watcher.start()
        run_embedded(deployment, sha256)  # loads the model
        for number in range(pairs):
            alone_s.append(run_embedded(deployment, sha256))
            with dripping(deployment, jobs_each):
                beside_s.append(run_embedded(deployment, sha256))
            print(f"pair {number + 1}: {alone_s[-1]:.2f} s alone, {beside_s[-1]:.2f} s beside", flush=True)
        watcher.stop()
        deployment.ledger.close()
    ratio = median(beside_s) / median(alone_s)
    print(f"figure dripping_alone_s {median(alone_s):.2f}")
    print(f"figure dripping_beside_s {median(beside_s):.2f}")
    print(f"figure dripping_ratio {ratio:.3f}", flush=True)
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--jobs-each", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ratio = measure(Path(folder), options.pairs, options.jobs_each)
    return 0 if ratio <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
