"""The workers of a cluster, as the coordinator sees them: what it may ask for, and what happens to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from frametally.cluster.scheduling.terms import Cause, WorkerSpec
from frametally.cluster.step_watch import Request
from frametally.cluster.steps import Answer, Step, StepState


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
