"""A person as the dashboard knows them: id, display name, role, and the browser that they use."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from frametally.ledger.events import Actor
from frametally.library.holder import Holder


class Role(StrEnum):
    """What a person may do; see `permissions.PERMISSIONS`."""

    NONE = "none"
    """Not signed in, or signed in without a role yet."""
    GUEST = "guest"
    """A visitor of a deployment without sign-in: looks, and runs the sample."""
    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who asks for a page, a route or an action."""

    id: str | None
    """Recorded as the owner of jobs and with every action; None where there is no sign-in."""
    name: str
    role: Role
    session: str = ""
    """Identifies the sign-in of the browser; empty where a proxy keeps it, or there is no sign-in."""
    origin: str = field(default="", compare=False)
    """Address that the person uses, as the socket or a trusted proxy states it; recorded with what they do."""

    sees_own_only: bool = False
    """Whether the setting limits what the role sees to the person's own jobs."""

    @property
    def holder(self) -> Holder:
        """The holder of tickets; without a sign-in, those of guests and of the operator differ."""
        visitor = "" if self.role is Role.ADMIN else self.role.value
        return Holder(person=visitor if self.id is None else self.id, session=self.session)


OPERATOR = Person(id=None, name="This machine", role=Role.ADMIN)
"""Who uses the machine itself, or a deployment that is open to all."""
GUEST = Person(id=None, name="Guest", role=Role.GUEST)
ANONYMOUS = Person(id=None, name="Not signed in", role=Role.NONE)


def actor_of(person: Person | None) -> Actor | None:
    """Whom to record with an event; None for the operator: the command line and the watcher pass no person."""
    return Actor(person.id, person.origin) if person and person.id else None


def id_of(actor: Person | None) -> str | None:
    """The id to record; None for the operator: the command line and the watcher pass no person."""
    return actor.id if actor else None
