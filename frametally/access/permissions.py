"""The one table of permissions: each action, and whose jobs each role may apply it to.

Pages ask it in every run, routes at every request, and the actions themselves before they change anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Final

from frametally.access.person import Person, Role
from frametally.errors import AccessDenied


class Action(StrEnum):
    """What can be asked for; the value completes the sentence "You cannot …"."""

    LOOK = "view jobs and results"
    SEE_JOB = "view this job"
    RUN_SAMPLE = "run the sample"
    ADD_VIDEO = "add videos"
    REMOVE_VIDEO = "remove this video"
    RUN = "start jobs"
    IMPORT = "import jobs"
    RERUN = "run other models over this video"
    REFRESH = "refresh this job"
    CANCEL = "cancel this job"
    RETRY = "retry this job"
    READ_AGAIN = "read the results of this job again"
    EDIT = "edit note and tags of this job"
    DELETE = "delete this job"
    RESTORE = "restore this job"
    PIN_NOTE = "add notes to frames"
    REMOVE_NOTE = "remove this note"
    EDIT_REGIONS = "edit lines and zones"
    SHARE = "share views of this job"
    END_SHARE = "end this link"
    CHECK_FRAME = "check frames"
    SET_TRUTH = "choose the labels of this job"
    SAVE_MODEL = "save models"
    REMOVE_MODEL = "remove saved models"
    CONNECT = "connect a service"
    TEST_NOTIFICATIONS = "send test messages"
    MANAGE_PEOPLE = "manage people"


class Scope(Enum):
    """Whose jobs or notes an action applies to."""

    NOTHING = "nothing"
    OWN = "own"
    TEAM = "team"
    """All, or own, as `FRAMETALLY_JOBS_VISIBLE` says; `scope_of` returns which."""
    ALL = "all"


def _row(guest: Scope, viewer: Scope, analyst: Scope) -> Mapping[Role, Scope]:
    others = {Role.NONE: Scope.NOTHING, Role.ADMIN: Scope.ALL}
    return {Role.GUEST: guest, Role.VIEWER: viewer, Role.ANALYST: analyst, **others}


_NOTHING, _OWN, _TEAM, _ALL = Scope.NOTHING, Scope.OWN, Scope.TEAM, Scope.ALL
PERMISSIONS: Final[Mapping[Action, Mapping[Role, Scope]]] = {
    # guest, viewer, analyst; an admin may do everything
    Action.LOOK: _row(_ALL, _ALL, _ALL),
    Action.SEE_JOB: _row(_ALL, _TEAM, _TEAM),
    Action.RUN_SAMPLE: _row(_ALL, _NOTHING, _ALL),
    Action.ADD_VIDEO: _row(_NOTHING, _NOTHING, _ALL),
    Action.REMOVE_VIDEO: _row(_NOTHING, _NOTHING, _OWN),
    Action.RUN: _row(_NOTHING, _NOTHING, _ALL),
    Action.IMPORT: _row(_NOTHING, _NOTHING, _ALL),
    Action.RERUN: _row(_NOTHING, _NOTHING, _OWN),
    Action.REFRESH: _row(_NOTHING, _NOTHING, _OWN),
    Action.CANCEL: _row(_NOTHING, _NOTHING, _OWN),
    Action.RETRY: _row(_NOTHING, _NOTHING, _OWN),
    Action.READ_AGAIN: _row(_NOTHING, _NOTHING, _OWN),
    Action.EDIT: _row(_NOTHING, _NOTHING, _OWN),
    Action.DELETE: _row(_NOTHING, _NOTHING, _OWN),
    Action.RESTORE: _row(_NOTHING, _NOTHING, _OWN),
    Action.PIN_NOTE: _row(_NOTHING, _NOTHING, _ALL),
    Action.REMOVE_NOTE: _row(_NOTHING, _NOTHING, _OWN),
    Action.EDIT_REGIONS: _row(_NOTHING, _NOTHING, _ALL),
    Action.SHARE: _row(_NOTHING, _NOTHING, _ALL),
    Action.END_SHARE: _row(_NOTHING, _NOTHING, _OWN),
    Action.CHECK_FRAME: _row(_NOTHING, _NOTHING, _ALL),
    Action.SET_TRUTH: _row(_NOTHING, _NOTHING, _ALL),
    Action.SAVE_MODEL: _row(_NOTHING, _NOTHING, _ALL),
    Action.REMOVE_MODEL: _row(_NOTHING, _NOTHING, _NOTHING),
    Action.CONNECT: _row(_NOTHING, _NOTHING, _ALL),
    Action.TEST_NOTIFICATIONS: _row(_NOTHING, _NOTHING, _NOTHING),
    Action.MANAGE_PEOPLE: _row(_NOTHING, _NOTHING, _NOTHING),
}

OPEN_LINE: Final = 'FRAMETALLY_ACCESS = "open"'
_ADVICE: Final[Mapping[Role, str]] = {
    Role.NONE: "Sign in with an account that has a role here.",
    Role.GUEST: f"The operator of this dashboard can allow it with the setting {OPEN_LINE}.",
    Role.VIEWER: "Ask an admin for the role analyst.",
    Role.ANALYST: "Ask its owner or an admin.",
    Role.ADMIN: "",
}
_ADMINS_ONLY: Final = "Ask an admin."


def scope_of(person: Person, action: Action) -> Scope:
    """Whose jobs or notes the person may apply the action to."""
    scope = PERMISSIONS[action][person.role]
    if scope is Scope.TEAM:
        return Scope.OWN if person.sees_own_only else Scope.ALL
    return scope


def only_owner(person: Person) -> str | None:
    """The owner whose jobs alone the person sees; None: all."""
    return person.id if scope_of(person, Action.SEE_JOB) is Scope.OWN else None


def may(person: Person, action: Action, *owners: str | None) -> bool:
    """Whether the person may apply the action to what these people own; without owners, to what is their own.

    A job without an owner was created without a sign-in: it belongs to no person.
    """
    scope = scope_of(person, action)
    if scope is Scope.OWN:
        return all(owner is not None and owner == person.id for owner in owners)
    return scope is Scope.ALL


def require(actor: Person | None, action: Action, *owners: str | None) -> None:
    """Refuse the action unless `may` allows it; no person is the operator, who may do everything.

    Raises:
        AccessDenied: the role does not allow it; the message says what would.
    """
    if actor is None or may(actor, action, *owners):
        return
    raise AccessDenied(f"You cannot {action.value}.", advice(actor, action))


def advice(person: Person, action: Action) -> str:
    """What a person can do who may not do this."""
    is_for_admins = PERMISSIONS[action][Role.ANALYST] is Scope.NOTHING and person.role not in (Role.NONE, Role.GUEST)
    return _ADMINS_ONLY if is_for_admins else _ADVICE[person.role]
