"""Two engines under requests, faults of the store and restarts in random order: they never contradict each other."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest

from frametally.contract import ModelRequest
from frametally.engine.shared.records import Records
from frametally.engine.shared.shared_spool import JobElsewhere, SharedSpool
from frametally.engine.shared.sharer import Sharer
from frametally.engine.spool import RETENTION_S, JobRequest, Spool, SpooledJob
from frametally.errors import MediaError
from frametally.storage.objects import StoreUnavailable
from tests.support.shared_store import TroubledStore, move

REQUEST = JobRequest(models=[ModelRequest("motion", "1")], infer_fps=5)
LINKS = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]
STEPS = 250


class Life:
    """What two engines were asked, and what they have answered."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.folder, self.store = folder, TroubledStore(folder / "store")
        self.store.is_down = self.store.is_cut = lambda: self.random.random() < self.trouble
        self.trouble = 0.0
        self.sides = [self._open(name) for name in "ab"]
        self.videos: dict[str, set[bytes]] = defaultdict(set)
        """Of each link: one of these arrived last."""
        self.arrived: set[str] = set()
        self.jobs: dict[str, set[bytes]] = {}
        """One of these is the video of the job."""
        self.possible: dict[str, set[bytes]] = defaultdict(set)
        """The same for a key, also if no start with it was answered."""
        self.ends: dict[str, str] = {}
        self.of_key: dict[str, str] = {}

    def _open(self, name: str) -> tuple[SharedSpool, Sharer]:
        spool = SharedSpool(self.folder / name, Records(self.store, name))
        return spool, Sharer(spool, max_video_bytes=1 << 20, retention_s=RETENTION_S)

    def step(self) -> None:
        acts = [self.upload, self.start, self.start, self.run, self.run, self.cancel, self.ask, self.ask, self.ask]
        self.random.choice([*acts, self.move, self.move, self.move, self.watch, self.restart, self.change])()

    def side(self) -> tuple[SharedSpool, Sharer]:
        return self.random.choice(self.sides)

    def upload(self) -> None:
        link, video = self.random.choice(LINKS), self.random.randbytes(8)
        try:
            arrival = self.side()[0].receive(link)
            try:
                arrival.write(video)
                arrival.commit()
            finally:
                arrival.discard()
            self.videos[link] = {video}
            self.arrived.add(link)
        except StoreUnavailable:
            self.videos[link].add(video)  # it may have become the last one

    def start(self) -> None:
        link, key = self.random.choice(LINKS), self.random.choice(["", "k1", "k2", "k3"])
        may_be = self.possible[key] if key else set[bytes]()
        may_be |= self.videos[link]
        try:
            job_id = self.side()[0].accept(REQUEST, upload_id=link, key=key).id
        except StoreUnavailable:
            return
        except MediaError:
            assert link not in self.arrived, "something was uploaded"
            return
        if key:
            assert self.of_key.setdefault(key, job_id) == job_id
        self.jobs[job_id] = may_be

    def run(self) -> None:
        self.run_at(self.side()[0])

    def run_at(self, shared: SharedSpool) -> None:
        queued = Spool(shared.folder).queued(known_ended=set())
        if not queued:
            return
        job = queued[0]
        if self.random.random() < 0.2:
            job.fail("Broken.")
            return
        draft = job.new_work_folder() / "results.json"
        draft.write_bytes(job.video.read_bytes())
        job.finish(draft)

    def found(self, shared: SharedSpool, job_id: str) -> SpooledJob | JobElsewhere:
        job = shared.find(job_id) or shared.find_elsewhere(job_id)
        assert job is not None, "it was accepted"
        return job

    def cancel(self) -> None:
        if not self.jobs:
            return
        job_id = self.random.choice(list(self.jobs))
        try:
            job = self.found(self.side()[0], job_id)
            if job.cancel():
                assert self.ends.setdefault(job_id, "Cancelled.") == "Cancelled."
        except StoreUnavailable:
            return

    def ask(self) -> None:
        if self.jobs:
            self.ask_at(self.side()[0], self.random.choice(list(self.jobs)))

    def ask_at(self, shared: SharedSpool, job_id: str) -> str:
        """The end as this engine tells it: what one has said, both say from then on, or that it is not known yet."""
        try:
            job = self.found(shared, job_id)
            end = self.end_of(job)
        except StoreUnavailable:
            return ""
        if end:
            assert self.ends.setdefault(job_id, end) == end
        return end

    def end_of(self, job: SpooledJob | JobElsewhere) -> str:
        if job.is_available:
            content = b"".join(job.blocks()) if isinstance(job, JobElsewhere) else job.results.read_bytes()
            assert content in self.jobs[job.id]
            return content.hex()
        return job.failure.reason if job.failure else ""

    def move(self) -> None:
        move(self.side()[1])

    def watch(self) -> None:
        self.side()[1].watch()

    def restart(self) -> None:
        place = self.random.randrange(2)
        self.sides[place] = self._open("ab"[place])

    def change(self) -> None:
        self.trouble = self.random.choice([0.0, 0.0, 0.1, 0.5, 1.0])

    def settle(self) -> None:
        """The store is back, and both engines go on: every job has one end, the same at both."""
        self.trouble = 0.0
        for _ in range(len(self.jobs) + 10):
            for shared, sharer in self.sides:
                assert [*sharer.watch(), *move(sharer)] == []
                self.run_at(shared)
        for job_id in self.jobs:
            first, second = (self.ask_at(shared, job_id) for shared, _ in self.sides)
            assert first == second != ""
        spools = [Spool(shared.folder) for shared, _ in self.sides]
        assert {sum(spool.find(job_id) is not None for spool in spools) for job_id in self.jobs} <= {1}


def live(folder: Path, seed: int) -> None:
    life = Life(folder, seed)
    for _ in range(STEPS):
        life.step()
    life.settle()


@pytest.mark.parametrize("seed", range(3))
def test_engines_never_contradict_each_other(tmp_path: Path, seed: int) -> None:
    live(tmp_path, seed)


@pytest.mark.soak
def test_engines_never_contradict_each_other_in_many_lives(tmp_path: Path) -> None:
    for seed in range(3, 60):
        live(tmp_path / str(seed), seed)
