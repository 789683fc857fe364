"""The workers as actors of Ray: one for each core or GPU that the cluster has, replaced when they are lost."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import ray
import ray.util.client
from ray.autoscaler.sdk import request_resources
from ray.exceptions import ActorDiedError, RayError

from frametally.cluster.nodes import MEMORY_BYTES, Ended, Event, Gone, Joined, Kind, kinds_of
from frametally.cluster.scaling import Bundle, Scaling
from frametally.cluster.scheduling.terms import Cause, Resources, WorkerSpec
from frametally.cluster.step_actor import CONTROL, StepActor
from frametally.cluster.step_runner import MODEL_SETS
from frametally.cluster.step_watch import Request
from frametally.cluster.steps import Step, StepState, decode_answer, decode_state, encode
from frametally.config.version import version

STATE_EVERY_S: Final = 0.5
GROW_EVERY_S: Final = 1.0
RETRY_AFTER_S: Final = 10.0
"""After a worker could not be started."""
_NODE_DIED: Final = "node has died"
"""In the message of Ray's error."""
_LOG = logging.getLogger("frametally.cluster")


class _Call(NamedTuple):
    """A call whose answer is awaited."""

    kind: Literal["describe", "run", "state"]
    worker_id: str
    attempt_id: int = 0


@dataclass
class _Actor:
    handle: Any
    kind: Kind
    pid: int = 0
    is_ready: bool = False
    step: Step | None = None
    state: StepState = field(default_factory=StepState)
    asked_s: float = 0.0
    """When its state was asked for."""
    is_asked: bool = False


