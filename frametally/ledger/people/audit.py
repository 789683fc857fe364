"""Who did what: the actions of people on jobs, and the changes of rights, newest first."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct

from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import access_events
from frametally.ledger.tables import EVENT


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One thing that a person did."""

    at: datetime
    actor: str | None
    what: str
    job_id: str = ""
    origin: str = ""
    """Address that it came from; empty where it was not recorded."""


def audit_entries(ledger: Ledger, limit: int) -> list[AuditEntry]:
    """The newest entries."""
    query = EVENT.select().where(EVENT.c.actor.is_not(None)).order_by(EVENT.c.at.desc(), EVENT.c.id.desc()).limit(limit)
    with ledger.reading() as connection:
        rows = connection.execute(query).mappings().all()
    of_jobs = [_of_event(row) for row in rows]
    of_rights = [
        AuditEntry(at=event.at, actor=event.actor, what=event.what, origin=event.origin)
        for event in access_events(ledger, limit)
    ]
    return sorted(of_jobs + of_rights, key=lambda entry: entry.at, reverse=True)[:limit]


def _of_event(row: sa.RowMapping) -> AuditEntry:
    status = JobStatus(row["status"]).word if row["status"] else ""
    what = " · ".join(part for part in (status, row["cause"]) if part)
    return AuditEntry(at=row["at"], actor=row["actor"], what=what or "Created", job_id=row["job_id"])
