"""A brief: what its document states, and the pictures and clips that belong to it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from frametally.reports.facts import Facts

VERSION: Final = 1


class BriefFile(Struct, frozen=True, kw_only=True):
    """A picture or clip. Its name is made here, of nothing that comes from outside."""

    name: str
    """Lower-case letters, digits, hyphens and one dot."""
    media_type: str
    width_px: int
    height_px: int
    content: bytes


class Brief(Struct, frozen=True, kw_only=True):
    """Everything that the document shows: it can be stored, as MessagePack or JSON, and its document made later."""

    version: int = VERSION
    title: str
    description: str
    """One sentence of numbers, for previews."""
    facts: Facts
    files: tuple[BriefFile, ...] = ()
    """Pictures and clips."""
    cover: str = ""
    """Name of the picture that stands for the brief; empty: none."""
