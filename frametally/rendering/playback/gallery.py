"""Moments of a view for the cards of a gallery, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from frametally.analysis.moments import Moment, detections_at, in_order
from frametally.analysis.view import View

MAX_CARDS: Final = 200


class Card(Struct, frozen=True):
    """A moment, as a card shows it."""

    entry: int
    time_s: float
    reason: str
    detections: int | None
    """None for results without boxes and frames that were not analyzed."""


class Gallery(Struct, frozen=True):
    """The moments that are shown, and how many there are."""

    moments: list[Card]
    total: int


def gallery(view: View, moments: Sequence[Moment], *, most_first: bool) -> bytes:
    """The first `MAX_CARDS` moments in order of time, or with the most detections first."""
    found = in_order(moments)
    counts = _counts(view, found)
    order = list(range(len(found)))
    if most_first:
        order.sort(key=lambda at: (-(counts[at] or 0), at))
    cards = [
        Card(found[at].entry, float(view.results.time_s[found[at].entry]), found[at].reason, counts[at])
        for at in order[:MAX_CARDS]
    ]
    return msgspec.json.encode(Gallery(cards, len(found)))


def _counts(view: View, moments: Sequence[Moment]) -> list[int | None]:
    if not view.table.kind.has_boxes:
        return [None] * len(moments)
    counts = detections_at(view, [moment.entry for moment in moments])
    return [
        int(count) if view.table.analyzed[moment.entry] else None for moment, count in zip(moments, counts, strict=True)
    ]
