"""Measure the memory of the dashboard process alone, after two rounds of sample jobs whose pages are opened.

    python -m tests.soak.memory [--jobs 70] [--idle-s 60] [--frames 60] [--infer-fps 5]

A real dashboard runs the sample `--jobs` times. Of each finished job the Analytics page is opened, and its frames are
stepped through; then frames of three 1080p videos. A page is a websocket session without a browser. After `--idle-s`
seconds without a session the resident size is read, then all is repeated with new jobs. The inference engine's worker
and other child processes are not counted: they end, or hold no more than one job.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice, RunRequest
from frametally.sample import CLIP, INFER_FPS, MODEL, find_sample, run_sample
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.polling import until
from tests.support.video_files import write_video

MAX_MB = 400
MAX_GROWTH_MB = 30
FULL_HD_VIDEOS = 3
SAMPLE_FRAMES = 5
"""Frames looked at of each sample job."""
AT_ONCE = 10
"""Jobs in the queue at the same time."""
MAX_PAGE_S = 120.0


@dataclass(frozen=True)
class Memory:
    """Resident memory of a process, in MB (1,000,000 bytes)."""

    total_mb: float
    anonymous_mb: float
    """The part that is not mapped from files."""


def memory_of(pid: int) -> Memory:
    """Read `VmRSS` and `RssAnon` from /proc/PID/status."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    total, anonymous = (int(lines[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "RssAnon"))
    return Memory(total, anonymous)


async def look(dashboard: Dashboard, queries: list[str]) -> int:
    """Open Analytics with each of these query strings in one session; returns the number of exceptions shown."""
    url = dashboard.url.replace("http", "ws", 1) + "/_stcore/stream"
    faults = 0
    async with websockets.connect(url, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None) as page:
        for query in queries:
            message = BackMsg()
            message.rerun_script.page_name = "analytics"
            message.rerun_script.query_string = query
            await page.send(bytes(message.SerializeToString()))
            async with asyncio.timeout(MAX_PAGE_S):
                while True:
                    received = ForwardMsg.FromString(await page.recv(decode=False))
                    faults += received.delta.new_element.HasField("exception")
                    if received.WhichOneof("type") == "script_finished":  # its first value is the default
                        break
    return faults


def run_samples(deployment: Deployment, count: int, infer_fps: float) -> list[Job]:
    """Run the sample `count` times, `AT_ONCE` jobs in the queue; returns the finished jobs."""
    sample = find_sample()
    assert sample is not None
    first = run_sample(sample, deployment.workflow, deployment.settings.models_dir, actor=None)
    jobs = [first.id]
    while len(jobs) < count or _open(deployment, jobs):
        if len(jobs) < count and _open(deployment, jobs) < AT_ONCE:
            jobs.append(_submit(deployment, sample.sha256, CLIP.name, MODEL, infer_fps))
            continue
        time.sleep(0.5)
    return [deployment.ledger.job(job_id) for job_id in jobs]


def _open(deployment: Deployment, job_ids: list[str]) -> int:
    return sum(deployment.ledger.job(job_id).status.is_open for job_id in job_ids[-AT_ONCE:])


def _submit(deployment: Deployment, sha256: str, name: str, model: ModelChoice, infer_fps: float) -> str:
    request = RunRequest(
        service=EMBEDDED, key_id="", video_name=name, video_sha256=sha256, models=(model,), infer_fps=infer_fps
    )
    return deployment.workflow.submit(request, actor=None).id


def run_full_hd(deployment: Deployment, folder: Path, frames: int) -> list[str]:
    """Analyze every frame of generated 1080p videos; returns the ids of the jobs."""
    job_ids = []
    for number in range(FULL_HD_VIDEOS):
        path = folder / f"full_hd_{number}.mp4"
        write_video(path, frames=frames + number, fps=30, width_px=1920, height_px=1080)
        video = deployment.library.add(path, actor=None)
        job_ids.append(_submit(deployment, video.sha256, path.name, ModelChoice(model_id="motion", version="1"), 30))
    until(lambda: not _open(deployment, job_ids), limit_s=300, poll_s=0.5)
    return job_ids


def round_of(dashboard: Dashboard, deployment: Deployment, full_hd: list[str], options: argparse.Namespace) -> Memory:
    """Run the jobs, look at all of them, and return the memory once the dashboard was idle."""
    pid = dashboard.pid
    jobs = run_samples(deployment, options.jobs, options.infer_fps)
    assert all(job.status is JobStatus.SUCCEEDED for job in jobs), [job.failure for job in jobs]
    print(f"{len(jobs)} jobs done: {memory_of(pid).total_mb:.0f} MB", flush=True)
    faults = 0
    for job in jobs:
        faults += asyncio.run(look(dashboard, [f"job={job.id}&frame={7 * at}" for at in range(SAMPLE_FRAMES)]))
    print(f"their pages opened: {memory_of(pid).total_mb:.0f} MB", flush=True)
    for job_id in full_hd:
        faults += asyncio.run(look(dashboard, [f"job={job_id}&frame={at}" for at in range(options.frames)]))
    assert not faults, f"{faults} exceptions shown"
    print(f"1080p frames seen: {memory_of(pid).total_mb:.0f} MB", flush=True)
    time.sleep(options.idle_s)
    memory = memory_of(pid)
    print(f"idle for {options.idle_s:.0f} s: {memory.total_mb:.0f} MB, {memory.anonymous_mb:.0f} anonymous", flush=True)
    return memory


def measure(folder: Path, options: argparse.Namespace) -> bool:
    with starting_dashboards(folder) as start:
        dashboard = start()
        settings = Settings.read({"FRAMETALLY_DATA_DIR": str(dashboard.data_dir)}, {})
        deployment = open_deployment(settings, lambda: dashboard.url)
        print(f"started: {memory_of(dashboard.pid).total_mb:.0f} MB", flush=True)
        full_hd = run_full_hd(deployment, folder, options.frames)
        first = round_of(dashboard, deployment, full_hd, options)
        second = round_of(dashboard, deployment, full_hd, options)
        deployment.ledger.close()
    growth_mb = second.total_mb - first.total_mb
    print(f"figure memory_first_round_mb {first.total_mb:.1f}")
    print(f"figure memory_second_round_growth_mb {growth_mb:.1f}")
    return first.total_mb <= MAX_MB and growth_mb <= MAX_GROWTH_MB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=70)
    parser.add_argument("--idle-s", type=float, default=60.0)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--infer-fps", type=float, default=INFER_FPS, help="less than the sample's: faster jobs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if measure(Path(folder), options) else 1


if __name__ == "__main__":
    sys.exit(main())
