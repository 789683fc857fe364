"""Who did what from where: the actions of people on jobs, and the changes of rights, newest first."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct

from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import PERSON_PREFIX, AccessEvent, access_events
from frametally.ledger.tables import ACCESS_EVENT, EVENT


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One thing that a person did."""

    at: datetime
    actor: str | None
    what: str
    job_id: str = ""
    person_id: str = ""
    """The person whom it concerns."""
    origin: str = ""
    """Address that it came from; empty where it was not recorded."""


def audit_entries(ledger: Ledger, limit: int) -> list[AuditEntry]:
    """The newest entries."""
    query = EVENT.select().where(EVENT.c.actor.is_not(None)).order_by(EVENT.c.at.desc(), EVENT.c.id.desc()).limit(limit)
    with ledger.reading() as connection:
        rows = connection.execute(query).mappings().all()
    of_jobs = [_of_event(row) for row in rows]
    others = [_of_access_event(event) for event in access_events(ledger, limit)]
    return sorted(of_jobs + others, key=lambda entry: entry.at, reverse=True)[:limit]


def _of_event(row: sa.RowMapping) -> AuditEntry:
    status = JobStatus(row["status"]).word if row["status"] else ""
    cause = "" if row["cause"] == f"{status}." else row["cause"]
    what = " · ".join(part for part in (status, cause) if part)
    return AuditEntry(
        at=row["at"], actor=row["actor"], what=what or "Created", job_id=row["job_id"], origin=row["origin"] or ""
    )


def _of_access_event(event: AccessEvent) -> AuditEntry:
    about = event.about or ""
    of = {"person_id": about} if about.startswith(PERSON_PREFIX) else {"job_id": about}
    return AuditEntry(at=event.at, actor=event.actor, what=event.what, origin=event.origin, **of)


def forget_old_audit(ledger: Ledger, days: int | None, now: datetime) -> None:
    """Remove entries about rights that are older, and the addresses of older actions on jobs.

    What happened to a job stays in its history as long as the job. None: keeps them.
    """
    if days is None:
        return
    until = now - timedelta(days=days)
    with ledger.writing() as connection:
        connection.execute(ACCESS_EVENT.delete().where(ACCESS_EVENT.c.at < until))
        connection.execute(EVENT.update().where(EVENT.c.at < until, EVENT.c.origin.is_not(None)).values(origin=None))


def find_action(ledger: Ledger, job_id: str, what: str) -> AuditEntry | None:
    """The newest such action of a person on a job."""
    matches = sa.and_(EVENT.c.job_id == job_id, EVENT.c.cause == what, EVENT.c.actor.is_not(None))
    with ledger.reading() as connection:
        row = connection.execute(EVENT.select().where(matches).order_by(EVENT.c.id.desc()).limit(1)).mappings().first()
    return _of_event(row) if row else None


def keep_action(entry: AuditEntry | None, connection: sa.Connection) -> None:
    """Keep an action on a job that is removed with its history, in the same transaction."""
    if entry:
        row = {"at": entry.at, "actor": entry.actor, "what": entry.what, "origin": entry.origin, "about": entry.job_id}
        connection.execute(ACCESS_EVENT.insert().values(id=str(uuid.uuid4()), **row))
