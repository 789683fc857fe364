"""The running attempts: where each runs, whether it was asked to stop, and its time limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from frametally.cluster.nodes import Nodes
from frametally.cluster.scheduling.terms import Attempt
from frametally.cluster.steps import Step, StepState
from frametally.engine.watchdog import READING

STOP_LIMIT_S: Final = 3.0
"""Time for a step to stop by itself; a frame by all models of a job may take longer."""
_SILENCE: Final = 2.0
"""A worker that does not answer for this many times the limit of its phase is ended."""


@dataclass
class _Running:
    attempt: Attempt
    started_s: float
    stop_until_s: float | None = None


class Attempts:
    """All running attempts, by their ids. Each worker runs one at a time."""

    def __init__(self, nodes: Nodes, clock: Callable[[], float]) -> None:
        self._nodes = nodes
        self._clock = clock
        self._running: dict[int, _Running] = {}
        self._heard: dict[int, tuple[StepState, float]] = {}
        """The last known state of each, and since when it has been the same."""

    def start(self, attempt: Attempt, step: Step) -> None:
        self._running[attempt.id] = _Running(attempt, self._clock())
        self._nodes.start(attempt.worker_id, attempt.id, step)

    def stop(self, attempt: Attempt) -> None:
        """Ask an attempt to stop without a result."""
        if (running := self._running.get(attempt.id)) and running.stop_until_s is None:
            running.stop_until_s = self._clock() + STOP_LIMIT_S
            self._nodes.ask(attempt.worker_id, attempt.id, "stop")

    def end(self, attempt_id: int) -> Attempt | None:
        """An attempt has ended; None if it is not known any more."""
        self._heard.pop(attempt_id, None)
        running = self._running.pop(attempt_id, None)
        return None if running is None else running.attempt

    def forget_worker(self, worker_id: str) -> None:
        for attempt_id in [one for one, running in self._running.items() if running.attempt.worker_id == worker_id]:
            self.end(attempt_id)

    def states(self) -> Iterator[tuple[Attempt, StepState]]:
        """What is known of each attempt that has begun."""
        states = self._nodes.states()
        for attempt_id, running in self._running.items():
            state = states.get(running.attempt.worker_id)
            if state is not None and state.step_id == attempt_id:
                yield running.attempt, state

    def over_limit(self) -> list[tuple[Attempt, str]]:
        """Attempts that must be ended with their workers, and why; no reason if they were asked to stop."""
        now_s = self._clock()
        found = [(running.attempt, "") for running in self._running.values() if now_s > (running.stop_until_s or now_s)]
        for attempt_id, running in self._running.items():
            if attempt_id not in self._heard and now_s - running.started_s > _SILENCE * READING.limit_s:
                found.append((running.attempt, READING.reason))
        for attempt, state in self.states():
            before, since_s = self._heard.get(attempt.id, (None, now_s))
            if before != state:
                self._heard[attempt.id] = state, now_s
                since_s = now_s
            is_silent = now_s - since_s > _SILENCE * state.limit_s
            if state.limit_s and (state.phase_s > state.limit_s or is_silent):
                found.append((attempt, state.reason))
        return found
