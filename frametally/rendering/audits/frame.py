"""One frame to check: the boxes of the model, and what a person has answered."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from frametally.analysis.matching import match
from frametally.audit.seen import (
    MAX_BOXES,
    MAX_COUNT,
    Seen,
    SeenBox,
    SeenCount,
    boxes_seen,
    columns,
    has_boxes,
    numbers_seen,
)
from frametally.errors import AuditError
from frametally.rendering.audits.answers import PersonAnswer
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


class Counted(Struct, frozen=True):
    """A class whose number is typed instead of marking its boxes."""

    code: int
    count: Annotated[int, Meta(ge=0, le=MAX_COUNT)]


class Frame(Struct, frozen=True):
    """What the browser draws over the picture of an entry."""

    entry: int
    time_s: float
    boxes: list[ShownBox]
    """Of the model."""
    added: list[ShownBox]
    """That the model has missed."""
    counts: list[Counted]
    is_checked: bool
    is_unclear: bool
    answers: list[PersonAnswer] = []
    """If several people have checked the frame."""


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
    counts: list[Counted] = []


def frame(view: AuditedView, entry: int, seen: Seen | None) -> Frame:
    """The frame with the answer that was given; None: it was not checked yet."""
    boxes = view.boxes(entry)
    corners = [(int(code), _corners(xyxy)) for code, xyxy in zip(boxes.class_code, boxes.xyxy, strict=True)]
    right, added, counts = set(range(len(boxes))), [], list[Counted]()
    if seen is not None and not seen.is_unclear:
        asked = columns(seen.groups, view.groups)
        true = boxes_seen(seen, asked.of_group)
        is_boxed = asked.is_known & has_boxes(seen, asked.of_group, len(view.groups))
        numbers = numbers_seen(seen, asked.of_group, len(view.groups))
        counts = [Counted(int(code), int(numbers[code])) for code in np.flatnonzero(asked.is_known & ~is_boxed)]
        at_found, at_true = match(boxes, true)
        right = {*at_found.tolist(), *np.flatnonzero(~is_boxed[boxes.class_code]).tolist()}
        added = [
            ShownBox(int(true.class_code[at]), _corners(true.xyxy[at]))
            for at in np.setdiff1d(np.arange(len(true)), at_true)
            if is_boxed[true.class_code[at]]
        ]
    return Frame(
        entry=entry,
        time_s=float(view.view.results.time_s[entry]),
        boxes=[ShownBox(code, xyxy, at not in right) for at, (code, xyxy) in enumerate(corners)],
        added=added,
        counts=counts,
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
    codes = [*(box.code for box in verdict.added), *(one.code for one in verdict.counts)]
    if verdict.boxes != len(boxes) or is_misfit or any(not 0 <= code < len(view.groups) for code in codes):
        raise AuditError("The boxes of this frame have changed.", "Reload the page.")
    if verdict.is_unclear:
        return Seen(view.groups, is_unclear=True)
    kept = np.setdiff1d(np.arange(len(boxes)), verdict.false)
    confirmed = [SeenBox(int(boxes.class_code[at]), _corners(boxes.xyxy[at])) for at in kept]
    marked = [*confirmed, *(SeenBox(box.code, box.xyxy) for box in verdict.added)]
    typed = {one.code for one in verdict.counts}
    return Seen(
        view.groups,
        tuple(box for box in marked if box.group not in typed),
        counts=tuple(SeenCount(one.code, one.count) for one in verdict.counts),
    )


def _corners(xyxy: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Corners:
    left, top, right, bottom = (float(edge) for edge in xyxy)
    return left, top, right, bottom
