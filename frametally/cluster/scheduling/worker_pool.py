"""The workers: which have a free slot, which models they have loaded, how many run long pieces."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator

from frametally.cluster.scheduling.active_job import ActiveJob, Demand
from frametally.cluster.scheduling.terms import Attempt, Resources, Rules, WorkerSpec

_Workers = OrderedDict[str, "Worker"]
"""In the order in which they became free. In a plain dict, the first key is not found in O(1) after removals."""


class Worker:
    """A worker and its running attempts. `loaded` counts the running pieces of each set, least recently used first."""

    __slots__ = ("attempts", "kind", "loaded", "spec")

    def __init__(self, spec: WorkerSpec, kind: Kind) -> None:
        self.spec = spec
        self.kind = kind
        self.attempts: dict[int, Attempt] = {}
        self.loaded: dict[str, int] = {}

    @property
    def is_free(self) -> bool:
        return len(self.attempts) < self.spec.slots

    @property
    def has_room(self) -> bool:
        """Whether it can load another set of models without unloading one."""
        return len(self.loaded) < self.spec.model_sets

    def load(self, models: str, is_wanted: Callable[[str], bool]) -> tuple[str, ...]:
        """Load and use a set of models; returns the sets that make room for it, if possible those that no job wants."""
        running = self.loaded.pop(models, None)
        unloaded: tuple[str, ...] = ()
        if running is None and not self.has_room:
            idle = [name for name, used in self.loaded.items() if not used]
            unloaded = (next((name for name in idle if not is_wanted(name)), idle[0]),)
            del self.loaded[unloaded[0]]
        self.loaded[models] = (running or 0) + 1
        return unloaded


class Kind:
    """The workers of one size."""

    __slots__ = ("free", "long_running", "roomy", "size", "warm", "workers")

    def __init__(self, size: Resources) -> None:
        self.size = size
        self.workers = self.long_running = 0
        self.free: _Workers = OrderedDict()
        self.roomy: _Workers = OrderedDict()
        self.warm: dict[str, _Workers] = {}

    def takes_long(self, share: float) -> bool:
        """Whether fewer workers than this share run long pieces; of several, one stays free."""
        return self.long_running < max(1, min(int(share * self.workers), self.workers - 1))


class WorkerPool:
    """All workers, by their size; each operation is O(1) in their number."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._workers: dict[str, Worker] = {}
        self._kinds: dict[Resources, Kind] = {}
        self._fitting: dict[Demand, list[Kind]] = {}
        self.loaded = Counter[str]()
        """How many workers have a set of models loaded."""

    def __len__(self) -> int:
        return len(self._workers)

    @property
    def has_free(self) -> bool:
        """Whether any worker has a free slot."""
        return any(kind.free for kind in self._kinds.values())

    def get(self, worker_id: str) -> Worker | None:
        return self._workers.get(worker_id)

    def add(self, spec: WorkerSpec) -> None:
        if spec.size not in self._kinds:
            self._kinds[spec.size] = Kind(spec.size)
            self._fitting.clear()
        kind = self._kinds[spec.size]
        kind.workers += 1
        worker = self._workers[spec.id] = Worker(spec, kind)
        self._offer(worker)

    def remove(self, worker: Worker) -> None:
        del self._workers[worker.spec.id]
        self._withdraw(worker)
        self.loaded.subtract(worker.loaded.keys())
        kind = worker.kind
        kind.workers -= 1
        if not kind.workers:
            del self._kinds[worker.spec.size]
            self._fitting.clear()

    def usable_kinds(self, demand: Demand) -> list[Kind]:
        """The kinds that have a free worker for a demand, with the same number of GPUs: the smallest that is there."""
        kinds = [kind for kind in self._fitting_kinds(demand) if kind.free]
        if demand.is_long:
            kinds = [kind for kind in kinds if kind.takes_long(self._rules.long_most)]
        return kinds if len(kinds) < 2 else [kind for kind in kinds if kind.size.gpus == kinds[0].size.gpus]

    def rank(self, demand: Demand, kind: Kind) -> int:
        """Which of several demands goes first, before fairness: the lower."""
        if not demand.is_long:
            return 1
        return 0 if kind.takes_long(self._rules.long_first) else 2

    def _fitting_kinds(self, demand: Demand) -> list[Kind]:
        """The kinds with enough of everything; long pieces take no GPU that they do not need, if there is a choice."""
        if demand not in self._fitting:
            kinds = sorted((k for k in self._kinds.values() if demand.need.fits_into(k.size)), key=lambda k: k.size)
            if demand.is_long:
                kinds = [kind for kind in kinds if kind.size.gpus == kinds[0].size.gpus]
            self._fitting[demand] = kinds
        return self._fitting[demand]

    def warm(self, kinds: Iterable[Kind], models: str) -> Worker | None:
        """A free worker that has the models loaded."""
        return next((next(iter(kind.warm[models].values())) for kind in kinds if models in kind.warm), None)

    def cold(self, kind: Kind) -> Worker:
        """The free worker of a kind to load other models: one with room, else the one that has been free longest."""
        return next(iter((kind.roomy or kind.free).values()))

    def free_sets(self, kinds: Iterable[Kind]) -> Iterator[tuple[str, Worker]]:
        """The sets of models that free workers have loaded, each with the first of them."""
        return ((models, next(iter(workers.values()))) for kind in kinds for models, workers in kind.warm.items())

    def start(
        self, worker: Worker, job: ActiveJob, attempt: Attempt, is_wanted: Callable[[str], bool]
    ) -> tuple[str, ...]:
        """Occupy a slot; returns the models that make room for those of the job."""
        self._withdraw(worker)
        is_warm = job.spec.models in worker.loaded
        unloaded = worker.load(job.spec.models, is_wanted)
        self.loaded[job.spec.models] += not is_warm
        self.loaded.subtract(unloaded)
        worker.attempts[attempt.id] = attempt
        worker.kind.long_running += job.demand.is_long
        self._offer(worker)
        return unloaded

    def end(self, worker: Worker, job: ActiveJob, attempt: Attempt) -> None:
        """Free the slot of an attempt."""
        self._withdraw(worker)
        del worker.attempts[attempt.id]
        worker.loaded[job.spec.models] -= 1
        worker.kind.long_running -= job.demand.is_long
        self._offer(worker)

    def _offer(self, worker: Worker) -> None:
        if not worker.is_free:
            return
        kind = worker.kind
        kind.free[worker.spec.id] = worker
        if worker.has_room:
            kind.roomy[worker.spec.id] = worker
        for models in worker.loaded:
            kind.warm.setdefault(models, OrderedDict())[worker.spec.id] = worker

    def _withdraw(self, worker: Worker) -> None:
        kind = worker.kind
        if kind.free.pop(worker.spec.id, None) is None:
            return
        kind.roomy.pop(worker.spec.id, None)
        for models in worker.loaded:
            kind.warm[models].pop(worker.spec.id)
            if not kind.warm[models]:
                del kind.warm[models]
