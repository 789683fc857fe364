"""What a check of rules works with and answers, between the dashboard and the process that checks them."""

from __future__ import annotations

from msgspec import Struct

from frametally.regions.rules import RuleInterval


class RuleSpec(Struct, frozen=True, kw_only=True):
    """What the process evaluates."""

    results: str
    """Folder of the results."""
    video: str
    """Path of the stored video; empty if it was not kept."""
    regions: str
    """The set of lines and zones, as JSON."""


class Finding(Struct, frozen=True, kw_only=True):
    """When the rules held."""

    intervals: tuple[RuleInterval, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know, as sentences."""
    was_counted: bool = True
    """Whether the picture has the shape that the set was drawn on."""


class Answer(Struct, frozen=True, kw_only=True):
    """The finding, or why there is none."""

    finding: Finding | None = None
    failure: str = ""
