"""The vendor's Python package as a client where the object storage is on S3. Long: `make soak`.

Once with the built-in engine of a dashboard whose data folder is empty, once with an engine whose cluster reads the
video from the store and writes the results to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.test_vendor_client import answer_of_the_package
from tests.support.dashboards import StartDashboard
from tests.support.engines import KEY, StartEngine
from tests.support.object_storage import ObjectStorage, object_storage
from tests.support.ray_cluster import ray_cluster

pytestmark = [pytest.mark.soak, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


def test_the_package_with_a_dashboard(
    storage: ObjectStorage, start_dashboard: StartDashboard, small_video: Path, tmp_path: Path
) -> None:
    dashboard = start_dashboard(**storage.keys, FRAMETALLY_STORAGE_URL=storage.url, FRAMETALLY_ENGINE_KEY=KEY)
    answer = answer_of_the_package(dashboard.url, small_video, tmp_path)
    assert answer["expires"] == "3600"
    assert len(answer["results"]["motion"]) == len(answer["results"]["frame_offset"]) == 20
    assert storage.refused == 0


def test_the_package_with_a_cluster_on_the_store(
    storage: ObjectStorage, start_engine: StartEngine, small_video: Path, tmp_path: Path
) -> None:
    with ray_cluster(2) as cluster:
        engine = start_engine(cluster=cluster.address, storage_url=storage.url, storage_keys=storage.keys)
        answer = answer_of_the_package(engine.url, small_video, tmp_path)
        assert answer["results"] == engine.results(answer["job_id"])
        engine.engine.stop()
    assert answer["expires"] == "3600"
    assert len(answer["results"]["motion"]) == 20
    at = f"/{answer['job_id']}/video"
    assert {each.partition(" ")[0] for each in storage.requests if each.endswith(at)} >= {"PUT", "GET"}
    assert any(each.startswith("PUT") and "/pieces/" in each and not each.endswith(at) for each in storage.requests)
    assert storage.refused == 0
