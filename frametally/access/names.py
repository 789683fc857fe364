"""The names of people who are recorded by their id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from frametally.ledger.ledger import Ledger
from frametally.ledger.people import PERSON_PREFIX, all_people

FORMER: Final = "former user"


def names_by_id(ledger: Ledger) -> Mapping[str, str]:
    """The name of each person who is known."""
    return {person.id: person.name for person in all_people(ledger)}


def name_of(actor: str | None, names: Mapping[str, str]) -> str:
    """The name to show for a recorded id; one who was removed is a former user. Empty for none."""
    if not actor or not actor.startswith(PERSON_PREFIX):
        return actor or ""
    return names.get(actor, FORMER)
