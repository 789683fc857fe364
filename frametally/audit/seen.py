"""What a person has seen in a frame, whatever a model found there."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from frametally.analysis.view import View
from frametally.errors import AuditError
from frametally.results import Boxes

MAX_BOXES: Final = 2000
MAX_COUNT: Final = 100_000

Group = tuple[str, ...]
"""The classes of a model that one class of a view merges; mostly one."""


class SeenBox(Struct, frozen=True, array_like=True):
    """An object in the frame."""

    group: int
    """Index in `Seen.groups`."""
    xyxy: tuple[float, float, float, float]
    """Corners in shares of the displayed picture."""


class SeenCount(Struct, frozen=True, array_like=True):
    """How many objects of a class are in the frame, where only a number was typed."""

    group: int
    """Index in `Seen.groups`; it has no boxes."""
    count: int


class Seen(Struct, frozen=True):
    """All objects of some classes in one frame.

    The classes are those that the person was asked about: of others, it is not known whether they are there.
    """

    groups: tuple[Group, ...]
    boxes: tuple[SeenBox, ...] = ()
    is_unclear: bool = False
    """Whether the person could not tell; there are no boxes and counts then."""
    counts: tuple[SeenCount, ...] = ()
    """Of classes whose number was typed; of the others, the boxes are counted."""

    @classmethod
    def from_json(cls, content: str) -> Seen:
        """What `to_json` has written."""
        return msgspec.json.decode(content, type=cls)

    def to_json(self) -> str:
        """For the ledger.

        Raises:
            AuditError: a box or number is none or of no class, or there are too many.
        """
        if len(self.boxes) > MAX_BOXES:
            raise AuditError(f"A frame can have at most {MAX_BOXES} boxes.", "Answer that you cannot tell.")
        if not all(_is_box(box.xyxy) and 0 <= box.group < len(self.groups) for box in self.boxes):
            raise AuditError("This is not a box.", "Reload the page.")
        typed = {one.group for one in self.counts}
        is_usable = all(0 <= one.group < len(self.groups) and 0 <= one.count <= MAX_COUNT for one in self.counts)
        if not is_usable or len(typed) < len(self.counts) or any(box.group in typed for box in self.boxes):
            raise AuditError(f"A number is from 0 to {MAX_COUNT:,}.", "Type another one.")
        return msgspec.json.encode(self).decode()


class Columns(NamedTuple):
    """Where the classes that were asked about are in a view."""

    of_group: npt.NDArray[np.int32]
    """(g,) class of the view of each group; -1 for none."""
    is_known: npt.NDArray[np.bool_]
    """(c,) whether everything that a class of the view merges was asked about, and nothing else with it."""


def groups_of(view: View) -> tuple[Group, ...]:
    """What each class of the view merges."""
    every = view.table.classes
    return tuple(tuple(name for name in every if view.classes.name_of(name) == shown) for shown in view.names)


@lru_cache(maxsize=64)
def columns(asked: tuple[Group, ...], groups: tuple[Group, ...]) -> Columns:
    """The classes of a view, which merge `groups`, of what was asked about."""
    of_group = np.full(len(asked), -1, dtype=np.int32)
    known = np.zeros(len(groups), dtype=np.bool_)
    for column, group in enumerate(groups):
        inside = [at for at, names in enumerate(asked) if set(names) <= set(group)]
        of_group[inside] = column
        known[column] = {name for at in inside for name in asked[at]} == set(group)
    of_group.flags.writeable = known.flags.writeable = False
    return Columns(of_group, known)


def is_about_all(seen: Seen, groups: tuple[Group, ...]) -> bool:
    """Whether the person was asked about every class of a view."""
    return bool(columns(seen.groups, groups).is_known.all())


def with_earlier(seen: Seen, before: Seen) -> Seen:
    """What a person has seen now, and before of classes that the person was not asked about now."""
    if seen.is_unclear or before.is_unclear:
        return seen
    asked = {name for group in seen.groups for name in group}
    kept = [at for at, group in enumerate(before.groups) if asked.isdisjoint(group)]
    group_of = {at: len(seen.groups) + place for place, at in enumerate(kept)}
    boxes = (SeenBox(group_of[box.group], box.xyxy) for box in before.boxes if box.group in group_of)
    counts = (SeenCount(group_of[one.group], one.count) for one in before.counts if one.group in group_of)
    return Seen(
        groups=(*seen.groups, *(before.groups[at] for at in kept)),
        boxes=(*seen.boxes, *boxes),
        counts=(*seen.counts, *counts),
    )


def numbers_seen(seen: Seen, of_group: npt.NDArray[np.int32], columns: int) -> npt.NDArray[np.int64]:
    """(columns,) how many objects of each class of the view were seen, as boxes or as a number."""
    numbers = np.zeros(columns, dtype=np.int64)
    np.add.at(numbers, [of_group[box.group] for box in seen.boxes if of_group[box.group] >= 0], 1)
    for one in seen.counts:
        if of_group[one.group] >= 0:
            numbers[of_group[one.group]] += one.count
    return numbers


def has_boxes(seen: Seen, of_group: npt.NDArray[np.int32], columns: int) -> npt.NDArray[np.bool_]:
    """(columns,) whether boxes were marked, and no number typed, for everything that a class of the view merges."""
    typed = [of_group[one.group] for one in seen.counts]
    return ~np.isin(np.arange(columns), typed)


def boxes_seen(seen: Seen, of_group: npt.NDArray[np.int32]) -> Boxes:
    """The boxes of classes of the view, as those of a model."""
    kept = [box for box in seen.boxes if of_group[box.group] >= 0]
    codes = np.array([of_group[box.group] for box in kept], dtype=np.int32)
    return as_boxes(codes, np.array([box.xyxy for box in kept], dtype=np.float64).reshape(-1, 4))


def as_boxes(code: npt.NDArray[np.int32], xyxy: npt.NDArray[np.float64]) -> Boxes:
    """Boxes of one frame, for `match`."""
    return Boxes(
        entry=np.zeros(len(code), dtype=np.int32),
        class_code=code,
        class_id=code,
        confidence=np.ones(len(code)),
        xyxy=xyxy.astype(np.float32),
        tracker_id=None,
    )


def _is_box(xyxy: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = xyxy
    return all(math.isfinite(edge) for edge in xyxy) and left <= right and top <= bottom
