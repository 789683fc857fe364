"""One frame to check: the boxes of the model, and what a person has answered."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from frametally.analysis.matching import match
from frametally.audit.seen import MAX_BOXES, Seen, SeenBox, boxes_seen, columns
from frametally.errors import AuditError
from frametally.rendering.audits.audited_view import AuditedView

Corners = tuple[float, float, float, float]
_SHARE = Annotated[float, Meta(ge=0, le=1)]


class ShownBox(Struct, frozen=True):
    """A box on the picture."""

    code: int
    """Index in the classes of the view."""
    xyxy: Corners
    """In shares of the displayed picture."""
    is_false: bool = False
    """Whether a person has said that there is nothing of this class."""


class Frame(Struct, frozen=True):
    """What the browser draws over the picture of an entry."""

    entry: int
    time_s: float
    boxes: list[ShownBox]
    """Of the model."""
    added: list[ShownBox]
    """That the model has missed."""
    is_checked: bool
    is_unclear: bool


class Added(Struct, frozen=True):
    """A box that was drawn."""

    code: int
    xyxy: tuple[_SHARE, _SHARE, _SHARE, _SHARE]


class Verdict(Struct, frozen=True):
    """What a person answers."""

    boxes: int
    """How many boxes of the model were shown."""
    false: Annotated[list[int], Meta(max_length=MAX_BOXES)]
    """Which of them are struck out."""
    added: Annotated[list[Added], Meta(max_length=MAX_BOXES)]
    is_unclear: bool = False


def frame(view: AuditedView, entry: int, seen: Seen | None) -> Frame:
    """The frame with the answer that was given; None: it was not checked yet."""
    boxes = view.boxes(entry)
    corners = [(int(code), _corners(xyxy)) for code, xyxy in zip(boxes.class_code, boxes.xyxy, strict=True)]
    right, added = set(range(len(boxes))), []
    if seen is not None and not seen.is_unclear:
        asked = columns(seen.groups, view.groups)
        true = boxes_seen(seen, asked.of_group)
        at_found, at_true = match(boxes, true)
        right = {*at_found.tolist(), *np.flatnonzero(~asked.is_known[boxes.class_code]).tolist()}
        added = [
            ShownBox(int(true.class_code[at]), _corners(true.xyxy[at]))
            for at in np.setdiff1d(np.arange(len(true)), at_true)
        ]
    return Frame(
        entry=entry,
        time_s=float(view.view.results.time_s[entry]),
        boxes=[ShownBox(code, xyxy, at not in right) for at, (code, xyxy) in enumerate(corners)],
        added=added,
        is_checked=seen is not None,
        is_unclear=seen is not None and seen.is_unclear,
    )


def seen_in(view: AuditedView, entry: int, verdict: Verdict) -> Seen:
    """What the person has seen, whatever the threshold: confirmed boxes with the corners that the model gave them.

    Raises:
        AuditError: the answer does not fit what the model found.
    """
    boxes = view.boxes(entry)
    is_misfit = any(not 0 <= at < len(boxes) for at in verdict.false)
    if verdict.boxes != len(boxes) or is_misfit or any(not 0 <= box.code < len(view.groups) for box in verdict.added):
        raise AuditError("The boxes of this frame have changed.", "Reload the page.")
    if verdict.is_unclear:
        return Seen(view.groups, is_unclear=True)
    kept = np.setdiff1d(np.arange(len(boxes)), verdict.false)
    confirmed = [SeenBox(int(boxes.class_code[at]), _corners(boxes.xyxy[at])) for at in kept]
    return Seen(view.groups, (*confirmed, *(SeenBox(box.code, box.xyxy) for box in verdict.added)))


def _corners(xyxy: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Corners:
    left, top, right, bottom = (float(edge) for edge in xyxy)
    return left, top, right, bottom
