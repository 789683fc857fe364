"""Discrete events of a cluster that does what the real scheduler decides."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from benchmarks.cluster_simulation.workload import PIECE_S, SimulatedJob
from frametally.cluster.scheduler import Scheduler
from frametally.cluster.scheduling.terms import Assignment, Attempt, JobSpec, Rules, WorkerSpec


@dataclass(frozen=True)
class Machines:
    """The workers, and what goes wrong with them."""

    workers: int = 1000
    workers_of_node: int = 8
    failures_per_hour: float = 0.01
    """The share of nodes that fail, each with all of its workers."""
    noticed_after_s: float = 10.0
    back_after_s: float = 300.0
    model_sets: int = 2
    """Kept loaded by each worker."""
    load_s: float = 2.0
    """To load a set of models."""
    open_s: float = 0.2
    """To open the video for a piece, decode from the keyframe before it, and write its result."""
    prepare_s: float = 1.0
    prepare_per_video: float = 2e-4
    """Reads the index of a video, before it can be cut: seconds, plus a share of its work."""
    spread: float = 0.1
    """How much the pieces of a job differ: standard deviation of the logarithm."""
    stalls: float = 0.005
    """The share of pieces (of a long one: of its time) that take four times as long: a busy neighbor, a slow disk."""
    stop_s: float = 0.3
    """Until the next frame, at which a piece can stop."""


@dataclass
class Record:
    """What happened: times in seconds."""

    waited_s: dict[str, float] = field(default_factory=dict)
    """From the submission of a job to its first piece."""
    ended_s: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    pieces: int = 0
    loads: int = 0
    duplicates: int = 0
    handed_back: int = 0
    lost_nodes: int = 0
    lost_attempts: int = 0
    open_each_second: list[int] = field(default_factory=list)
    submitted_each_second: list[int] = field(default_factory=list)
    ended_each_second: list[int] = field(default_factory=list)
    results_each_second: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    attempt: Attempt
    job: SimulatedJob
    started_s: float
    took_s: float
    expected_s: float


class Simulation:
    """One run. Every job is two jobs for the scheduler, as in the real cluster: its preparation, and its pieces."""

    def __init__(self, jobs: list[SimulatedJob], machines: Machines, seed: int, rules: Rules | None = None) -> None:
        self.record = Record()
        self._machines = machines
        self._random = Random(seed)
        self._scheduler = Scheduler(rules) if rules else Scheduler()
        self._jobs = {job.spec.id: job for job in jobs}
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = itertools.count()
        self._runs: dict[int, _Run] = {}
        self._rests_s: dict[tuple[str, int], float] = {}
        """Expected seconds of the pieces that were handed back."""
        self._nodes: dict[int, list[str]] = {}
        self._dead: set[str] = set()
        self._open = len(jobs)
        self._submitted = 0
        self._counted = (0, 0, 0)
        self._factors = self._draw_factors()
        for job in jobs:
            self._at(job.submitted_s, partial(self._submit, job))
        for node in range(machines.workers // machines.workers_of_node):
            self._start_node(node)

    def run(self) -> Record:
        """Run until every job has ended."""
        self._at(0.0, self._tick)
        if self._machines.failures_per_hour:
            self._at(self._next_failure(0.0), self._fail_node)
        while self._open:
            now_s, _, happen = heapq.heappop(self._events)
            happen(now_s)
            for assignment in self._scheduler.assign(now_s):
                self._begin(assignment, now_s)
        return self.record

    def _at(self, when_s: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when_s, next(self._numbers), happen))

    # Jobs

    def _submit(self, job: SimulatedJob, _now_s: float) -> None:
        self._submitted += 1
        machines = self._machines
        prepare_s = machines.prepare_s + machines.prepare_per_video * sum(job.spec.pieces_s)
        self._scheduler.add_job(JobSpec(f"prepare {job.spec.id}", job.spec.models, [prepare_s], can_stop=False))

    def _begin(self, assignment: Assignment, now_s: float) -> None:
        attempt, record, machines = assignment.attempt, self.record, self._machines
        job_id = attempt.job_id.removeprefix("prepare ")
        job = self._jobs[job_id]
        is_piece = job_id == attempt.job_id
        rest_s = self._rests_s.get((attempt.job_id, attempt.piece), job.spec.pieces_s[0])
        expected_s = rest_s if is_piece else machines.prepare_s
        took_s = self._took_s(job, expected_s) if is_piece else expected_s
        if is_piece and job_id not in record.waited_s:
            record.waited_s[job_id] = now_s - job.submitted_s
        if not assignment.is_warm:  # the preparation measures the models
            record.loads += 1
            took_s += machines.load_s
        record.duplicates += assignment.is_duplicate
        self._runs[attempt.id] = _Run(attempt, job, now_s, took_s, expected_s)
        self._at(now_s + took_s, partial(self._finish, attempt.id, 0.0))

    def _took_s(self, job: SimulatedJob, expected_s: float) -> float:
        """A piece that takes an hour is as unlikely to take four times as long as all pieces of another hour."""
        drawn = [next(self._factors) for _ in range(max(1, round(expected_s / PIECE_S)))]
        return expected_s * job.factor * sum(drawn) / len(drawn) + self._machines.open_s

    def _finish(self, number: int, rest_s: float, now_s: float) -> None:
        run = self._runs.get(number)
        if run is None or run.attempt.worker_id in self._dead:
            return  # it was stopped, or its report does not arrive
        del self._runs[number]
        outcome = self._scheduler.finished(number, now_s, [rest_s] if rest_s else [])
        for other in outcome.stop:
            self._at(now_s + self._machines.stop_s, partial(self._stop, other))
        if not outcome.is_counted:
            return
        self._rests_s.update(((run.attempt.job_id, piece), rest_s) for piece in outcome.added)
        if run.attempt.job_id != run.job.spec.id:
            self._scheduler.add_job(run.job.spec)
            return
        self.record.pieces += 1
        self.record.handed_back += rest_s > 0
        if outcome.is_job_done:
            self._end(run.job, now_s)

    def _stop(self, attempt: Attempt, now_s: float) -> None:
        if attempt.worker_id not in self._dead and attempt.id in self._runs:
            del self._runs[attempt.id]
            self._scheduler.stopped(attempt.id, now_s)

    def _hand_back(self, attempt: Attempt, now_s: float) -> None:
        if (run := self._runs.get(attempt.id)) is None:
            return
        left = 1.0 - (now_s - run.started_s) / run.took_s
        self._finish(attempt.id, max(left, 0.0) * run.expected_s, now_s)

    def _end(self, job: SimulatedJob, now_s: float) -> None:
        self.record.ended_s[job.spec.id] = now_s
        self._open -= 1

    # Machines

    def _start_node(self, node: int, _now_s: float = 0.0) -> None:
        self._nodes[node] = [f"{node}.{next(self._numbers)}" for _ in range(self._machines.workers_of_node)]
        for worker_id in self._nodes[node]:
            self._scheduler.add_worker(WorkerSpec(worker_id, model_sets=self._machines.model_sets))

    def _next_failure(self, now_s: float) -> float:
        nodes = self._machines.workers / self._machines.workers_of_node
        return now_s + self._random.expovariate(nodes * self._machines.failures_per_hour / 3600.0)

    def _fail_node(self, now_s: float) -> None:
        self._at(self._next_failure(now_s), self._fail_node)
        if not self._nodes:
            return
        node = self._random.choice(list(self._nodes))
        workers = self._nodes.pop(node)
        self._dead.update(workers)
        self.record.lost_nodes += 1
        self._at(now_s + self._machines.noticed_after_s, partial(self._notice, workers))
        self._at(now_s + self._machines.back_after_s, partial(self._start_node, node))

    def _notice(self, workers: list[str], _now_s: float) -> None:
        lost = [number for number, run in self._runs.items() if run.attempt.worker_id in workers]
        for number in lost:
            del self._runs[number]
        self.record.lost_attempts += len(lost)
        for worker_id in workers:
            for failed in self._scheduler.remove_worker(worker_id, "lost"):
                self.record.failed.append(failed.job_id)
                self._open -= 1

    def _tick(self, now_s: float) -> None:
        """What the coordinator does once a second."""
        self._at(now_s + 1.0, self._tick)
        for attempt in self._scheduler.to_stop(now_s):
            self._at(now_s + self._machines.stop_s, partial(self._hand_back, attempt))
        self._count_second()

    def _count_second(self) -> None:
        record, ended = self.record, len(self.record.ended_s) + len(self.record.failed)
        record.open_each_second.append(self._submitted - ended)
        record.submitted_each_second.append(self._submitted - self._counted[0])
        record.ended_each_second.append(ended - self._counted[1])
        record.results_each_second.append(record.pieces - self._counted[2])
        self._counted = self._submitted, ended, record.pieces

    def _draw_factors(self) -> itertools.cycle[float]:
        """How much longer than the average of its job a piece takes; to draw each one would take long."""
        machines = self._machines
        usual = [self._random.lognormvariate(0.0, machines.spread) for _ in range(9973)]
        return itertools.cycle(4.0 * each if self._random.random() < machines.stalls else each for each in usual)
