"""People in the ledger: who has signed in, their roles, and their sign-outs."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import ACCESS_EVENT, ENDED_SESSION, PERSON

_KEEP_ENDED: Final = timedelta(days=32)
"""A sign-in is valid for 30 days."""


class KnownPerson(Struct, frozen=True, kw_only=True):
    """A person who has signed in, or to whom an admin gave a role."""

    id: str
    issuer: str
    subject: str
    name: str
    email: str
    role: str | None = None
    """None: the role of the settings."""
    not_before: datetime | None = None
    """Sign-ins until then have ended."""
    first_seen_at: datetime


class AccessEvent(Struct, frozen=True, kw_only=True):
    """What an admin, or a person for themselves, did."""

    at: datetime
    actor: str | None
    what: str
    origin: str
    """Address that it came from; empty for the command line."""


def all_people(ledger: Ledger) -> list[KnownPerson]:
    """Everyone, by name."""
    with ledger.reading() as connection:
        rows = connection.execute(PERSON.select().order_by(PERSON.c.name, PERSON.c.id)).mappings().all()
    return [KnownPerson(**row) for row in rows]


def ended_sessions(ledger: Ledger) -> dict[str, datetime]:
    """When sign-ins were ended: of one browser by its session, of people who were removed by their id."""
    with ledger.reading() as connection:
        rows = connection.execute(sa.select(ENDED_SESSION.c.id, ENDED_SESSION.c.ended_at)).all()
    return {row.id: row.ended_at for row in rows}


def see_person(ledger: Ledger, person: KnownPerson) -> None:
    """Add a person, or update name and email of one who is known."""
    row = msgspec.structs.asdict(person)
    shown = {"name": person.name, "email": person.email}
    with ledger.writing() as connection:
        if connection.execute(PERSON.update().where(PERSON.c.id == person.id).values(shown)).rowcount == 0:
            connection.execute(PERSON.insert().values(row))


def set_role(ledger: Ledger, person_id: str, role: str | None) -> bool:
    """Give a person this role, None that of the settings; False if there is no such person."""
    with ledger.writing() as connection:
        return connection.execute(PERSON.update().where(PERSON.c.id == person_id).values(role=role)).rowcount == 1


def end_all_sessions(ledger: Ledger, person_id: str, now: datetime) -> None:
    """End all sign-ins of a person until now."""
    with ledger.writing() as connection:
        connection.execute(PERSON.update().where(PERSON.c.id == person_id).values(not_before=now))


def end_session(ledger: Ledger, session: str, now: datetime) -> None:
    """End one sign-in, or with the id of a person all of theirs until now."""
    with ledger.writing() as connection:
        connection.execute(ENDED_SESSION.delete().where(ENDED_SESSION.c.ended_at < now - _KEEP_ENDED))
        connection.execute(ENDED_SESSION.delete().where(ENDED_SESSION.c.id == session))
        connection.execute(ENDED_SESSION.insert().values(id=session, ended_at=now))


def remove_person(ledger: Ledger, person_id: str) -> None:
    """Remove a person; their jobs and history remain."""
    with ledger.writing() as connection:
        connection.execute(PERSON.delete().where(PERSON.c.id == person_id))


def log_access(ledger: Ledger, what: str, *, actor: str | None, origin: str) -> None:
    """Record a change of rights or a sign-out."""
    with ledger.writing() as connection:
        row = {"id": str(uuid.uuid4()), "at": ledger.clock(), "actor": actor, "what": what, "origin": origin}
        connection.execute(ACCESS_EVENT.insert().values(row))


def access_events(ledger: Ledger, limit: int) -> list[AccessEvent]:
    """The newest entries, newest first."""
    columns = [ACCESS_EVENT.c[name] for name in ("at", "actor", "what", "origin")]
    with ledger.reading() as connection:
        rows = connection.execute(sa.select(*columns).order_by(ACCESS_EVENT.c.at.desc()).limit(limit)).mappings().all()
    return [AccessEvent(**row) for row in rows]
