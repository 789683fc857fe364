"""An event of a line or zone, as the page lists it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

MAX_EVENTS: Final = 300
"""Of one line or zone in the page; exports have all."""


class Event(Struct, frozen=True, kw_only=True):
    """A crossing or a visit, one click from its frame."""

    entry: int
    time_s: float
    kind: str
    """`in`, `out`, `enter`; `inside`: it was there from the beginning."""
    name: str
    color: str
    track_id: int
    dwell_s: float | None = None
    is_open: bool = False
    """The visit lasts at least `dwell_s`."""
