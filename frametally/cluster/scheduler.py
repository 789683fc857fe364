"""Which piece of which job runs on which worker next: decisions only, without Ray, clock or input and output.

The one who calls it reports workers, jobs and the ends of attempts, and does what `assign` and `to_stop` answer; both
are asked after each report, and once a second. The rules:

- Jobs share the workers equally (`scheduling/fair_queue.py`). A new job is served by the next worker that becomes free.
- A worker goes on with models that it has loaded as long as their jobs are at most one piece, or `patience_s` of all
  workers, ahead of the fairest job, or ahead of its first minute if that was served in the last `patience_s` (delay
  scheduling: Zaharia et al., EuroSys 2010). A job without any service yet waits only for others like it. If
  several jobs wait, few pieces wait for one of many workers that have their models, instead of loading them elsewhere.
- Pieces that need a GPU go first where one is. Of each kind of worker, some stay free of long pieces that cannot stop.
- Idle workers run overdue pieces a second time (backup tasks: Dean, Ghemawat: MapReduce, OSDI 2004); the first result
  counts, any later one is ignored.
- Pieces of a lost worker wait again. A piece that crashed `max_crashes` workers fails its job.

`assign` costs O(log n) for each piece that it starts, in the number of jobs, times the number of different needs.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from frametally.cluster.scheduling.active_job import ActiveJob
from frametally.cluster.scheduling.fair_queue import FairQueue
from frametally.cluster.scheduling.terms import (
    Assignment,
    Attempt,
    Cause,
    FailedJob,
    JobSpec,
    Outcome,
    Resources,
    Rules,
    WorkerSpec,
)
from frametally.cluster.scheduling.worker_pool import Kind, Worker, WorkerPool

_RULES: Final = Rules()
_LOOK_AGAIN_S: Final = 1.0
"""After none of the idle workers can take an overdue piece."""


@dataclass(slots=True, eq=False)
class _Run:
    """A running attempt; `charged_s` is what its job was charged for it, None for a duplicate."""

    attempt: Attempt
    job: ActiveJob
    worker: Worker
    started_s: float
    charged_s: float | None
    is_warm: bool


class Scheduler:
    """All jobs, workers and running attempts of one cluster. Times are seconds of any clock that only runs forward."""

    def __init__(self, rules: Rules = _RULES) -> None:
        self.rules = rules
        self._queue = FairQueue(rules.credit_s)
        self._pool = WorkerPool(rules)
        self._jobs: dict[str, ActiveJob] = {}
        self._runs: dict[int, _Run] = {}
        self._overdue: list[tuple[float, int]] = []
        self._asked_to_stop: set[int] = set()
        self._job_numbers = itertools.count()
        self._attempt_ids = itertools.count(1)

    # Reports

    def add_worker(self, worker: WorkerSpec) -> None:
        """A worker is ready."""
        self._pool.add(worker)

    def remove_worker(self, worker_id: str, cause: Cause) -> list[FailedJob]:
        """A worker is gone, with its attempts; returns the jobs that end by that. Unknown workers are ignored."""
        if (worker := self._pool.get(worker_id)) is None:
            return []
        runs = [self._runs.pop(attempt_id) for attempt_id in worker.attempts]
        for run in runs:
            self._pool.end(worker, run.job, run.attempt)
        self._pool.remove(worker)
        lost = [(run, run.job.end(run.attempt)) for run in runs]
        return [failure for run, others in lost if (failure := self._lose(run, others, cause))]

    def add_job(self, job: JobSpec, done: Collection[int] = ()) -> None:
        """A job is submitted, or known from before a restart with the pieces that are done; it has one left."""
        active = ActiveJob(job, next(self._job_numbers), done, self.rules.long_s)
        if job.id in self._jobs or not active.left:
            raise ValueError(f"Job {job.id} is known, or has nothing to do.")
        self._jobs[job.id] = active
        self._queue.add(active)

    def end_job(self, job_id: str) -> tuple[Attempt, ...]:
        """A job is canceled or has failed: none of its pieces starts any more; returns the attempts to stop."""
        if (job := self._jobs.pop(job_id, None)) is None:
            return ()
        self._queue.remove(job)
        return tuple(attempt for attempts in job.attempts.values() for attempt in attempts)

    def finished(self, attempt_id: int, now_s: float, rest_s: Sequence[float] = ()) -> Outcome:
        """An attempt has written its result; if it stopped early, `rest_s` has the expected seconds of what it left."""
        if (run := self._runs.pop(attempt_id, None)) is None:
            return Outcome(is_counted=False)
        job, piece = run.job, run.attempt.piece
        others = self._release(run, now_s - run.started_s)
        if job.has_ended or job.is_done(piece):
            return Outcome(is_counted=False)
        if run.is_warm and not rest_s:
            job.learn(piece, now_s - run.started_s)
        added = job.finish(piece, rest_s)
        if rest_s:
            self._queue.update(job)
        if not job.left:
            self.end_job(job.spec.id)
        return Outcome(True, is_job_done=not job.left, stop=others, added=added)

    def stopped(self, attempt_id: int, now_s: float) -> None:
        """An attempt has ended without a result, and its worker goes on: its piece waits again if it is needed."""
        if (run := self._runs.pop(attempt_id, None)) is not None:
            self._wait_again(run, self._release(run, now_s - run.started_s))

    # Decisions

    def assign(self, now_s: float) -> list[Assignment]:
        """All pieces that start now."""
        decided = []
        while (choice := self._choose(now_s)) is not None:
            job, worker = choice
            decided.append(self._start(job, worker, job.take(), now_s))
        while (overdue := self._choose_overdue(now_s)) is not None:
            job, worker, piece = overdue
            decided.append(self._start(job, worker, piece, now_s, is_duplicate=True))
        return decided

    def to_stop(self, now_s: float) -> list[Attempt]:
        """Attempts that should stop at their next frame and hand back the rest: a job waits that has no worker."""
        self._asked_to_stop &= self._runs.keys()
        first = [self._queue.fairest(demand) for demand in self._queue.demands]
        waiting = [job for job in first if job is not None and not job.attempts]
        asked = [self._longest_run(job, now_s) for job in waiting[len(self._asked_to_stop) :]]
        return [run.attempt for run in asked if run is not None]

    @property
    def waiting_s(self) -> dict[Resources, float]:
        """Expected seconds of all waiting pieces, by what they need."""
        waiting: dict[Resources, float] = defaultdict(float)
        for job in self._queue.waiting:
            waiting[job.spec.need] += job.queued_s
        return dict(waiting)

    def wanted_slots(self, within_s: float = 60.0) -> dict[Resources, int]:
        """How many pieces should run at once, by what they need, so that what waits ends in time, for autoscaling."""
        wanted = Counter(run.job.spec.need for run in self._runs.values())
        pieces = Counter[Resources]()
        for job in self._queue.waiting:
            pieces[job.spec.need] += job.queued
        for need, seconds in self.waiting_s.items():
            wanted[need] += min(pieces[need], math.ceil(seconds / within_s))
        return dict(wanted)

    def _choose(self, now_s: float) -> tuple[ActiveJob, Worker] | None:
        """The fairest job that a free worker can serve, and this worker; or a job that the worker is warm for."""
        best = None
        for demand in self._queue.demands if self._pool.has_free else ():
            job = self._queue.fairest(demand)
            if job is None or not (kinds := self._pool.usable_kinds(demand)):
                continue
            rank = self._pool.rank(demand, kinds[0])
            order = (-demand.need.gpus, rank, self._queue.place_s(job), job.number)
            if best is None or order < best[0]:
                best = order, job, kinds
        if best is None:
            return None
        _, job, kinds = best
        if (worker := self._pool.warm(kinds, job.spec.models)) is not None:
            return job, worker
        worker = self._pool.cold(kinds[0])
        if (warm_job := self._warm_job(worker, job, now_s)) is not None:
            return warm_job, worker
        if self._gets_a_warm_worker_soon(job, now_s, free=sum(len(kind.free) for kind in kinds)):
            return self._any_warm_job(kinds, job)
        return job, worker

    def _gets_a_warm_worker_soon(self, job: ActiveJob, now_s: float, free: int) -> bool:
        """Whether many more workers have the models than are free: one of them is there before they are loaded."""
        if (
            len(self._queue) == 1
            or not job.attained_s
            or job.demand.is_long
            or now_s - job.served_s >= self.rules.patience_s
        ):
            return False
        return max(2 * job.queued, 4 * free) <= self._pool.loaded[job.spec.models]

    def _any_warm_job(self, kinds: list[Kind], fairest: ActiveJob) -> tuple[ActiveJob, Worker] | None:
        """The fairest of the jobs whose models a free worker has loaded."""
        found = [
            (job, worker) for models, worker in self._pool.free_sets(kinds) if (job := self._queue.fairest_with(models))
        ]
        alike = [(job, worker) for job, worker in found if job.demand.is_like(fairest.demand)]
        fitting = [(job, worker) for job, worker in alike if job.spec.need.fits_into(worker.spec.size)]
        return min(fitting, key=lambda pair: self._queue.place_s(pair[0]), default=None)

    def _warm_job(self, worker: Worker, fairest: ActiveJob, now_s: float) -> ActiveJob | None:
        """The job to serve instead of the fairest one, because the worker has its models loaded."""
        if fairest.demand.is_long:
            return None
        warm = [job for models in worker.loaded if (job := self._queue.fairest_with(models))]
        alike = [job for job in warm if job.demand.is_like(fairest.demand)]
        fitting = [job for job in alike if job.spec.need.fits_into(worker.spec.size)]
        first = min(fitting, key=self._queue.place_s, default=None)
        return first if first is not None and self._may_go_first(first, fairest, now_s) else None

    def _may_go_first(self, warm: ActiveJob, fairest: ActiveJob, now_s: float) -> bool:
        rules, ahead_s = self.rules, self._queue.place_s(warm) - self._queue.place_s(fairest)
        if not fairest.attained_s:
            return not warm.attained_s and ahead_s <= rules.piece_s
        if now_s - fairest.served_s < rules.patience_s:
            ahead_s -= fairest.tag_s - self._queue.place_s(fairest)
        return ahead_s <= max(rules.piece_s, rules.patience_s * len(self._pool) / len(self._queue))

    def _choose_overdue(self, now_s: float) -> tuple[ActiveJob, Worker, int] | None:
        """A piece that takes much longer than expected, and an idle worker for a second attempt."""
        while self._pool.has_free and self._overdue and self._overdue[0][0] <= now_s:
            _, attempt_id = heapq.heappop(self._overdue)
            run = self._runs.get(attempt_id)
            if run is None or run.job.has_ended or len(run.job.attempts[run.attempt.piece]) > 1:
                continue
            if kinds := self._pool.usable_kinds(run.job.demand):
                worker = self._pool.warm(kinds, run.job.spec.models) or self._pool.cold(kinds[0])
                if worker is not run.worker:
                    return run.job, worker, run.attempt.piece
            heapq.heappush(self._overdue, (now_s + _LOOK_AGAIN_S, attempt_id))
        return None

    def _longest_run(self, job: ActiveJob, now_s: float) -> _Run | None:
        """The run that occupies a worker which the job could use for longest, and can stop."""
        for run in self._runs.values():  # in the order in which they started
            if now_s - run.started_s < self.rules.stop_after_s:
                return None
            can_stop = run.job.spec.can_stop and run.attempt.id not in self._asked_to_stop
            if can_stop and job.spec.need.fits_into(run.worker.spec.size):
                self._asked_to_stop.add(run.attempt.id)
                return run
        return None

    # Changes

    def _start(
        self, job: ActiveJob, worker: Worker, piece: int, now_s: float, *, is_duplicate: bool = False
    ) -> Assignment:
        attempt = Attempt(next(self._attempt_ids), job.spec.id, piece, worker.spec.id)
        is_warm = job.spec.models in worker.loaded
        expected_s = job.expected_s(piece)
        job.start(attempt, now_s)
        unloaded = self._pool.start(worker, job, attempt, lambda models: self._queue.fairest_with(models) is not None)
        charged_s = None if is_duplicate else expected_s
        self._runs[attempt.id] = _Run(attempt, job, worker, now_s, charged_s, is_warm)
        self._watch(attempt.id, now_s + self.rules.overdue * expected_s + self.rules.patience_s)
        if not is_duplicate:
            self._queue.charge(job, expected_s)
        return Assignment(attempt, job.spec.models, is_warm, unloaded, is_duplicate)

    def _watch(self, attempt_id: int, overdue_s: float) -> None:
        heapq.heappush(self._overdue, (overdue_s, attempt_id))
        if len(self._overdue) > 4 * len(self._runs) + 64:
            self._overdue = [entry for entry in self._overdue if entry[1] in self._runs]
            heapq.heapify(self._overdue)

    def _release(self, run: _Run, measured_s: float) -> tuple[Attempt, ...]:
        """Free the slot of an attempt that has ended; returns the other attempts of its piece."""
        self._pool.end(run.worker, run.job, run.attempt)
        if run.charged_s is not None:
            run.job.owed_s += measured_s - run.charged_s
        if abs(run.job.owed_s) > self.rules.piece_s and not run.job.has_ended:
            self._queue.charge(run.job, 0.0)
        return run.job.end(run.attempt)

    def _lose(self, run: _Run, others: tuple[Attempt, ...], cause: Cause) -> FailedJob | None:
        job, piece = run.job, run.attempt.piece
        job.owed_s -= run.charged_s or 0.0
        if job.has_ended or job.is_done(piece):
            return None
        limit = self.rules.max_crashes if cause == "crashed" else self.rules.max_losses
        if job.count_death(piece, cause) >= limit:
            return FailedJob(job.spec.id, piece, cause, self.end_job(job.spec.id))
        self._wait_again(run, others)
        return None

    def _wait_again(self, run: _Run, others: tuple[Attempt, ...]) -> None:
        job, piece = run.job, run.attempt.piece
        if not (others or job.has_ended or job.is_done(piece)):
            job.give_back(piece)
            self._queue.update(job)
