"""What the steps of a job have in common: how they show their progress, and what a call tells of its service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from frametally.errors import (
    AnswerUnreadable,
    JobError,
    ServiceBroken,
    ServiceBusy,
    ServiceError,
    ServiceUnreachable,
)
from frametally.job import Job
from frametally.ledger.ledger import Store

_SHOW_EVERY_S = 2.0
_FAULTS = (ServiceUnreachable, ServiceBroken, ServiceBusy, AnswerUnreadable)


@contextmanager
def heard(store: Store, service: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """One call to the API of a service: it has answered, a refusal is an answer, too, or there was a fault."""
    try:
        yield
    except _FAULTS as error:
        store.note_fault(service, clock(), error.retry_after_s)
        raise
    except ServiceError:
        store.note_answer(service)
        raise
    store.note_answer(service)


def progress_writer(store: Store, job: Job, clock: Callable[[], datetime]) -> Callable[[int, int | None], None]:
    """Writes the share done at most every two seconds, and ends the transfer where the job has moved on."""
    written_at = clock() - timedelta(seconds=_SHOW_EVERY_S)

    def write(done_bytes: int, total_bytes: int | None) -> None:
        nonlocal written_at
        now = clock()
        if (now - written_at).total_seconds() >= _SHOW_EVERY_S:
            written_at = now
            if not store.note(job, progress=done_bytes / total_bytes if total_bytes else None):
                raise JobError("The job has ended meanwhile, or somebody else is at work on it.")

    return write
