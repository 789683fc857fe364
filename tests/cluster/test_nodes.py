"""How many workers the nodes of a cluster have room for, and the limits of their steps."""

from __future__ import annotations

import pytest

from frametally.cluster.attempts import STOP_LIMIT_S, Attempts
from frametally.cluster.nodes import MEMORY_BYTES, Kind, kinds_of
from frametally.cluster.scheduling.terms import Attempt
from frametally.cluster.steps import JobFacts, Prepare, StepState

STEP = Prepare(JobFacts(id="job", video="video", models=[], infer_fps=1, objects="pieces/1/job"))


@pytest.mark.parametrize(
    ("cores", "gpus", "gib", "kinds"),
    [
        (4, 0, 16, {Kind(0, 1): 4}),
        (4, 0, 2, {Kind(0, 1): 2}),
        (16, 2, 64, {Kind(1, 8): 2}),
        (7, 2, 64, {Kind(1, 3): 2, Kind(0, 1): 1}),
        (0, 0, 8, {}),
        (1, 4, 8, {Kind(1, 1): 1}),
    ],
)
def test_a_node_has_workers_for_its_gpus_its_cores_and_its_memory(
    cores: int, gpus: int, gib: float, kinds: dict[Kind, int]
) -> None:
    assert kinds_of([{"CPU": cores, "GPU": gpus, "memory": gib * MEMORY_BYTES}]) == kinds


class QuietNodes:
    """One worker, whose state is set by the test."""

    def __init__(self) -> None:
        self.state = StepState()
        self.asked: list[tuple[str, int, str]] = []

    def start(self, worker_id: str, attempt_id: int, step: object) -> None:
        self.state = StepState(step_id=attempt_id, limit_s=120, reason="Decoding made no progress.")

    def ask(self, *request: object) -> None:
        self.asked.append(request)  # type: ignore[arg-type]

    def states(self) -> dict[str, StepState]:
        return {"worker": self.state}


def test_a_step_ends_at_the_limit_of_its_phase_or_of_its_silence() -> None:
    nodes, now_s = QuietNodes(), [0.0]
    attempts = Attempts(nodes, lambda: now_s[0])  # type: ignore[arg-type]
    attempt = Attempt(1, "job/1", 0, "worker")
    attempts.start(attempt, STEP)
    assert attempts.over_limit() == []
    nodes.state = StepState(step_id=1, limit_s=120, phase_s=121, reason="Decoding made no progress.")
    assert attempts.over_limit() == [(attempt, "Decoding made no progress.")]
    nodes.state = StepState(step_id=1, limit_s=120, phase_s=3, reason="Decoding made no progress.")
    assert attempts.over_limit() == []
    now_s[0] = 241
    assert attempts.over_limit() == [(attempt, "Decoding made no progress.")]


def test_a_step_that_does_not_stop_is_ended_without_a_reason() -> None:
    nodes, now_s = QuietNodes(), [0.0]
    attempts = Attempts(nodes, lambda: now_s[0])  # type: ignore[arg-type]
    attempt = Attempt(1, "job/1", 0, "worker")
    attempts.start(attempt, STEP)
    attempts.stop(attempt)
    attempts.stop(attempt)
    assert nodes.asked == [("worker", 1, "stop")]
    now_s[0] = STOP_LIMIT_S + 0.1
    assert attempts.over_limit() == [(attempt, "")]
    assert attempts.end(1) == attempt
    assert attempts.end(1) is None
    assert attempts.over_limit() == []
