"""Services that do not answer: after some faults in a row one job tries, and the others wait for what comes of it.

In the ledger, as all processes together may not try more often than one. Any answer ends it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from frametally.backoff import Backoff
from frametally.job import JobStatus
from frametally.ledger.tables import JOB, OUTAGE

FAULTS_IN_A_ROW: Final = 3
"""One may be of a single job."""
BACKOFF: Final = Backoff(first_s=30.0, max_s=600.0)
TRY_S: Final = 45.0
"""As long as a call may take to fail; nobody else tries meanwhile."""


class Outage(Struct, frozen=True, kw_only=True):
    """A service that has not answered as it should since `began_at`."""

    service: str
    faults: int
    """In a row, of all its jobs; once they are held back, of those that tried."""
    began_at: datetime
    next_try_at: datetime | None
    """Nobody calls it before, but for a person who asks; None where there were too few faults for that."""


def read(connection: Connection) -> list[Outage]:
    """All there are now, by service."""
    rows = connection.execute(OUTAGE.select().order_by(OUTAGE.c.service)).mappings()
    return [Outage(**row) for row in rows]


def record_failure(connection: Connection, service: str, now: datetime, asked_for_s: float | None) -> None:
    """Count a fault, and hold the service's jobs back where it is one too many or the service asks for it."""
    _count(connection, service, now)
    faults, before = connection.execute(
        sa.select(OUTAGE.c.faults, OUTAGE.c.next_try_at).where(OUTAGE.c.service == service)
    ).one()
    pause_s = max(_pause_s(faults), asked_for_s or 0.0)
    if not pause_s:
        return
    until = max(before or now, now + timedelta(seconds=pause_s))
    connection.execute(OUTAGE.update().where(OUTAGE.c.service == service).values(next_try_at=until))
    waiting = sa.and_(JOB.c.service == service, JOB.c.next_check_at < until, _IS_OPEN)
    connection.execute(JOB.update().where(waiting).values(next_check_at=until))


def record_success(connection: Connection, service: str) -> None:
    """It is back: nobody waits for it any more."""
    connection.execute(OUTAGE.delete().where(OUTAGE.c.service == service))


def claim_probe(connection: Connection, service: str, now: datetime) -> bool:
    """Be the one who tries whether it is back; False where somebody else is."""
    its_time = sa.and_(OUTAGE.c.service == service, OUTAGE.c.next_try_at <= now)
    tried = {"next_try_at": now + timedelta(seconds=TRY_S), "faults": OUTAGE.c.faults + 1}
    return connection.execute(OUTAGE.update().where(its_time).values(tried)).rowcount == 1


def _count(connection: Connection, service: str, now: datetime) -> None:
    is_held = OUTAGE.c.next_try_at.is_not(None)  # then calls that were under way come back one after the other
    faults = sa.case((is_held, OUTAGE.c.faults), else_=OUTAGE.c.faults + 1)
    counted = OUTAGE.update().where(OUTAGE.c.service == service).values(faults=faults)
    if connection.execute(counted).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(OUTAGE.insert().values(service=service, faults=1, began_at=now))
    except IntegrityError:  # another process was quicker
        connection.execute(counted)


def _pause_s(faults: int) -> float:
    if faults < FAULTS_IN_A_ROW:
        return 0.0
    return BACKOFF.wait_s(faults - FAULTS_IN_A_ROW)


_IS_OPEN = sa.and_(JOB.c.status.in_([status for status in JobStatus if status.is_open]), JOB.c.deleted_at.is_(None))
