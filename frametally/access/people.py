"""The people of a deployment with a sign-in: the role of an identity, and whether its sign-in has ended.

The ledger is asked at most once a second, so a sign-out or a change of a role takes effect within that time in every
process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from frametally.access.identity import Identity
from frametally.access.person import ANONYMOUS, Person, Role
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import KnownPerson, all_people, ended_sessions, see_person

NO_GROUPS: Final[Mapping[str, Role]] = MappingProxyType({})
_RANK: Final = (Role.NONE, Role.VIEWER, Role.ANALYST, Role.ADMIN)
_FRESH_S: Final = 1.0


@dataclass(frozen=True)
class _Known:
    people: Mapping[str, KnownPerson]
    ended: Mapping[str, datetime]
    until_s: float
    """Monotonic."""


class People:
    """Answers who an identity is; safe to use from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        admins: tuple[str, ...],
        default_role: Role,
        groups: Mapping[str, Role] = NO_GROUPS,
        sees_own_only: bool = False,
    ) -> None:
        """`admins`: subjects that are always admins. `groups`: the role of each group. For the rest, see `Person`."""
        self._sees_own_only = sees_own_only
        self._ledger = ledger
        self._admins = admins
        self._default_role = default_role
        self._groups = groups
        self._lock = threading.Lock()
        self._known = _Known({}, {}, 0.0)

    def person(self, identity: Identity) -> Person:
        """The person with their role; ANONYMOUS if the sign-in has ended."""
        known = self._fresh()
        person = known.people.get(identity.person_id)
        if _has_ended(identity, known):
            return ANONYMOUS
        if person is None or (person.name, person.email) != (identity.name, identity.email):
            self._see(identity)
        role = self._role(identity, person)
        return Person(
            id=identity.person_id,
            name=identity.name,
            role=role,
            session=identity.session,
            sees_own_only=self._sees_own_only,
        )

    def known_person(self, person_id: str, by_sign_in: Role) -> Person:
        """A person without a request of theirs; ANONYMOUS if they were removed.

        `by_sign_in`: what `role_by_sign_in` said when they made one.
        """
        known = self._fresh().people.get(person_id)
        if known is None:
            return ANONYMOUS
        role = Role.ADMIN if known.subject in self._admins else Role(known.role) if known.role else by_sign_in
        if not known.role:
            role = max((role, self._default_role), key=_RANK.index)
        return Person(id=person_id, name=known.name, role=role, sees_own_only=self._sees_own_only)

    def role_by_sign_in(self, person: Person) -> Role:
        """The role that only the groups of the sign-in give this person, which nothing here records; else NONE."""
        known = self._fresh().people.get(person.id or "")
        is_recorded = known is not None and (known.role is not None or known.subject in self._admins)
        return Role.NONE if is_recorded or person.role is self._default_role else person.role

    def is_ended(self, identity: Identity) -> bool:
        """Whether the person has signed out since."""
        return _has_ended(identity, self._fresh())

    def forget_answers(self) -> None:
        """Ask the ledger again: this process has changed it."""
        with self._lock:
            self._known = _Known({}, {}, 0.0)

    def _role(self, identity: Identity, person: KnownPerson | None) -> Role:
        if identity.subject in self._admins:
            return Role.ADMIN
        if person and person.role:
            return Role(person.role)
        return max(
            (self._default_role, *(self._groups.get(group, Role.NONE) for group in identity.groups)), key=_RANK.index
        )

    def _see(self, identity: Identity) -> None:
        see_person(self._ledger, known_person(identity, self._ledger.clock()))
        self.forget_answers()

    def _fresh(self) -> _Known:
        with self._lock:
            if time.monotonic() >= self._known.until_s:
                people = {person.id: person for person in all_people(self._ledger)}
                self._known = _Known(people, ended_sessions(self._ledger), time.monotonic() + _FRESH_S)
            return self._known


def known_person(identity: Identity, now: datetime) -> KnownPerson:
    """The person as the ledger keeps them, without a role yet."""
    return KnownPerson(
        id=identity.person_id,
        issuer=identity.issuer,
        subject=identity.subject,
        name=identity.name,
        email=identity.email,
        first_seen_at=now,
    )


def _has_ended(identity: Identity, known: _Known) -> bool:
    if identity.session in known.ended:
        return True
    person = known.people.get(identity.person_id)
    ends = (person.not_before if person else None, known.ended.get(identity.person_id))
    return identity.signed_in_at is not None and any(end and identity.signed_in_at <= end for end in ends)
