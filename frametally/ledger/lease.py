"""The lease on a job: the exclusive right to advance it for a while, which long steps renew.

Implemented here rather than by a library: leases are shared by all processes through the ledger's database, which may
be SQLite, and are acquired and renewed in the same statements as the job's state. Lock libraries need a separate
server, or work on one machine only.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from frametally.errors import JobError
from frametally.job import OPEN, Job
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB

LEASE_S = 120.0
"""Duration of a lease; if it is not renewed in this time, another process may take the job over."""
RENEW_EVERY_S = 30.0
_WRITE_PROGRESS_EVERY_S = 2.0
_LOG = logging.getLogger(__name__)


class CheckTime(NamedTuple):
    """When an open job is to be advanced next; a claim changes it, and so does each renewal of its lease."""

    job_id: str
    key_id: str
    next_check_at: datetime


def check_times_of_others(ledger: Ledger, service: str, ours: Sequence[str]) -> list[CheckTime]:
    """Those of the open jobs of a service that have none of these key ids."""
    is_open = sa.and_(JOB.c.status.in_(sorted(OPEN)), JOB.c.deleted_at.is_(None))
    query = sa.select(JOB.c.id, JOB.c.key_id, JOB.c.next_check_at).where(
        is_open, JOB.c.service == service, JOB.c.key_id.not_in(ours)
    )
    with ledger.reading() as connection:
        return [CheckTime(*row) for row in connection.execute(query)]


@contextmanager
def lease_held(ledger: Ledger, job: Job, clock: Callable[[], datetime]) -> Iterator[None]:
    """Renew the lease in the background, so that it does not expire while a transfer stalls or a file is read."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_EVERY_S):
            try:
                ledger.update(job, next_check_at=clock() + timedelta(seconds=LEASE_S))
            except SQLAlchemyError:
                _LOG.exception("The lease of job %s could not be renewed; retrying", job.id)

    thread = threading.Thread(target=renew, name=f"lease {job.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def progress_writer(ledger: Ledger, job: Job, clock: Callable[[], datetime]) -> Callable[[int, int | None], None]:
    """A callback for transfers that writes the progress at most every two seconds.

    Its arguments are the bytes transferred and the total, None where unknown. It raises `JobError`, which ends the
    transfer, if the job's status has changed.
    """
    written_at = clock() - timedelta(seconds=_WRITE_PROGRESS_EVERY_S)

    def write(done_bytes: int, total_bytes: int | None) -> None:
        nonlocal written_at
        now = clock()
        if (now - written_at).total_seconds() >= _WRITE_PROGRESS_EVERY_S:
            written_at = now
            share = done_bytes / total_bytes if total_bytes else None
            if not ledger.update(job, progress=share, run_progress=None):  # the frames of the run are no longer counted
                raise JobError("The job has ended, or another process is working on it.")

    return write
