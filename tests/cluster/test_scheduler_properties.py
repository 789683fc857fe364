"""What holds for every sequence of jobs, workers, failures and cancellations."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from frametally.cluster.scheduler import Scheduler
from frametally.cluster.scheduling.terms import Assignment, Attempt, JobSpec, Resources, WorkerSpec
from tests.support.soak import iterations

SIZES = (Resources(), Resources(cpus=4.0, memory_bytes=8), Resources(gpus=1.0, cpus=2.0))
NEEDS = (Resources(), Resources(memory_bytes=4), Resources(gpus=0.5))

small = st.integers(0, 7)
events = st.one_of(
    st.tuples(
        st.just("job"), st.integers(1, 6), st.sampled_from(NEEDS), st.sampled_from(["a", "b", "c"]), st.booleans()
    ),
    st.tuples(st.just("worker"), st.sampled_from(SIZES), st.integers(1, 2)),
    st.tuples(st.just("finish"), small, st.integers(0, 2)),
    st.tuples(st.just("stop"), small),
    st.tuples(st.just("end worker"), small, st.sampled_from(["crashed", "lost"])),
    st.tuples(st.just("end job"), small),
    st.tuples(st.just("wait"), st.integers(1, 60)),
)


class Cluster:
    """Carries out what the scheduler decides, and checks it against a plain account of all pieces."""

    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self.now_s = 0.0
        self.open: dict[str, set[int]] = {}
        """The pieces of each job that have no result."""
        self.specs: dict[str, JobSpec] = {}
        self.workers: dict[str, WorkerSpec] = {}
        self.loaded: dict[str, set[str]] = {}
        self.running: dict[int, Attempt] = {}
        self.late: list[Attempt] = []
        """Attempts of lost workers: they may still report."""
        self.failed: set[str] = set()

    def add_job(self, pieces: int, need: Resources, models: str, can_stop: bool) -> None:
        spec = JobSpec(f"job {len(self.specs)}", models, [40.0 / pieces] * pieces, need, can_stop)
        self.specs[spec.id], self.open[spec.id] = spec, set(range(pieces))
        self.scheduler.add_job(spec)

    def add_worker(self, size: Resources, slots: int) -> None:
        spec = WorkerSpec(f"worker {len(self.loaded)}", size, slots)
        self.workers[spec.id], self.loaded[spec.id] = spec, set()
        self.scheduler.add_worker(spec)

    def assign(self) -> None:
        for assignment in self.scheduler.assign(self.now_s):
            self._check(assignment)
            self.running[assignment.attempt.id] = assignment.attempt

    def _check(self, assignment: Assignment) -> None:
        attempt, worker = assignment.attempt, self.workers[assignment.attempt.worker_id]
        assert attempt.piece in self.open[attempt.job_id]
        assert self.specs[attempt.job_id].need.fits_into(worker.size)
        same = [
            other for other in self.running.values() if (other.job_id, other.piece) == (attempt.job_id, attempt.piece)
        ]
        assert len(same) == assignment.is_duplicate
        loaded = self.loaded[worker.id]
        assert assignment.is_warm == (assignment.models in loaded)
        in_use = {self.specs[other.job_id].models for other in self.running.values() if other.worker_id == worker.id}
        assert not in_use & set(assignment.unload)
        loaded -= set(assignment.unload)
        loaded.add(assignment.models)
        assert len(loaded) <= worker.model_sets
        busy = Counter(other.worker_id for other in self.running.values())
        assert busy[worker.id] < worker.slots

    def finish(self, attempt: Attempt, rest: int = 0) -> None:
        self.running.pop(attempt.id, None)
        outcome = self.scheduler.finished(attempt.id, self.now_s, [2.0] * rest)
        pieces = self.open.get(attempt.job_id, set())
        if not outcome.is_counted:
            assert attempt.piece not in pieces or attempt in self.late
            return
        pieces.remove(attempt.piece)  # raises KeyError if it is counted twice
        pieces.update(outcome.added)
        assert outcome.is_job_done == (not pieces)
        assert all(other.piece == attempt.piece and other.id in self.running for other in outcome.stop)

    def end_worker(self, worker_id: str, cause: Any) -> None:
        del self.workers[worker_id]
        lost = [attempt for attempt in self.running.values() if attempt.worker_id == worker_id]
        for attempt in lost:
            del self.running[attempt.id]
        self.late += lost
        for failure in self.scheduler.remove_worker(worker_id, cause):
            assert failure.job_id in {attempt.job_id for attempt in lost}
            self.failed.add(failure.job_id)
            del self.open[failure.job_id]
            assert all(attempt.id in self.running for attempt in failure.stop)

    def end_job(self, job_id: str) -> None:
        stop = self.scheduler.end_job(job_id)
        assert {attempt.id for attempt in stop} == {
            attempt.id for attempt in self.running.values() if attempt.job_id == job_id and job_id in self.open
        }
        self.open.pop(job_id, None)

    def apply(self, event: tuple[Any, ...]) -> None:
        match event:
            case ("job", *spec):
                self.add_job(*spec)
            case ("worker", size, slots):
                self.add_worker(size, slots)
            case ("finish", at, rest) if self.running or self.late:
                self.finish(pick([*self.running.values(), *self.late], at), rest)
            case ("stop", at) if self.running:
                attempt = pick(list(self.running.values()), at)
                del self.running[attempt.id]
                self.scheduler.stopped(attempt.id, self.now_s)
            case ("end worker", at, cause) if self.workers:
                self.end_worker(pick(list(self.workers), at), cause)
            case ("end job", at) if self.specs:
                self.end_job(pick(list(self.specs), at))
            case ("wait", seconds):
                self.now_s += seconds
                assert all(attempt.id in self.running for attempt in self.scheduler.to_stop(self.now_s))

    def drain(self) -> None:
        """Let workers of every size finish all that is left."""
        for size in SIZES * 2:  # of each size, one worker stays free of long pieces
            self.add_worker(size, 1)
        self.assign()
        while self.running:
            self.now_s += 1.0
            self.finish(next(iter(self.running.values())))
            self.assign()


def pick(among: list[Any], at: int) -> Any:
    return among[at % len(among)]


@settings(max_examples=iterations(40), deadline=None)
@given(st.lists(events, max_size=40))
def test_each_piece_is_counted_once_and_none_is_lost(sequence: list[tuple[Any, ...]]) -> None:
    cluster = Cluster()
    for event in sequence:
        cluster.apply(event)
        cluster.assign()
    cluster.drain()
    assert {job: pieces for job, pieces in cluster.open.items() if pieces} == {}
    assert cluster.scheduler.waiting_s == {}
    assert cluster.scheduler.wanted_slots() == {}


@settings(max_examples=iterations(8), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from("ab")), min_size=2, max_size=6), st.integers(1, 4))
def test_jobs_that_wait_get_the_same_service(jobs: list[tuple[int, str]], workers: int) -> None:
    """Whenever they come; what the first ones got before the last one came does not count."""
    scheduler, served = Scheduler(), Counter[str]()
    for number in range(workers):
        scheduler.add_worker(WorkerSpec(f"worker {number}"))
    running: list[Assignment] = []
    for step in range(60 + 40 * len(jobs)):
        for number, (comes, models) in enumerate(jobs):
            if comes == step:
                scheduler.add_job(JobSpec(f"job {number}", models, [5.0] * 2000))
        for assignment in running:
            scheduler.finished(assignment.attempt.id, 5.0 * step)
        running = scheduler.assign(5.0 * step)
        served.update(assignment.attempt.job_id for assignment in running if step > 60)
    fair = workers * (40 * len(jobs) - 1) / len(jobs)
    assert len(served) == len(jobs)
    assert all(abs(pieces - fair) <= 13 + 2 * workers for pieces in served.values()), served
