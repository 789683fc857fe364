"""Work beside the coordinator's own: videos are brought to the workers, results put together, objects deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from frametally.engine.spool import SpooledJob

_THREADS: Final = 4


class SideWork:
    """At most one piece of work for each job, in threads of its own; downloads, which may take hours, in others."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "side work")
        self._downloads = ThreadPoolExecutor(_THREADS, "downloads")
        self._running: dict[str, tuple[SpooledJob, Future[None]]] = {}

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._running

    def __len__(self) -> int:
        return len(self._running)

    def start(self, job: SpooledJob, work: Callable[[], None], *, is_download: bool = False) -> None:
        self._running[job.id] = job, (self._downloads if is_download else self._threads).submit(work)

    def ended(self) -> Iterator[tuple[SpooledJob, Exception | None]]:
        """The jobs whose work has ended, and the error if it failed."""
        for job_id, (job, future) in list(self._running.items()):
            if future.done():
                del self._running[job_id]
                error = future.exception()
                yield job, error if error is None or isinstance(error, Exception) else RuntimeError(str(error))

    def close(self) -> None:
        """Start nothing any more, and wait for what runs: two merges of a job would write the same files."""
        for threads in (self._downloads, self._threads):
            threads.shutdown(cancel_futures=True)
