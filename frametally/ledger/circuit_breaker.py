"""Circuit breaker: after three consecutive failures one job probes the service while the others wait.

A success closes the circuit; `Ledger.circuit` defines what counts as a failure. Implemented here rather than by a
library: the processes of a deployment share the state through the ledger's database, SQLite included, while PyBreaker
and similar libraries keep it per process or in Redis.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from frametally.backoff import Backoff
from frametally.job import OPEN
from frametally.ledger.tables import JOB, OUTAGE

MAX_FAILURES: Final = 3
"""The circuit opens after this many consecutive failures: fewer may be due to a single job."""
BACKOFF: Final = Backoff(first_s=30.0, max_s=600.0)
PROBE_S: Final = 45.0
"""Longer than one request takes to time out; the next probe does not start before."""


class Outage(Struct, frozen=True, kw_only=True):
    """The circuit of a service whose last call failed."""

    service: str
    faults: int
    """Consecutive failures of all its jobs; once the circuit is open, the number grows with each probe."""
    began_at: datetime
    next_try_at: datetime | None
    """When the next probe is due; None while the circuit is closed. A manual refresh is not held back by it."""


def read(connection: Connection) -> list[Outage]:
    """All outages, by service."""
    rows = connection.execute(OUTAGE.select().order_by(OUTAGE.c.service)).mappings()
    return [Outage(**row) for row in rows]


def record_failure(connection: Connection, service: str, now: datetime, retry_after_s: float | None) -> None:
    """Count a failure; at `MAX_FAILURES` or on a requested pause, open the circuit and postpone the open jobs."""
    _count(connection, service, now)
    faults, before = connection.execute(
        sa.select(OUTAGE.c.faults, OUTAGE.c.next_try_at).where(OUTAGE.c.service == service)
    ).one()
    pause_s = max(_pause_s(faults), retry_after_s or 0.0)
    if not pause_s:
        return
    until = max(before or now, now + timedelta(seconds=pause_s))
    connection.execute(OUTAGE.update().where(OUTAGE.c.service == service).values(next_try_at=until))
    waiting = sa.and_(JOB.c.service == service, JOB.c.next_check_at < until, _IS_OPEN)
    connection.execute(JOB.update().where(waiting).values(next_check_at=until))


def record_success(connection: Connection, service: str) -> None:
    """Close the circuit."""
    connection.execute(OUTAGE.delete().where(OUTAGE.c.service == service))


def claim_probe(connection: Connection, service: str, now: datetime) -> bool:
    """Claim the next probe; False where it is not due, or another job has claimed it."""
    is_due = sa.and_(OUTAGE.c.service == service, OUTAGE.c.next_try_at <= now)
    claimed = {"next_try_at": now + timedelta(seconds=PROBE_S), "faults": OUTAGE.c.faults + 1}
    return connection.execute(OUTAGE.update().where(is_due).values(claimed)).rowcount == 1


def _count(connection: Connection, service: str, now: datetime) -> None:
    is_open = OUTAGE.c.next_try_at.is_not(None)  # failures of calls that began before it opened are not counted
    faults = sa.case((is_open, OUTAGE.c.faults), else_=OUTAGE.c.faults + 1)
    counted = OUTAGE.update().where(OUTAGE.c.service == service).values(faults=faults)
    if connection.execute(counted).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(OUTAGE.insert().values(service=service, faults=1, began_at=now))
    except IntegrityError:  # a concurrent process inserted it first
        connection.execute(counted)


def _pause_s(faults: int) -> float:
    return 0.0 if faults < MAX_FAILURES else BACKOFF.wait_s(faults - MAX_FAILURES)


_IS_OPEN = sa.and_(JOB.c.status.in_(sorted(OPEN)), JOB.c.deleted_at.is_(None))
