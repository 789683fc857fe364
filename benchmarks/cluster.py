"""Scaling of the engine on a cluster of Ray, against bare processes and the local worker, on a long 1080p video.

cluster_gain_of_bare   what a second node of one core gains, over what a second bare process on its own core gains
cluster_vs_local       time on a cluster of two nodes of one core, over that of the local worker on both cores

Every node, and every bare process, is bound to one core. A bare process decodes and infers its share of the frames as
a node does, without Ray, pieces or results. Models are warm on both sides; the local worker loads its own. The ways
take turns, and the ratios are those of the medians. No process of Ray runs beside the bare processes and the local
worker.

Without Ray, the sample videos or two cores the benchmark is skipped. `CLUSTER_CLIP_S` shortens the video.
`CLUSTER_ROUNDS` is how often the ways take turns.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engine import DATA, STREET, enlarge, repeat
from frametally.cluster.coordinator import Coordinator
from frametally.contract import ModelRequest
from frametally.engine.detectors import open_detector, parse_params
from frametally.engine.pipeline import infer_frames
from frametally.engine.runner import make_plan, planned_frames, run_job
from frametally.engine.spool import JobRequest, Spool, SpooledJob
from frametally.processes.environment import child_environment
from frametally.storage.objects.folder import FolderObjects
from tests.support.ray_cluster import RayCluster, ray_cluster

CLIP_S = int(os.environ.get("CLUSTER_CLIP_S", "600"))
INFER_FPS = 2.0
ROUNDS = int(os.environ.get("CLUSTER_ROUNDS", "3"))
_CORES = sorted(os.sched_getaffinity(0))[:2]


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield the ratios."""
    if importlib.util.find_spec("ray") is None or not STREET.exists() or len(_CORES) < 2:
        print("Ray, the sample videos or a second core are missing; skipping the cluster benchmark.")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "models" / "yolox" / "1" / "model.onnx"
        model.parent.mkdir(parents=True)
        model.write_bytes((DATA / "models" / "yolox_nano_416.onnx").read_bytes())
        enlarge(STREET, folder / "short.mp4")
        repeat(folder / "short.mp4", folder / "long.mp4", max(1, CLIP_S * 30 // 431))
        yield from _compare(folder)


def _compare(folder: Path) -> Iterator[tuple[str, float]]:
    took: dict[str, list[float]] = {}

    def measure(name: str, seconds: float) -> None:
        took.setdefault(name, []).append(seconds)
        print(f"{name:18} {seconds:6.1f} s", flush=True)

    for _ in range(ROUNDS):
        measure("bare, 1 process", bare_s(folder, 1))
        measure("bare, 2 processes", bare_s(folder, 2))
        measure("local worker", local_s(folder))
        for nodes in (1, 2):
            with ray_cluster(nodes) as cluster:
                cluster.bind_to_cores(_CORES)
                with closing(_Warm(folder, cluster)) as warm:
                    measure(f"cluster, {nodes} node" + "s" * (nodes > 1), warm.run_s("long.mp4"))
    gain = median(took["cluster, 1 node"]) / median(took["cluster, 2 nodes"])
    bare = median(took["bare, 1 process"]) / median(took["bare, 2 processes"])
    print(f"gain of the second node {gain:.2f}, of the second bare process {bare:.2f}")
    yield "cluster_gain_of_bare", gain / bare
    yield "cluster_vs_local", median(took["cluster, 2 nodes"]) / median(took["local worker"])


def accepted(folder: Path, video: str) -> SpooledJob:
    spool = Spool(folder / "engine")
    arrival = spool.receive("video")
    arrival.write((folder / video).read_bytes())
    arrival.commit()
    request = JobRequest(models=[ModelRequest("yolox", "1")], infer_fps=INFER_FPS)
    return spool.accept(request, upload_id="video")


def local_s(folder: Path) -> float:
    job = accepted(folder, "long.mp4")
    start = time.perf_counter()
    run_job(job, folder / "models")
    return time.perf_counter() - start


class _Warm:
    """A coordinator in this process, whose workers have loaded the model."""

    def __init__(self, folder: Path, cluster: RayCluster) -> None:
        import ray

        from frametally.cluster.ray_nodes import RayNodes

        ray.init(address=cluster.address, _node_ip_address="127.0.0.1", log_to_driver=False, logging_level="ERROR")
        self._folder = folder
        self._nodes = RayNodes(folder / "models", (folder / "objects").as_uri(), {})
        objects, spool = FolderObjects(folder / "objects"), Spool(folder / "engine")
        self._coordinator = Coordinator(spool, self._nodes, objects, fetch=lambda _: None, prefix="pieces/1")
        self.run_s("short.mp4")

    def run_s(self, video: str) -> float:
        """Seconds of one job."""
        job = accepted(self._folder, video)
        start = time.perf_counter()
        while job.state == "queued":
            self._coordinator.turn(0.05)
        took_s = time.perf_counter() - start
        if job.state != "done":
            raise RuntimeError(str(job.failure))
        return took_s

    def close(self) -> None:
        self._coordinator.close()
        self._nodes.close()


def bare_s(folder: Path, processes: int) -> float:
    """Seconds from the moment at which all processes have loaded the model until the last one has ended."""
    command = [sys.executable, "-m", "benchmarks.cluster", str(folder)]
    started: list[Any] = []
    for number in range(processes):
        core = _CORES[number]
        started.append(
            subprocess.Popen(
                [*command, str(number), str(processes), str(core)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=child_environment(os.environ),
            )
        )
    for process in started:
        process.stdout.readline()
    start = time.perf_counter()
    for process in started:
        process.stdin.close()
    for process in started:
        if process.wait():
            raise RuntimeError("a bare process failed")
        process.stdout.close()
    return time.perf_counter() - start


def _bare_process(folder: Path, number: int, processes: int, core: int) -> None:
    """Analyze one share of the frames on one core."""
    os.sched_setaffinity(0, {core})
    detector = open_detector(folder / "models", "yolox", "1", parse_params(None))
    plan = make_plan(folder / "long.mp4", INFER_FPS)
    bounds = [len(plan.planned) * at // processes for at in (number, number + 1)]
    print("ready", flush=True)
    sys.stdin.read()
    frames = planned_frames(folder / "long.mp4", plan.index, plan.planned, entries=range(*bounds), threads=1)
    for _ in infer_frames(frames, [detector], lambda _: None, threads=1):
        pass


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _bare_process(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    else:
        for figure, value in figures():
            print(f"figure {figure} {value:.3f}")
