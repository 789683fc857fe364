"""Changes that admins make to people."""

from __future__ import annotations

from frametally.access.permissions import Action, require
from frametally.access.person import Person, Role, id_of
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import KnownPerson, end_all_sessions, end_session, log_access, remove_person, set_role

ASSIGNABLE = (Role.NONE, Role.VIEWER, Role.ANALYST, Role.ADMIN)


def grant(ledger: Ledger, person: KnownPerson, role: Role | None, *, actor: Person | None, origin: str) -> None:
    """Give a person a role; None: that of the settings.

    Raises:
        AccessDenied: the person who acts is no admin.
    """
    require(actor, Action.MANAGE_PEOPLE)
    set_role(ledger, person.id, role.value if role else None)
    what = f"Role of {person.name}: {role.value if role else 'as in the settings'}."
    log_access(ledger, what, actor=id_of(actor), origin=origin)


def sign_out_person(ledger: Ledger, person: KnownPerson, *, actor: Person | None, origin: str) -> None:
    """End all sign-ins of a person.

    Raises:
        AccessDenied: the person who acts is no admin.
    """
    require(actor, Action.MANAGE_PEOPLE)
    end_all_sessions(ledger, person.id, ledger.clock())
    log_access(ledger, f"Signed out {person.name} in all browsers.", actor=id_of(actor), origin=origin)


def forget_person(ledger: Ledger, person: KnownPerson, *, actor: Person | None, origin: str) -> None:
    """Remove a person with name, address and role; their jobs and history remain, as of a former user.

    Their sign-ins end. One who signs in again is a new person, with the role of the settings.

    Raises:
        AccessDenied: the person who acts is no admin.
    """
    require(actor, Action.MANAGE_PEOPLE)
    end_session(ledger, person.id, ledger.clock())
    remove_person(ledger, person.id)
    log_access(ledger, "Removed a person.", actor=id_of(actor), origin=origin)
