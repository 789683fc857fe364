"""Fair queueing: which job is served next.

Every job has a tag: the virtual time when it came, plus the seconds of service that it has had since; the job with the
smallest tag is next. The virtual time advances by the service that each job would have had if all shared the workers
equally. So jobs that wait share the workers equally, whatever their length, and a stream of short ones takes no more
than about its share from a long one. In its first minute of service, a job is a minute ahead of its tag: it does not
wait behind earlier ones, and a short job is done at once while many wait. A longer job pays that back; jobs that ended
earlier do not, so that others are behind the virtual time. These move it only half as far, until they have caught up.

- A. K. Parekh, R. G. Gallager: A generalized processor sharing approach to flow control, IEEE/ACM ToN 1993: the virtual
  time.
- P. Goyal, H. M. Vin, H. Cheng: Start-time fair queueing, SIGCOMM 1996: tags at the start of a piece, whose length is
  not known; what it took beyond expectation is added afterwards.
- K. J. Duda, D. R. Cheriton: Borrowed-virtual-time scheduling, SOSP 1999: the first minute. It is bounded, so that it
  starves no other job.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from frametally.cluster.scheduling.active_job import ActiveJob, Demand

_Entry = tuple[float, int, int, ActiveJob]
_CATCHING_UP: Final = 0.5
_Key = TypeVar("_Key", Demand, str)


class FairQueue:
    """The jobs that have waiting pieces, by tag. Each operation is O(log n); void entries are dropped later.

    Each pool of workers (with GPU or without, for long pieces or others) has a virtual time of its own: jobs that wait
    for a busy one must not be moved back by the service that an idle one gives.
    """

    def __init__(self, credit_s: float) -> None:
        self._credit_s = credit_s
        self._shares: dict[tuple[float, bool], _Share] = defaultdict(_Share)
        self._by_demand: dict[Demand, list[_Entry]] = {}
        self._by_models: dict[str, list[_Entry]] = {}
        self._waiting: dict[int, ActiveJob] = {}

    def __len__(self) -> int:
        """The number of jobs that have waiting pieces."""
        return len(self._waiting)

    @property
    def demands(self) -> list[Demand]:
        """What the jobs that wait need."""
        return list(self._by_demand)

    @property
    def waiting(self) -> Iterable[ActiveJob]:
        """The jobs that have waiting pieces, in any order."""
        return self._waiting.values()

    def add(self, job: ActiveJob) -> None:
        """A job comes."""
        self._share(job).jobs += 1
        self.update(job)

    def remove(self, job: ActiveJob) -> None:
        """A job has ended."""
        self._share(job).jobs -= 1
        job.has_ended = True
        self.update(job)

    def update(self, job: ActiveJob) -> None:
        """Let a job wait at its place if it has waiting pieces, else not."""
        job.version += 1
        if job.has_ended or not job.queued:
            self._waiting.pop(job.number, None)
            return
        if job.number not in self._waiting:  # it comes, or comes back: no credit for the time without pieces
            self._waiting[job.number] = job
            job.tag_s = max(job.tag_s, self._share(job).virtual_s)
        entry = (self.place_s(job), job.number, job.version, job)
        self._push(self._by_demand.setdefault(job.demand, []), entry)
        self._push(self._by_models.setdefault(job.spec.models, []), entry)

    def place_s(self, job: ActiveJob) -> float:
        """The tag of a job, less the credit of its first minute."""
        return job.tag_s if job.attained_s >= self._credit_s else job.tag_s - self._credit_s

    def charge(self, job: ActiveJob, seconds: float) -> None:
        """Move a job back by the service that it gets now, and by what earlier pieces took beyond expectation."""
        due_s = seconds + job.owed_s
        service_s, job.owed_s = max(due_s, 0.0), min(due_s, 0.0)
        share = self._share(job)
        share.advance(service_s, is_behind=job.attained_s >= self._credit_s and job.tag_s < share.virtual_s)
        job.tag_s += service_s
        job.attained_s += service_s
        self.update(job)

    def fairest(self, demand: Demand) -> ActiveJob | None:
        """The next job with a demand."""
        return _first(self._by_demand, demand)

    def fairest_with(self, models: str) -> ActiveJob | None:
        """The next job for a worker that has these models loaded."""
        return _first(self._by_models, models)

    def _share(self, job: ActiveJob) -> _Share:
        return self._shares[job.spec.need.gpus, job.demand.is_long]

    def _push(self, heap: list[_Entry], entry: _Entry) -> None:
        heapq.heappush(heap, entry)
        if len(heap) > 4 * len(self._waiting) + 64:  # else a heap whose top is not asked for grows without end
            heap[:] = [each for each in heap if not _is_void(each)]
            heapq.heapify(heap)


def _first(heaps: dict[_Key, list[_Entry]], key: _Key) -> ActiveJob | None:
    heap = heaps.get(key, [])
    while heap and _is_void(heap[0]):
        heapq.heappop(heap)
    if heap:
        return heap[0][-1]
    heaps.pop(key, None)
    return None


def _is_void(entry: _Entry) -> bool:
    *_, version, job = entry
    return version != job.version or job.has_ended or not job.queued


@dataclass(slots=True)
class _Share:
    """The virtual time of one pool, and how many jobs share it."""

    virtual_s: float = 0.0
    jobs: int = 0

    def advance(self, seconds: float, *, is_behind: bool) -> None:
        """Distribute seconds of service that one job gets."""
        self.virtual_s += seconds / self.jobs * (_CATCHING_UP if is_behind else 1.0)
