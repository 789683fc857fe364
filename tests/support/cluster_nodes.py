"""Workers of a cluster in this process: steps run in any order, and workers are lost at any moment."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from frametally.cluster.coordinator import Coordinator
from frametally.cluster.nodes import Ended, Event, Gone, Joined
from frametally.cluster.scheduling.terms import Resources, WorkerSpec
from frametally.cluster.step_runner import StepRunner
from frametally.cluster.step_watch import Request, StepWatch
from frametally.cluster.steps import RunPiece, Step, StepState
from frametally.config.inference_servers import NO_SERVERS
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry, Prediction
from frametally.engine.spool import Spool, SpooledJob
from frametally.storage.objects import Objects, StoredObject, StoreUnavailable
from frametally.storage.objects.folder import FolderObjects


class Fingerprints:
    """A detector whose entry has the hash of the pixels, and of those before if it is stateful."""

    def __init__(self, *, is_stateful: bool = False) -> None:
        self.classes = ["any"]
        self.is_stateful = is_stateful
        self._seen = hashlib.sha256()

    def infer(self, picture: Picture) -> DetectionEntry:
        found = self._seen if self.is_stateful else hashlib.sha256()
        found.update(picture.bgr().tobytes())
        return DetectionEntry(picture.size, [Prediction(0, 0, 1, 1, 1.0, found.hexdigest(), 0)])


class LocalNodes:
    """`workers` that run one step per call of `events`; a share of `lost` steps ends with the worker."""

    def __init__(self, runner: StepRunner, *, workers: int = 3, lost: float = 0.0, seed: int = 0) -> None:
        self._runner = runner
        self._random = Random(seed)
        self._lost = lost
        self._started: dict[str, tuple[int, Step]] = {}
        self._asked: dict[int, Request] = {}
        self._news: list[Event] = []
        self._workers = 0
        self.steps: list[Step] = []
        self.losses = 0
        for _ in range(workers):
            self._join()

    def events(self, wait_s: float) -> Sequence[Event]:
        news, self._news = self._news, []
        if not news and self._started:
            news = [*self._run(self._random.choice(sorted(self._started))), *self._news]
            self._news = []
        if not news:
            time.sleep(wait_s)
        return news

    def start(self, worker_id: str, attempt_id: int, step: Step) -> None:
        assert worker_id not in self._started
        self._started[worker_id] = attempt_id, step

    def ask(self, worker_id: str, attempt_id: int, request: Request) -> None:
        self._asked[attempt_id] = request

    def kill(self, worker_id: str) -> None:
        self._started.pop(worker_id, None)
        self._join()

    def states(self) -> Mapping[str, StepState]:
        return {worker_id: StepState(attempt_id) for worker_id, (attempt_id, _) in self._started.items()}

    def want(self, slots: Mapping[Resources, int]) -> None:
        """Nothing is added or ended for this."""

    def _join(self) -> None:
        self._workers += 1
        self._news.append(Joined(WorkerSpec(f"worker {self._workers}")))

    def _run(self, worker_id: str) -> list[Event]:
        attempt_id, step = self._started.pop(worker_id)
        self.steps.append(step)
        is_lost = self._random.random() < self._lost
        if not is_lost or self._random.random() < 0.5:  # the worker may be lost just after it has written the result
            watch = StepWatch(attempt_id, lambda: self._asked.get(attempt_id) or self._sometimes(step))
            answer = self._runner.run(step, watch)
        if is_lost:
            self.losses += 1
            self._join()
            return [Gone(worker_id, "lost")]
        return [Ended(attempt_id, answer)]

    def _sometimes(self, step: Step) -> Request | None:
        """A piece may be asked to hand back its rest at any frame."""
        return "hand back" if self._lost and isinstance(step, RunPiece) and self._random.random() < 0.02 else None


class FailingObjects(FolderObjects):
    """Objects that cannot be reached at a share `failing` of the calls."""

    def __init__(self, root: Path, failing: float, seed: int) -> None:
        super().__init__(root)
        self._failing, self._random = failing, Random(seed)

    def put_new(self, key: str, data: bytes) -> bool:
        self._check()
        return super().put_new(key, data)

    def read(self, key: str) -> bytes:
        self._check()
        return super().read(key)

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        self._check()
        return super().read_range(key, start, stop)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self._check()
        return super().list(prefix)

    def _check(self) -> None:
        if self._random.random() < self._failing:
            raise StoreUnavailable("The object storage does not respond.")


def coordinator(spool: Spool, nodes: LocalNodes, objects: Objects, *, shares_disk: bool = True) -> Coordinator:
    """A coordinator whose clock is 20 ms later at each look."""
    looks = itertools.count()

    def no_download(job: SpooledJob) -> None:
        raise AssertionError(job.id)

    def clock() -> float:
        return next(looks) / 50

    place = {"prefix": "pieces/1", "shares_disk": shares_disk}
    return Coordinator(spool, nodes, objects, fetch=no_download, clock=clock, **place)  # type: ignore[arg-type]


def run_all(
    spool: Spool,
    folder: Path,
    *,
    lost: float = 0.0,
    restarted: float = 0.0,
    seed: int = 0,
    workers: int = 3,
    target_s: float = 1e-9,
    failing: float = 0.0,
    store: Objects | None = None,
) -> list[Step]:
    """Run all queued jobs of a spool; returns the steps in the order in which they ran.

    Args:
        spool: the queue.
        folder: with the models, and for the objects.
        lost: share of the steps whose worker is lost.
        restarted: share of the turns after which another coordinator, with other workers, takes over.
        seed: of all random decisions.
        workers: how many there are.
        target_s: work of a piece; the smallest one begins a piece wherever that is allowed.
        failing: share of the calls at which the objects cannot be reached.
        store: in place of a folder; the workers then read the videos from there.
    """
    objects = store or FailingObjects(folder / "objects", failing, seed)
    random, steps = Random(seed), list[Step]()
    while True:
        runner = StepRunner(folder / "models", NO_SERVERS, objects, target_s=target_s)
        nodes = LocalNodes(runner, workers=workers, lost=lost, seed=random.randrange(1 << 30))
        ours = coordinator(spool, nodes, objects, shares_disk=store is None)
        is_done = False
        while not is_done:
            ours.turn(0.001)
            is_done = ours.is_idle and not spool.queued(known_ended=set())
            if random.random() < restarted:
                break
        ours.close()
        steps += nodes.steps
        if is_done:
            return steps
