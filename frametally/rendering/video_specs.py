"""What is asked of the process that makes an annotated video, and what it answers."""

from __future__ import annotations

from msgspec import Struct


class VideoSpec(Struct, frozen=True, kw_only=True):
    """Everything that decides what the video shows."""

    video: str
    """Path of the kept video."""
    results: str
    """Folder of the archived results."""
    model: str
    colors: dict[str, str]
    """Hex color by class name in the view."""
    confidence: float = 0.0
    renames: tuple[tuple[str, str], ...] = ()
    """As in `ClassMapping`."""
    shown: tuple[str, ...] | None = None
    """Classes of the view; None: all."""
    time_range_s: tuple[float, float] | None = None
    """First and last second, both included; None: the whole video."""
    every_frame: bool = True
    """Or the analyzed ones only, each shown until the next."""


class Report(Struct, frozen=True, omit_defaults=True):
    """A line of JSON on the process's standard output."""

    share: float = 0.0
    """0 to 1."""
    what: str = ""
    """What failed; empty as long as nothing did."""
    next_step: str = ""
