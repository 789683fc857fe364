"""The lease of whoever works on a job: how long it lasts, and how a long step keeps it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from frametally.job import Job
from frametally.ledger.ledger import Ledger

LEASE_S = 120.0
"""How long one actor may be silent before another takes the job over."""
RENEW_EVERY_S = 30.0
_LOG = logging.getLogger(__name__)


@contextmanager
def lease_held(ledger: Ledger, job: Job, clock: Callable[[], datetime]) -> Iterator[None]:
    """Nobody else takes the job over meanwhile, however long a line stands still or a file takes to read."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_EVERY_S):
            try:
                ledger.update(job, next_check_at=clock() + timedelta(seconds=LEASE_S))
            except SQLAlchemyError:
                _LOG.exception("The lease of job %s could not be renewed; trying again", job.id)

    thread = threading.Thread(target=renew, name=f"lease {job.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
