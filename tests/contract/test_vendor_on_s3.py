"""The vendor's Python package as a client where the object storage is on S3. Long: `make soak`.

Once with the built-in engines of dashboards whose data folders are empty, behind a balancer that sends each request to
the other one; once with an engine whose cluster reads the video from the store and writes the results to it.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.contract import ModelRequest, StatusReport
from frametally.errors import ServerError
from tests.engine.test_vendor_client import answer_of_the_package
from tests.support.balancer import balancing
from tests.support.dashboards import Dashboard, StartDashboard, starting_dashboards
from tests.support.engines import KEY, StartEngine
from tests.support.object_storage import ObjectStorage, object_storage
from tests.support.polling import until
from tests.support.ray_cluster import ray_cluster

MOTION = ModelRequest("motion", "1")
pytestmark = [pytest.mark.soak, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@dataclass
class Pair:
    """Two dashboards behind a balancer."""

    url: str
    ports: list[int]
    dashboards: list[Dashboard]
    served: Counter[tuple[int, str]]
    starts: list[StartDashboard]
    settings: dict[str, str]

    def client(self, place: int | None = None) -> VideoInferenceClient:
        """Of the balancer, or of one dashboard."""
        url = self.url if place is None else f"http://127.0.0.1:{self.ports[place]}"
        return VideoInferenceClient(url, KEY, sleep=lambda _: None)

    def kill(self, place: int) -> None:
        os.killpg(self.dashboards[place].pid, signal.SIGKILL)

    def start_again(self, place: int) -> None:
        self.dashboards[place] = self.starts[place](**self.settings)
        self.ports[place] = urlsplit(self.dashboards[place].url).port or 0


@pytest.fixture
def pair(storage: ObjectStorage, tmp_path: Path) -> Iterator[Pair]:
    settings = {**storage.keys, "FRAMETALLY_STORAGE_URL": storage.url, "FRAMETALLY_ENGINE_KEY": KEY}
    with ExitStack() as stack:
        starts = []
        for name in "ab":
            (tmp_path / name).mkdir()
            starts.append(stack.enter_context(starting_dashboards(tmp_path / name)))
        both = [start(**settings) for start in starts]
        ports = [urlsplit(each.url).port or 0 for each in both]
        url, served = stack.enter_context(balancing(ports, b"/"))
        yield Pair(url, ports, both, served, starts, settings)
    for log in tmp_path.glob("?/server-*.log"):
        text = log.read_text()
        assert "Traceback" not in text, text[-3000:]
        assert storage.keys["AWS_SECRET_ACCESS_KEY"] not in text


def test_the_package_with_each_request_at_the_other_dashboard(
    storage: ObjectStorage, pair: Pair, small_video: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        answer = answer_of_the_package(pair.url, small_video, tmp_path)
        assert answer["expires"] == "3600"
        assert len(answer["results"]["motion"]) == len(answer["results"]["frame_offset"]) == 20
        statuses = [pair.client(place).get_status(answer["job_id"]).report for place in (0, 1)]
        for place, report in product((0, 1), statuses):
            target = tmp_path / "results.json"
            link = urlsplit(report.output_signed_url or "")._replace(netloc=f"127.0.0.1:{pair.ports[place]}").geturl()
            pair.client(place).download_results(link, target)
            assert json.loads(target.read_bytes()) == answer["results"]
    assert min(pair.served[place, "videoinfer"] for place in (0, 1)) > 0
    assert storage.refused == 0


def test_a_killed_dashboard_and_a_store_that_is_out_of_reach(
    storage: ObjectStorage, pair: Pair, small_video: Path, tmp_path: Path
) -> None:
    client = pair.client()

    def uploaded() -> str:
        link = client.request_upload_url("v.mp4")
        client.upload(small_video, link)
        return link

    def start(link: str, at: VideoInferenceClient, key: str = "") -> str:
        return at.start_job(input_url=link, infer_fps=5, models=[MOTION], idempotency_key=key)

    def report(job_id: str, place: int) -> StatusReport:
        return pair.client(place).get_status(job_id).report

    link = uploaded()
    assert len({start(link, client, "k") for _ in range(4)}) == 1
    done = start(link, pair.client(0))
    until(lambda: report(done, 1).is_done)
    pair.kill(0)
    link_here = report(done, 1).output_signed_url or ""
    pair.client(1).download_results(link_here, tmp_path / "first.json")
    pair.start_again(0)
    pair.client(0).download_results(report(done, 0).output_signed_url or "", tmp_path / "second.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()

    storage.fail_next = 1 << 30
    for place in (0, 1):
        with pytest.raises(ServerError, match="object storage does not respond"):
            start(link, pair.client(place))
    assert report(done, 0).is_done, "it is there"
    with pytest.raises(ServerError, match="object storage does not respond"):
        report(done, 1)
    storage.fail_next = 0

    def is_over() -> bool:
        with suppress(ServerError):
            return report(done, 1).is_done
        return False

    until(is_over)
    first, second = (start(link, pair.client(place)) for place in (0, 1))
    until(lambda: report(first, 1).is_done and report(second, 0).is_done)
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