class RayNodes:
    """All actors of one coordinator, which end with it."""

    def __init__(
        self,
        models_dir: Path,
        storage_url: str,
        secrets: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to start actors, in the cluster that `ray.init` has joined.

        Args:
            models_dir: the folder of the models, the same on every node.
            storage_url: of the objects that all nodes share.
            secrets: keys of inference servers and of the object storage.
            clock: seconds that only run forward.
        """
        self._arguments = str(models_dir), storage_url, dict(secrets)
        self._clock = clock
        self._class: Any = ray.remote(max_restarts=0, concurrency_groups={CONTROL: 1})(StepActor)
        self._actors: dict[str, _Actor] = {}
        self._calls: dict[Any, _Call] = {}
        self._started = 0
        self._grown_s = self._not_before_s = float("-inf")
        self._scaling = Scaling(_ask_for, clock)

    def events(self, wait_s: float) -> Sequence[Event]:
        now_s = self._clock()
        if self._scaling.is_idle:
            return self._end_idle(wait_s)
        if now_s - self._grown_s > GROW_EVERY_S:
            self._grown_s = now_s
            self._grow(now_s)
        self._ask_for_states(now_s)
        if not self._calls:
            time.sleep(wait_s)
            return []
        ready, _ = ray.wait(list(self._calls), num_returns=1, timeout=wait_s)
        if ready:
            ready, _ = ray.wait(list(self._calls), num_returns=len(self._calls), timeout=0)
        return [event for ref in ready for event in self._answered(ref)]

    def start(self, worker_id: str, attempt_id: int, step: Step) -> None:
        actor = self._actors[worker_id]
        actor.state, actor.step = StepState(), step
        self._calls[actor.handle.run.remote(attempt_id, encode(step))] = _Call("run", worker_id, attempt_id)

    def ask(self, worker_id: str, attempt_id: int, request: Request) -> None:
        if actor := self._actors.get(worker_id):
            actor.handle.ask.remote(attempt_id, request)

    def kill(self, worker_id: str) -> None:
        if actor := self._forget(worker_id):
            ray.kill(actor.handle)

    def want(self, slots: Mapping[Resources, int]) -> None:
        self._scaling.want(slots)

    def states(self) -> Mapping[str, StepState]:
        return {worker_id: actor.state for worker_id, actor in self._actors.items()}

    def running(self) -> Mapping[str, Step]:
        """The step of each worker that has one."""
        return {worker_id: actor.step for worker_id, actor in self._actors.items() if actor.step}

    def pid_of(self, worker_id: str) -> int:
        """The process of a worker, on the machine of its node."""
        return self._actors[worker_id].pid

    def close(self) -> None:
        """End all workers."""
        for worker_id in list(self._actors):
            self.kill(worker_id)

    def _end_idle(self, wait_s: float) -> list[Event]:
        """End all workers, as there is nothing to do for them."""
        ended: list[Event] = [Gone(worker_id, "lost") for worker_id, actor in self._actors.items() if actor.is_ready]
        self.close()
        time.sleep(0.0 if ended else wait_s)
        return ended

    def _grow(self, now_s: float) -> None:
        """Start the actors that the nodes have room for and do not have yet."""
        if now_s < self._not_before_s:
            return
        wanted = kinds_of(node["Resources"] for node in ray.nodes() if node["Alive"])
        for kind in (wanted - Counter(actor.kind for actor in self._actors.values())).elements():
            self._start_actor(kind)

    def _start_actor(self, kind: Kind) -> None:
        self._started += 1
        options = {"num_gpus": kind.gpus, "num_cpus": kind.cores, "memory": MEMORY_BYTES}
        handle = self._class.options(**options).remote(*self._arguments, kind.cores)
        worker_id = str(self._started)
        self._actors[worker_id] = _Actor(handle, kind)
        self._calls[handle.describe.remote()] = _Call("describe", worker_id)

    def _ask_for_states(self, now_s: float) -> None:
        for worker_id, actor in self._actors.items():
            if actor.is_ready and not actor.is_asked and now_s - actor.asked_s > STATE_EVERY_S:
                actor.asked_s, actor.is_asked = now_s, True
                state = actor.handle.state.remote()
                self._calls[state] = _Call("state", worker_id)

    def _answered(self, ref: Any) -> Iterator[Event]:
        call = self._calls.pop(ref, None)
        actor = self._actors.get(call.worker_id) if call else None
        if call is None or actor is None:  # of a worker that is gone
            return
        try:
            value = ray.get(ref)
        except RayError as error:
            yield from self._lost(call.worker_id, error)
            return
        if call.kind == "run":
            actor.step = None
            yield Ended(call.attempt_id, decode_answer(value))
        elif call.kind == "state":
            actor.state, actor.is_asked = decode_state(value), False
        elif value.version == version():
            actor.is_ready, actor.pid = True, value.pid
            size = Resources(gpus=actor.kind.gpus, cpus=actor.kind.cores)
            yield Joined(WorkerSpec(call.worker_id, size, model_sets=MODEL_SETS))
        else:
            _LOG.error("a node of the cluster has version %s, not %s; it is not used", value.version, version())
            self._not_before_s = self._clock() + RETRY_AFTER_S
            self.kill(call.worker_id)

    def _lost(self, worker_id: str, error: RayError) -> Iterator[Event]:
        actor = self._forget(worker_id)
        if actor is None:
            return
        ray.kill(actor.handle)  # it may only be out of reach: then it must not go on
        cause: Cause = "crashed" if isinstance(error, ActorDiedError) and _NODE_DIED not in str(error) else "lost"
        _LOG.warning("worker %s of the cluster is gone (%s)", worker_id, cause)
        if actor.is_ready:
            yield Gone(worker_id, cause)
        else:
            _LOG.warning("it could not be started: %s", str(error).strip()[-500:])
            self._not_before_s = self._clock() + RETRY_AFTER_S

    def _forget(self, worker_id: str) -> _Actor | None:
        for ref in [ref for ref, call in self._calls.items() if call.worker_id == worker_id]:
            del self._calls[ref]
        return self._actors.pop(worker_id, None)


def _ask_for(bundles: list[Bundle]) -> None:
    """Ask the autoscaler for room for these at once."""
    if ray.util.client.ray.is_connected():  # a client of Ray can ask only from within the cluster
        ray.remote(num_cpus=0)(request_resources).remote(bundles=bundles)
        return
    with suppress(RayError):  # it is asked again when something else is wanted
        request_resources(bundles=bundles)
