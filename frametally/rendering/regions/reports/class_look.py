"""How a class is shown: its name in the view, with its color."""

from __future__ import annotations

from msgspec import Struct


class ClassLook(Struct, frozen=True):
    """Display name with the hex color of the class."""

    name: str
    color: str
