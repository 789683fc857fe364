"""Jobs of two dashboards that share a ledger and an object storage, and no disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

import frametally.storage.cached_files as cache_module
from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.job import EMBEDDED, Job, JobStatus, RunRequest
from frametally.jobs.deletion import UNDO_S, delete
from frametally.jobs.workflow import Workflow
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library
from frametally.results import open_results
from frametally.storage.cache import Cache
from frametally.storage.cached_files import open_cache
from frametally.storage.objects import Objects, StoreUnavailable, open_objects
from tests.support import fake_service
from tests.support.deployment import DAY_S, MOTION, advance_due
from tests.support.documents import original_of, read_back
from tests.support.fake_service import FakeService
from tests.support.ledgers import Clock
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage


class Interrupted:
    """A store that can be gone."""

    def __init__(self, objects: Objects) -> None:
        self.objects, self.is_gone = objects, False

    def __getattr__(self, name: str) -> object:
        if self.is_gone:
            raise StoreUnavailable("The object storage does not respond.", "Try again in a moment.")
        return getattr(self.objects, name)


@dataclass
class Side:
    folder: Path
    library: Library
    workflow: Workflow
    objects: Interrupted

    def results(self, job: Job) -> Path:
        return self.folder / "results" / job.id


@dataclass
class Team:
    sides: tuple[Side, Side]
    ledger: Ledger
    clock: Clock
    fake: FakeService

    def step(self, at: int) -> None:
        before = self.clock.now
        waiting = [job.next_check_at for job in self.ledger.jobs() if job.status.is_open]
        self.clock.now = max(self.clock.now, min(waiting, default=self.clock.now))
        self.fake.wait((self.clock.now - before).total_seconds())
        advance_due(self.sides[at % 2].workflow)


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture(params=["folder", "s3"])
def team(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Team]:
    monkeypatch.setattr(cache_module, "_CACHES", {})
    url, keys = f"file://{tmp_path}/objects", None
    if request.param == "s3":
        url, keys = f"s3://{BUCKET}/{tmp_path.name}", request.getfixturevalue("storage").keys
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", clock)
    with FakeService(in_words=False) as fake:
        clients = ClientRegistry(
            "secret",
            lambda: VideoInferenceClient(fake.url, fake_service.KEY, read_timeout_s=2, sleep=lambda _: None),
        )

        def side(folder: Path) -> Side:
            folder.mkdir()
            objects = Interrupted(open_objects(url, keys))
            open_cache(Cache(folder, objects, url, 1 << 40, min_idle_s=0, mirror_every_s=0))  # type: ignore[arg-type]
            library = Library(folder / "media", max_video_bytes=1 << 30)
            workflow = Workflow(
                ledger=ledger,
                clients=clients,
                library=library,
                results_dir=folder / "results",
                lost_after_s=DAY_S,
                clock=clock,
            )
            return Side(folder, library, workflow, objects)

        yield Team((side(tmp_path / "a"), side(tmp_path / "b")), ledger, clock, fake)
    ledger.close()


def submit(team: Team, video: Path) -> Job:
    stored = team.sides[0].library.add(video, actor=None)
    return team.sides[0].workflow.submit(
        RunRequest(
            service=EMBEDDED,
            key_id="",
            models=(MOTION,),
            infer_fps=5.0,
            video_name="square.mp4",
            video_sha256=stored.sha256,
        ),
        actor=None,
    )


def test_two_dashboards_take_one_job_in_turn(team: Team, small_video: Path) -> None:
    job = submit(team, small_video)
    for at in range(1, 9):  # the other one begins: it sends a video that it never received
        team.step(at)
    done = team.ledger.job(job.id)
    assert done.status is JobStatus.SUCCEEDED, (done.failure, done.service_message)
    a, b = team.sides
    assert read_back(open_results(a.results(job))) == read_back(open_results(b.results(job)))
    assert original_of(a.results(job)) == original_of(b.results(job))
    assert team.sides[1].library.get(job.video_sha256 or "") is not None
    delete(team.ledger, [job.id], team.clock.now, actor=None)
    team.clock.now += timedelta(seconds=UNDO_S + 1)
    a.workflow.tidy()
    assert list(a.objects.objects.list("results")) == []
    b.workflow.tidy()
    assert list((b.folder / "results").iterdir()) == [], "the copies of the other one"


def test_a_job_waits_for_the_store_and_goes_on_by_itself(team: Team, small_video: Path) -> None:
    job = submit(team, small_video)
    for at in range(8):
        for side in team.sides:
            side.objects.is_gone = at >= 1
        team.step(0)
    waiting = team.ledger.job(job.id)
    assert waiting.status.is_open, waiting.failure
    assert "does not respond" in waiting.service_message
    for side in team.sides:
        side.objects.is_gone = False
    for _ in range(8):
        team.step(0)
    done = team.ledger.job(job.id)
    assert done.status is JobStatus.SUCCEEDED, (done.failure, done.service_message)
    assert len(open_results(team.sides[1].results(job)).time_s) == 20


@pytest.mark.parametrize("team", ["s3"], indirect=True)
def test_a_store_that_asks_to_slow_down_delays_a_job_only(
    team: Team, storage: ObjectStorage, small_video: Path
) -> None:
    job = submit(team, small_video)
    for at in range(1, 9):
        storage.fail_next = 2
        team.step(at)
    assert team.ledger.job(job.id).status is JobStatus.SUCCEEDED
    assert len(open_results(team.sides[0].results(job)).time_s) == 20
