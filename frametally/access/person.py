"""A person as the dashboard knows them: id, display name and role."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


OPERATOR = Person(id=None, name="This machine", role=Role.ADMIN)
"""Who uses the machine itself, or a deployment that is open to all."""
GUEST = Person(id=None, name="Guest", role=Role.GUEST)
ANONYMOUS = Person(id=None, name="Not signed in", role=Role.NONE)


def id_of(actor: Person | None) -> str | None:
    """The id to record; None for the operator: the command line and the watcher pass no person."""
    return actor.id if actor else None
