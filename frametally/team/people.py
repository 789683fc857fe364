"""Changes that admins make to people."""

from __future__ import annotations

from frametally.access.permissions import Action, require
from frametally.access.person import Person, Role, actor_of
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import KnownPerson, end_all_sessions, end_session, log_access, remove_person, set_role

ASSIGNABLE = (Role.NONE, Role.VIEWER, Role.ANALYST, Role.ADMIN)


def grant(ledger: Ledger, person: KnownPerson, role: Role | None, *, actor: Person | None) -> None:
    """Give a person a role; None: that of the settings.

    Raises:
        AccessDenied: the person who acts is no admin.
    """
    require(actor, Action.MANAGE_PEOPLE)
    set_role(ledger, person.id, role.value if role else None)
    what = f"Role: {role.value if role else 'as in the settings'}."
    log_access(ledger, what, actor=actor_of(actor), about=person.id)


def sign_out_person(ledger: Ledger, person: KnownPerson, *, actor: Person | None) -> None:
    """End all sign-ins of a person.

    Raises:
        AccessDenied: the person who acts is no admin.
    """
    require(actor, Action.MANAGE_PEOPLE)
    end_all_sessions(ledger, person.id, ledger.clock())
    log_access(ledger, "Signed out in all browsers, by an admin.", actor=actor_of(actor), about=person.id)


def forget_person(ledger: Ledger, person: KnownPerson, *, actor: Person | None) -> None:
    """Remove a person with name, address and role; their jobs and history remain, as of a former user.

    Their sign-ins end. One who signs in again is a new person, with the role of the settings.

    Raises:
        AccessDenied: the person who acts is no admin.
    """
    require(actor, Action.MANAGE_PEOPLE)
    end_session(ledger, person.id, ledger.clock())
    remove_person(ledger, person)
    log_access(ledger, "Removed a person.", actor=actor_of(actor))
