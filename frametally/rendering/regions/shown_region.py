"""A line or zone as it is drawn on a frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ShownRegion:
    """Outline in shares of the displayed picture, color, and what is written beside it."""

    points: tuple[tuple[float, float], ...]
    is_zone: bool
    color: str
    """Hex."""
    name: str
    count: str
    """What it has counted: `in 3 · out 1`."""
