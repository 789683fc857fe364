"""The workers of a cluster, as the coordinator sees them: what it may ask for, and what happens to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from frametally.cluster.scheduling.terms import Cause, Resources, WorkerSpec
from frametally.cluster.step_watch import Request
from frametally.cluster.steps import Answer, Step, StepState

MEMORY_BYTES: Final = 1 << 30
"""Reserved for each worker, of what the node has."""


class Joined(NamedTuple):
    """A worker is ready."""

    worker: WorkerSpec


class Ended(NamedTuple):
    """A step has ended, and its worker goes on."""

    attempt_id: int
    answer: Answer


class Gone(NamedTuple):
    """A worker has ended, with its step."""

    worker_id: str
    cause: Cause


Event = Joined | Ended | Gone


class Kind(NamedTuple):
    """What a worker takes of its node."""

    gpus: int
    cores: int


def kinds_of(nodes: Iterable[Mapping[str, float]]) -> Counter[Kind]:
    """How many workers of each kind the nodes have room for, from their resources in the terms of Ray.

    One for each GPU, with its share of the cores, which decode for it; of the others one for each core. Each of them
    needs `MEMORY_BYTES`.
    """
    kinds = Counter[Kind]()
    for resources in nodes:
        cores, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
        room = int(resources.get("memory", 0) // MEMORY_BYTES)
        with_gpu = min(gpus, cores, room)
        cores_each = cores // with_gpu if with_gpu else 0
        kinds[Kind(1, cores_each)] += with_gpu
        kinds[Kind(0, 1)] += min(cores - with_gpu * cores_each, room - with_gpu)
    return +kinds


class Nodes(Protocol):
    """The workers."""

    def events(self, wait_s: float) -> Sequence[Event]:
        """What has happened since the last call; waits for something up to `wait_s`."""

    def start(self, worker_id: str, attempt_id: int, step: Step) -> None:
        """Start a step on a worker. If the worker is gone, an event says so."""

    def ask(self, worker_id: str, attempt_id: int, request: Request) -> None:
        """Ask a running step to stop."""

    def kill(self, worker_id: str) -> None:
        """End a worker; no event follows. Another one takes its place."""

    def states(self) -> Mapping[str, StepState]:
        """What each worker was doing when it was last heard of."""

    def want(self, slots: Mapping[Resources, int]) -> None:
        """How many pieces should run at once, by what they need: the cluster may grow, or end idle workers."""
