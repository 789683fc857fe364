"""People in the ledger: who has signed in, their roles, and their sign-outs."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from frametally.ledger.events import Actor
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import ACCESS_EVENT, ENDED_SESSION, EVENT, PERSON, SHARE

PERSON_PREFIX: Final = "person-"
"""Ids of people begin with it."""
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
    about: str | None = None
    """Id of the person or job that it concerns."""


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


def remove_person(ledger: Ledger, person: KnownPerson) -> None:
    """Remove a person with the addresses that they used; their jobs and history remain, without a name.

    Links that they have made end.
    """
    with ledger.writing() as connection:
        own = SHARE.update().where(SHARE.c.maker == person.id, SHARE.c.revoked_at.is_(None))
        connection.execute(own.values(revoked_at=ledger.clock()))
        connection.execute(PERSON.delete().where(PERSON.c.id == person.id))
        connection.execute(EVENT.update().where(EVENT.c.actor == person.id).values(origin=None))
        connection.execute(ACCESS_EVENT.update().where(ACCESS_EVENT.c.actor == person.id).values(origin=""))
        for text in (f"Role of {person.name}: ", f"Signed out {person.name} in "):  # of earlier versions
            without = sa.func.replace(ACCESS_EVENT.c.what, person.name, "a former user")
            connection.execute(ACCESS_EVENT.update().where(ACCESS_EVENT.c.what.startswith(text)).values(what=without))


def log_access(ledger: Ledger, what: str, *, actor: Actor | None, about: str | None = None) -> None:
    """Record a change of rights, a sign-out or a removal. `about`: the id of the person or job that it concerns."""
    with ledger.writing() as connection:
        who = {"actor": actor.id if actor else None, "origin": actor.origin if actor else ""}
        row = {"id": str(uuid.uuid4()), "at": ledger.clock(), "what": what, "about": about, **who}
        connection.execute(ACCESS_EVENT.insert().values(row))


def access_events(ledger: Ledger, limit: int) -> list[AccessEvent]:
    """The newest entries, newest first."""
    columns = [ACCESS_EVENT.c[name] for name in AccessEvent.__struct_fields__]
    with ledger.reading() as connection:
        rows = connection.execute(sa.select(*columns).order_by(ACCESS_EVENT.c.at.desc()).limit(limit)).mappings().all()
    return [AccessEvent(**row) for row in rows]
