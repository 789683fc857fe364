"""The history of a job: rows that are only added, and removed together with the job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection

from frametally.job import JobStatus
from frametally.ledger.tables import EVENT

# Texts of entries that the ledger writes in the transaction of the change.
NOTE_EDITED: Final = "Note edited."
TAG_ADDED: Final = "Tag added"
TAG_REMOVED: Final = "Tag removed"


class EventKind(StrEnum):
    """What an event records; the values are those of the stored rows."""

    CREATED = "added"
    """The job was created."""
    TRANSITION = "moved"
    """The job changed to another status."""
    STATUS_CALL = "asked"
    """A status call to the service."""
    ACTION = "act"
    """A user's action that does not change the status."""
    RULE = "rule"
    """An interval for which a rule about the results holds."""


class Actor(Struct, frozen=True):
    """Who caused an event, and from where."""

    id: str
    origin: str = ""
    """Address of their browser; empty for the command line."""


class Event(Struct, frozen=True, kw_only=True):
    """One entry of a job's history."""

    at: datetime
    """Aware, in UTC."""
    kind: EventKind
    status: JobStatus | None
    """The status of the new job, or after the transition; None for other events."""
    cause: str
    """The reason, or the response of the service, as shown to users; empty where there is none."""
    actor: str | None = None
    """The id of the user who caused it; None for the watcher, or where unknown."""


def write(
    connection: Connection,
    job_id: str,
    at: datetime,
    kind: EventKind,
    cause: str,
    *,
    actor: Actor | None,
    status: JobStatus | None = None,
) -> int:
    """Add an entry, in the caller's transaction; returns its id."""
    row = {"job_id": job_id, "at": at, "kind": kind, "cause": cause, "status": status}
    who = {"actor": actor.id, "origin": actor.origin or None} if actor else {}
    inserted: Any = connection.execute(EVENT.insert().values(row | who)).inserted_primary_key
    return int(inserted[0])


def read(connection: Connection, job_id: str, kinds: Sequence[EventKind], limit: int) -> list[Event]:
    """The newest `limit` entries of these kinds, oldest first."""
    matches = sa.and_(EVENT.c.job_id == job_id, EVENT.c.kind.in_(kinds))
    rows = connection.execute(EVENT.select().where(matches).order_by(EVENT.c.id.desc()).limit(limit)).mappings().all()
    return [
        Event(
            at=row["at"],
            kind=EventKind(row["kind"]),
            status=JobStatus(row["status"]) if row["status"] else None,
            cause=row["cause"],
            actor=row["actor"],
        )
        for row in reversed(rows)
    ]


def has_status_call_since(connection: Connection, job_id: str, since: datetime) -> bool:
    """Whether a status call later than `since` is recorded."""
    matches = sa.and_(EVENT.c.job_id == job_id, EVENT.c.kind == EventKind.STATUS_CALL, EVENT.c.at > since)
    return connection.execute(sa.select(EVENT.c.id).where(matches).limit(1)).first() is not None
