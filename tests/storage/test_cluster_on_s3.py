"""Jobs on a cluster of two nodes whose videos and results are on S3: those of one process. Long: `make soak`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frametally.cluster.coordinator import Coordinator
from frametally.contract import ModelRequest
from frametally.engine.runner import run_job
from frametally.engine.spool import JobRequest, Spool, SpooledJob
from frametally.storage.objects import open_objects
from tests.cluster.test_ray import FPS, models_dir, rate_of, run_until_idle, timeless
from tests.support.object_storage import ObjectStorage, object_storage
from tests.support.ray_cluster import RayCluster, ray_cluster
from tests.support.shared_data import SHARED_DATA

pytestmark = [pytest.mark.soak, pytest.mark.filterwarnings("ignore")]

__all__ = ["models_dir"]
VIDEOS = ("car-detection.mp4", "big_buck_bunny_vp8.webm", "tc_h265.mp4", "asl_book.mkv", "decord_rot90.mov")
TROUBLE_S = 5.0


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture(scope="module")
def cluster(storage: ObjectStorage) -> Iterator[RayCluster]:  # skips before it starts one
    with ray_cluster(2) as cluster:
        yield cluster


class Engine:
    """One spool, whose jobs run in this process, or on the cluster with all that its nodes share on S3."""

    def __init__(self, folder: Path, models: Path, cluster: RayCluster, storage: ObjectStorage) -> None:
        self._spool, self._models, self._cluster, self._storage = Spool(folder / "engine"), models, cluster, storage
        self.objects = open_objects(storage.url, storage.keys)

    def submit(self, video: Path, *models: str) -> SpooledJob:
        arrival = self._spool.receive("u")
        arrival.write(video.read_bytes())
        arrival.commit()
        asked = [ModelRequest(name, "1", "object-detection") for name in models]
        return self._spool.accept(JobRequest(models=asked, infer_fps=min(FPS, rate_of(video))), upload_id="u")

    def here(self, video: Path, *models: str) -> bytes:
        job = self.submit(video, *models)
        run_job(job, self._models)
        return timeless(job)

    def run(self) -> None:
        """Run the queued jobs on the cluster."""
        import ray

        from frametally.cluster.ray_nodes import RayNodes

        if not ray.is_initialized():
            options: Any = {"_node_ip_address": "127.0.0.1", "log_to_driver": False, "logging_level": "ERROR"}
            ray.init(address=self._cluster.address, **options)
        nodes = RayNodes(self._models, self._storage.url, self._storage.keys)
        coordinator = Coordinator(
            self._spool, nodes, self.objects, fetch=lambda _: None, prefix="pieces/1", shares_disk=False
        )
        run_until_idle(coordinator)
        nodes.close()


@pytest.fixture
def engine(tmp_path: Path, models_dir: Path, cluster: RayCluster, storage: ObjectStorage) -> Engine:
    return Engine(tmp_path, models_dir, cluster, storage)


def assert_equal_on_the_cluster(engine: Engine, storage: ObjectStorage, jobs: dict[Path, tuple[str, ...]]) -> None:
    expected = {video: engine.here(video, *models) for video, models in jobs.items()}
    storage.requests.clear()
    queued = {video: engine.submit(video, *models) for video, models in jobs.items()}
    engine.run()
    for video, job in queued.items():
        assert timeless(job) == expected[video], video.name
        assert any(each.startswith("GET") and each.endswith(f"/{job.id}/video") for each in storage.requests), (
            "the nodes read the video from the store"
        )
    assert storage.refused == 0
    assert list(engine.objects.list("pieces")) == []


def test_videos_with_one_and_with_three_models(engine: Engine, storage: ObjectStorage) -> None:
    jobs: dict[Path, tuple[str, ...]] = {SHARED_DATA / "videos" / name: ("fastest",) for name in VIDEOS}
    jobs[SHARED_DATA / "videos" / "times_square.mp4"] = ("fastest", "nanodet", "yolo11")
    assert_equal_on_the_cluster(engine, storage, jobs)


@pytest.mark.parametrize("trouble", ["503", "silent"])
def test_a_store_in_trouble_for_a_while_loses_and_doubles_nothing(
    engine: Engine, storage: ObjectStorage, trouble: str
) -> None:
    ended = threading.Event()

    def disturb() -> None:
        """From the time that pieces are being written on, again and again."""
        while not ended.is_set():
            while not any("/pieces/" in each and each.startswith("PUT") for each in storage.requests):
                if ended.wait(0.1):
                    return
            if trouble == "503":
                storage.fail_next = 1 << 30
            else:
                storage.answers.clear()
            time.sleep(TROUBLE_S)
            storage.fail_next = 0
            storage.answers.set()
            ended.wait(TROUBLE_S)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        video = SHARED_DATA / "videos" / "car-detection.mp4"
        assert_equal_on_the_cluster(engine, storage, {video: ("fastest",)})
    finally:
        ended.set()
        thread.join()
