"""The figures of a simulated run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles

from benchmarks.cluster_simulation.cluster import Machines, Record
from benchmarks.cluster_simulation.ledger_load import statements_each_second
from benchmarks.cluster_simulation.workload import SimulatedJob

OBJECTS_OF_PIECE = 2
"""Its result, which is written once, and read once when the job is put together."""
OBJECTS_OF_JOB = 3
"""The video, its plan, and the results."""


Which = Callable[[SimulatedJob], bool]


def _all(_job: SimulatedJob) -> bool:
    return True


@dataclass(frozen=True)
class Summary:
    """A run that has ended."""

    jobs: Sequence[SimulatedJob]
    machines: Machines
    record: Record

    @property
    def arrive(self) -> bool:
        """Whether the jobs come one after the other."""
        return self.jobs[-1].submitted_s > 0

    @property
    def makespan_s(self) -> float:
        return max(self.record.ended_s.values())

    @property
    def bound_s(self) -> float:
        """No schedule is shorter: all work on all workers, or the longest job that cannot be cut."""
        longest_s = max((job.work_s for job in self.jobs if not job.spec.can_stop), default=0.0)
        return max(self.work_s / self.machines.workers, longest_s)

    @property
    def work_s(self) -> float:
        """Of all jobs, on one worker without any overhead."""
        return sum(job.work_s for job in self.jobs)

    def waits_s(self, which: Which = _all) -> list[float]:
        """From the submission to the first piece."""
        return sorted(self.record.waited_s[job.spec.id] for job in self._ended(which))

    def slowdowns(self, which: Which) -> list[float]:
        """How many times longer than on an empty cluster, where it has all workers for itself."""
        return sorted(self._response_s(job) / self._alone_s(job) for job in self._ended(which))

    @property
    def statements_each_second(self) -> list[int]:
        """On the ledger."""
        record = self.record
        seconds = zip(record.submitted_each_second, record.ended_each_second, record.open_each_second, strict=True)
        return list(statements_each_second(seconds))

    @property
    def objects_each_second(self) -> list[int]:
        """Written and read, without ranges of videos."""
        record = self.record
        seconds = zip(record.results_each_second, record.ended_each_second, strict=True)
        return [OBJECTS_OF_PIECE * results + OBJECTS_OF_JOB * ended for results, ended in seconds]

    def _ended(self, which: Which) -> Iterator[SimulatedJob]:
        return (job for job in self.jobs if job.spec.id in self.record.ended_s and which(job))

    def _response_s(self, job: SimulatedJob) -> float:
        return self.record.ended_s[job.spec.id] - job.submitted_s

    def _alone_s(self, job: SimulatedJob) -> float:
        machines, piece_s = self.machines, max(job.spec.pieces_s) * job.factor
        prepare_s = machines.prepare_s + machines.prepare_per_video * sum(job.spec.pieces_s)
        return prepare_s + machines.load_s + max(job.work_s / machines.workers, piece_s) + machines.open_s


def percentile(values: Sequence[float], of_1000: int) -> float:
    """The value that `of_1000` of 1,000 do not exceed; 1000 gives the largest."""
    return max(values) if of_1000 == 1000 or len(values) < 2 else quantiles(values, n=1000)[of_1000 - 1]
