"""What the steps of a job have in common: how they show their progress, and what a call tells of its service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from frametally.errors import (
    InvalidResponse,
    JobError,
    RateLimited,
    ServerError,
    ServiceError,
    ServiceUnreachable,
)
from frametally.job import Job
from frametally.ledger.ledger import Ledger

_SHOW_EVERY_S = 2.0
_FAULTS = (ServiceUnreachable, ServerError, RateLimited, InvalidResponse)


@contextmanager
def heard(ledger: Ledger, service: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """One call to the API of a service: it has answered, a refusal is an answer, too, or there was a fault."""
    try:
        yield
    except _FAULTS as error:
        ledger.record_failure(service, clock(), error.retry_after_s)
        raise
    except ServiceError:
        ledger.record_success(service)
        raise
    ledger.record_success(service)


def progress_writer(ledger: Ledger, job: Job, clock: Callable[[], datetime]) -> Callable[[int, int | None], None]:
    """Writes the share done at most every two seconds, and ends the transfer where the job has moved on."""
    written_at = clock() - timedelta(seconds=_SHOW_EVERY_S)

    def write(done_bytes: int, total_bytes: int | None) -> None:
        nonlocal written_at
        now = clock()
        if (now - written_at).total_seconds() >= _SHOW_EVERY_S:
            written_at = now
            if not ledger.update(job, progress=done_bytes / total_bytes if total_bytes else None):
                raise JobError("The job has ended meanwhile, or somebody else is at work on it.")

    return write
