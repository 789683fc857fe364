"""Jobs on a real cluster of Ray on loopback: equal results, lost nodes, a killed coordinator. Long: `make soak`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.engine import repeat
from frametally.cluster.coordinator import Coordinator
from frametally.contract import ModelRequest
from frametally.engine.runner import run_job
from frametally.engine.spool import JobRequest, Spool, SpooledJob
from frametally.engine.supervisor import Supervisor
from frametally.storage.objects.folder import FolderObjects
from frametally.video.frame_index import build_index
from tests.support.polling import until
from tests.support.ray_cluster import RayCluster, ray_cluster
from tests.support.shared_data import SHARED_DATA
from tests.support.soak import iterations

pytestmark = [pytest.mark.soak, pytest.mark.filterwarnings("ignore")]

MODELS = {
    "fastest": "FastestDet_352.onnx",
    "nanodet": "nanodet_m_416.onnx",
    "pose": "yolo11n-pose_int8w_repaired.onnx",
    "yolo11": "yolo11n_int8_320.onnx",
    "segment": "yolov8n-seg_int8_320.onnx",
    "yolov8": "yolov8n_int8_640.onnx",
    "yolox": "yolox_nano_416.onnx",
}
TYPES = {"pose": "keypoint-detection", "segment": "instance-segmentation"}
VIDEOS = sorted(path for path in (SHARED_DATA / "videos").rglob("*") if path.is_file())
FPS = 4.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with ray_cluster(2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def models_dir(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    for name, file in MODELS.items():
        (models / name / "1").mkdir(parents=True)
        shutil.copy(shared_data / "models" / file, models / name / "1" / "model.onnx")
    return models


class Engine:
    """One spool, whose jobs run in this process or on the cluster."""

    def __init__(self, folder: Path, models_dir: Path, address: str) -> None:
        self.folder, self.models_dir, self.address = folder, models_dir, address
        self.spool = Spool(folder / "engine")
        self.objects = folder / "engine" / "cluster"

    def submit(self, video: Path, *models: str, fps: float = FPS) -> SpooledJob:
        arrival = self.spool.receive("u")
        arrival.write(video.read_bytes())
        arrival.commit()
        asked = [ModelRequest(name, "1", TYPES.get(name, "object-detection")) for name in models]
        return self.spool.accept(JobRequest(models=asked, infer_fps=fps), upload_id="u")

    def here(self, video: Path, *models: str, fps: float = FPS) -> bytes:
        """The results of a job in this process."""
        job = self.submit(video, *models, fps=fps)
        try:
            run_job(job, self.models_dir)
        except Exception as error:
            job.fail(str(error))
        return timeless(job)

    def start(self) -> tuple[Coordinator, Any]:
        """A coordinator in this process."""
        import ray

        from frametally.cluster.ray_nodes import RayNodes

        if not ray.is_initialized():
            ray.init(address=self.address, _node_ip_address="127.0.0.1", log_to_driver=False, logging_level="ERROR")
        nodes = RayNodes(self.models_dir, self.objects.as_uri(), {})
        objects = FolderObjects(self.objects)
        return Coordinator(self.spool, nodes, objects, fetch=lambda _: None, prefix="pieces/1"), nodes

    def supervisor(self, address: str) -> Supervisor:
        """The worker process, as a dashboard starts it."""
        command = [
            *(sys.executable, "-m", "frametally.cluster.worker"),
            *("--folder", str(self.spool.folder), "--models-dir", str(self.models_dir)),
            *("--max-video-bytes", "1000000000", "--cluster", address),
        ]
        return Supervisor(self.spool, command, uses_cluster=True)

    def run(self) -> None:
        """Run the queued jobs on the cluster."""
        coordinator, nodes = self.start()
        run_until_idle(coordinator)
        nodes.close()


def run_until_idle(coordinator: Coordinator, limit_s: float = 300) -> None:
    give_up_s = time.monotonic() + limit_s
    coordinator.turn(0.1)
    while not coordinator.is_idle:
        assert time.monotonic() < give_up_s
        coordinator.turn(0.1)
    coordinator.close()


def timeless(job: SpooledJob) -> bytes:
    if job.state == "failed":
        return str(job.failure and job.failure.reason).encode()
    assert job.state == "done"
    return re.sub(rb'"time":[0-9.e-]+', b'"time":0', job.results.read_bytes())


def rate_of(video: Path) -> float:
    """A rate that this video allows."""
    try:
        rate = build_index(video).rate
    except Exception:
        return FPS
    return min(FPS, float(rate)) if rate else FPS


@pytest.fixture
def engine(tmp_path: Path, models_dir: Path, cluster: RayCluster) -> Engine:
    return Engine(tmp_path, models_dir, cluster.address)


@pytest.mark.parametrize("part", range(4))
def test_each_video_with_one_model(engine: Engine, part: int) -> None:
    videos = VIDEOS[part::4]
    expected = [engine.here(video, "fastest", fps=rate_of(video)) for video in videos]
    jobs = [engine.submit(video, "fastest", fps=rate_of(video)) for video in videos]
    engine.run()
    for video, job, results in zip(videos, jobs, expected, strict=True):
        print(f"{video.name}: {len(results)} bytes, {'equal' if timeless(job) == results else 'DIFFERENT'}")
    assert [timeless(job) for job in jobs] == expected


def test_each_model_with_one_video(engine: Engine, shared_data: Path) -> None:
    video = shared_data / "videos" / "times_square.mp4"
    expected = {name: engine.here(video, name) for name in MODELS}
    jobs = {name: engine.submit(video, name) for name in MODELS}
    engine.run()
    print({name: "equal" if timeless(job) == expected[name] else "DIFFERENT" for name, job in jobs.items()})
    assert {name: timeless(job) for name, job in jobs.items()} == expected


@pytest.mark.parametrize("name", ["bottle-detection.mp4", "derived/car_h264.ts"])
def test_three_models_at_once(engine: Engine, shared_data: Path, name: str) -> None:
    video, models = shared_data / "videos" / name, ("fastest", "yolo11", "segment")
    expected = engine.here(video, *models)
    job = engine.submit(video, *models)
    engine.run()
    print(f"{name}: {len(expected)} bytes")
    assert timeless(job) == expected


@pytest.mark.parametrize("seed", range(4))
def test_nodes_killed_at_random_moments_lose_no_piece_and_double_none(
    engine: Engine, shared_data: Path, cluster: RayCluster, seed: int
) -> None:
    video, random, kills = shared_data / "videos" / "bottle-detection.mp4", Random(seed), iterations(5)
    expected = engine.here(video, "fastest", fps=29)
    coordinator, nodes = engine.start()
    killed = jobs = 0
    while killed < kills:
        job = engine.submit(video, "fastest", fps=29)
        jobs += 1
        next_s = time.monotonic() + random.uniform(1, 5)
        while job.state == "queued":
            coordinator.turn(0.1)
            if time.monotonic() > next_s and killed < kills:
                number = random.randrange(2)
                cluster.kill_node(number)
                cluster.add_node()
                killed += 1
                fraction = job.progress.fraction if job.progress else 0.0
                print(f"seed {seed}, kill {killed}: node {number} during job {jobs}, {fraction:.0%} done", flush=True)
                next_s = time.monotonic() + random.uniform(1, 6)
        assert timeless(job) == expected
    nodes.close()
    coordinator.close()
    entries = expected.count(b"predictions")
    print(f"seed {seed}: {killed} nodes killed during {jobs} jobs of {entries} entries: 0 lost, 0 doubled")


def test_a_killed_coordinator_goes_on_where_it_was(engine: Engine, shared_data: Path, cluster: RayCluster) -> None:
    """The worker process of the engine, as a dashboard starts it, killed up to five times."""
    video, random = shared_data / "videos" / "bottle-detection.mp4", Random(6)
    expected = engine.here(video, "fastest", fps=29)
    job = engine.submit(video, "fastest", fps=29)
    supervisor = engine.supervisor(cluster.address)
    supervisor.start()
    killed, kept = 0, [0]
    try:
        for _ in range(5):
            until(lambda: job.state != "queued" or count(engine.objects) > kept[-1], limit_s=120)
            time.sleep(random.uniform(0, 1))
            worker = supervisor._worker
            if job.state == "queued" and worker is not None:
                kept.append(count(engine.objects))
                os.kill(worker.pid, signal.SIGKILL)
                killed += 1
        until(lambda: job.state != "queued", limit_s=200)
    finally:
        supervisor.stop()
    print(f"killed {killed} times, with {kept[1:]} results kept each time")
    assert killed >= 2
    assert timeless(job) == expected


def count(objects: Path) -> int:
    return sum(path.suffix[1:].isdecimal() for path in objects.rglob("*.*"))


def test_a_piece_that_kills_its_worker_three_times_fails_its_job_and_no_other(
    engine: Engine, shared_data: Path
) -> None:
    """Whatever worker begins a step of the one job is killed."""
    deadly = engine.submit(shared_data / "videos" / "times_square.mp4", "yolov8")
    other = engine.submit(shared_data / "videos" / "bottle-detection.mp4", "fastest", fps=29)
    coordinator, nodes = engine.start()
    killed = set[int]()
    while "queued" in (deadly.state, other.state):
        coordinator.turn(0.1)
        for worker_id, step in nodes.running().items():
            if step.job.id == deadly.id and (pid := nodes.pid_of(worker_id)) not in killed:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
    nodes.close()
    coordinator.close()
    print(f"{len(killed)} workers killed: {deadly.failure}")
    assert deadly.failure is not None
    assert "The engine crashed 3 times during this job" in deadly.failure.reason
    assert (len(killed), other.state) == (3, "done")


def test_a_canceled_job_frees_its_workers_within_seconds(engine: Engine, shared_data: Path) -> None:
    job = engine.submit(shared_data / "videos" / "bottle-detection.mp4", "yolov8", fps=29)
    coordinator, nodes = engine.start()
    while not nodes.running() or not job.progress or not job.progress.fraction:
        coordinator.turn(0.1)
    job.cancel()
    started_s = time.monotonic()
    while nodes.running():
        coordinator.turn(0.1)
    print(f"workers free after {time.monotonic() - started_s:.1f} s")
    nodes.close()
    coordinator.close()
    assert job.is_cancelled
    assert not list(engine.objects.rglob("*.*"))


def test_a_dashboard_outside_the_cluster_uses_the_client_of_ray(
    engine: Engine, shared_data: Path, cluster: RayCluster
) -> None:
    pytest.importorskip("grpc")
    video = shared_data / "videos" / "times_square.mp4"
    expected = engine.here(video, "fastest")
    job = engine.submit(video, "fastest")
    supervisor = engine.supervisor(cluster.client_address)
    supervisor.start()
    until(lambda: job.state != "queued", limit_s=200)
    supervisor.stop()
    assert timeless(job) == expected


def test_a_job_of_ten_hours_does_not_hold_up_one_of_a_minute(engine: Engine, shared_data: Path, tmp_path: Path) -> None:
    short = shared_data / "videos" / "bottle-detection.mp4"
    repeat(short, tmp_path / "long.mp4", 900)
    long = engine.submit(tmp_path / "long.mp4", "fastest", fps=10)
    coordinator, nodes = engine.start()
    while not (long.progress and long.progress.fraction):
        coordinator.turn(0.1)
    job, started_s = engine.submit(short, "fastest", fps=29), time.monotonic()
    while not (job.progress and any(step.job.id == job.id for step in nodes.running().values())):
        coordinator.turn(0.1)
    print(f"a job started {time.monotonic() - started_s:.1f} s after it was submitted, behind one of ten hours")
    while job.state == "queued":
        coordinator.turn(0.1)
    assert (job.state, long.state) == ("done", "queued")
    long.cancel()
    while nodes.running():
        coordinator.turn(0.1)
    nodes.close()
    coordinator.close()
