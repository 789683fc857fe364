"""People of each role."""

from __future__ import annotations

from frametally.access.person import Person, Role


def admin(name: str) -> Person:
    """An admin whose id is the name."""
    return Person(id=name, name=name, role=Role.ADMIN)


def analyst(name: str) -> Person:
    """An analyst whose id is the name."""
    return Person(id=name, name=name, role=Role.ANALYST)


def viewer(name: str) -> Person:
    """A viewer whose id is the name."""
    return Person(id=name, name=name, role=Role.VIEWER)
