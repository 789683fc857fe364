"""What happened to a job: rows that are only ever added, and go with their job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection

from frametally.job import JobStatus
from frametally.ledger.tables import EVENT


class EventKind(StrEnum):
    """What a line of the history tells."""

    ADDED = "added"
    """The job was written down."""
    MOVED = "moved"
    """It came into another state."""
    ASKED = "asked"
    """Its service was asked how it stands."""
    ACT = "act"
    """Somebody did something to it that is no move."""


class Event(Struct, frozen=True, kw_only=True):
    """One line of a job's history."""

    at: datetime
    """Aware, in UTC."""
    kind: EventKind
    status: JobStatus | None
    """The state that it came into; None where the event is no move."""
    cause: str
    """Why, or what was said, for a person to read; empty where nobody gave a reason."""


def write(
    connection: Connection, job_id: str, at: datetime, kind: EventKind, cause: str, *, status: JobStatus | None = None
) -> None:
    """Add a line, in the caller's transaction."""
    connection.execute(EVENT.insert().values(job_id=job_id, at=at, kind=kind, cause=cause, status=status))


def read(connection: Connection, job_id: str, kinds: Sequence[EventKind], limit: int) -> list[Event]:
    """The newest `limit` lines of these kinds, the oldest of them first."""
    mine = sa.and_(EVENT.c.job_id == job_id, EVENT.c.kind.in_(kinds))
    rows = connection.execute(EVENT.select().where(mine).order_by(EVENT.c.id.desc()).limit(limit)).mappings().all()
    return [
        Event(
            at=row["at"],
            kind=EventKind(row["kind"]),
            status=JobStatus(row["status"]) if row["status"] else None,
            cause=row["cause"],
        )
        for row in reversed(rows)
    ]


def was_asked_since(connection: Connection, job_id: str, since: datetime) -> bool:
    """Whether a call to its service later than that is written down."""
    asked = sa.and_(EVENT.c.job_id == job_id, EVENT.c.kind == EventKind.ASKED, EVENT.c.at > since)
    return connection.execute(sa.select(EVENT.c.id).where(asked).limit(1)).first() is not None
