"""What a change of the system clock means for the waiting times in the ledger."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from frametally.contract import STATUS_FLOOR_S
from frametally.job import OPEN, JobStatus
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB, NOTICE, NOTICE_CHANNEL, OUTAGE, RULE_CHECK, Timestamp

_WAITING: Final = sorted({*OPEN, JobStatus.LOST})
_PAST: Final = (JOB.c.created_at, JOB.c.uploaded_at, JOB.c.checked_at)
"""Times of what has happened to a job."""
_IS_WAITING: Final = sa.and_(JOB.c.status.in_(_WAITING), JOB.c.deleted_at.is_(None))


def forget_run_times(ledger: Ledger) -> None:
    """How long the open jobs have been running can no longer be read from the clock."""
    with ledger.writing() as connection:
        connection.execute(JOB.update().where(_IS_WAITING).values(run_started_at=None, run_progress=None))


def move_past(ledger: Ledger, now: datetime, by_s: float) -> None:
    """Move times of open jobs from before the clock was set by `by_s`, so that their ages and durations stay right.

    Every process that notices the change may do so. Set back, what lies in the future is moved. Set forward, what is as
    old as the change: after that it is too recent to be moved again, and what is twice as old may have been moved.
    """
    by = timedelta(seconds=by_s)
    with ledger.writing() as connection:
        # Forward, the workflow leaves the time out of the silence of a service.
        for column in _PAST if by_s > 0 else (*_PAST, JOB.c.last_known_at):
            was_before = column > now if by_s < 0 else sa.and_(column <= now - by, column > now - 2 * by)
            moved = sa.type_coerce(column, sa.BigInteger) + round(by_s * 1e6)
            values = {column.name: sa.type_coerce(moved, Timestamp)}
            connection.execute(JOB.update().where(_IS_WAITING, was_before).values(values))


def shorten_waits(ledger: Ledger, now: datetime, by_s: float) -> None:
    """Move times that were written before the clock was set back by `by_s`, and would otherwise be late by as much.

    Every process that notices the change may do so: no time gets closer than the minimum interval of status calls, in
    which also a process that works on a job renews its lease.
    """
    with ledger.writing() as connection:
        for column, rows in (
            (JOB.c.next_check_at, _IS_WAITING),
            (OUTAGE.c.next_try_at, sa.true()),
            (NOTICE.c.next_try_at, NOTICE.c.state == "waiting"),
            (RULE_CHECK.c.next_try_at, RULE_CHECK.c.state == "waiting"),
        ):
            is_late = sa.and_(rows, column > now + timedelta(seconds=LEASE_S))
            change = column.table.update().where(is_late).values({column.name: _moved(column, now, by_s)})
            connection.execute(change)
        connection.execute(NOTICE_CHANNEL.update().where(NOTICE_CHANNEL.c.since > now).values(since=now))


def ahead_s(ledger: Ledger, now: datetime) -> float:
    """How far the newest of what has happened to an open job lies in the future; 0 where nothing does."""
    with ledger.reading() as connection:
        newest = connection.execute(sa.select(*map(sa.func.max, _PAST)).where(_IS_WAITING)).one()
    return float(max([0.0, *((at - now).total_seconds() for at in newest if at is not None)]))


def _moved(column: sa.Column[Any], now: datetime, by_s: float) -> sa.ColumnElement[Any]:
    """The time less `by_s`, but no earlier than the minimum interval from now."""
    earlier = sa.type_coerce(column, sa.BigInteger) - round(by_s * 1e6)
    least = sa.literal(now + timedelta(seconds=STATUS_FLOOR_S), Timestamp)
    moved = sa.type_coerce(earlier, Timestamp)
    return sa.case((moved > least, moved), else_=least)
