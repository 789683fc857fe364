"""What a model found in checked frames beside what a person has seen there, as counts per class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from frametally.analysis.matching import match
from frametally.analysis.view import picked
from frametally.audit.checks import Checks, Ints
from frametally.audit.seen import Group, Seen, boxes_seen, columns, has_boxes, numbers_seen
from frametally.results import Boxes

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Verdicts:
    """n checked frames and c classes of a view; frames of which a person could not tell are not among them."""

    found: Ints
    """(n, c) boxes of the model."""
    true: Ints
    """(n, c) objects that a person has seen."""
    matched: Ints
    """(n, c) boxes of the model that show one of these objects: same class, IoU at least 0.5."""
    is_known: npt.NDArray[np.bool_]
    """(n, c) whether the person was asked about the class."""
    has_boxes: npt.NDArray[np.bool_]
    """(n, c) whether the person marked boxes; False: a number was typed, so that `matched` says nothing."""

    def of(self, frames: npt.NDArray[np.bool_]) -> Verdicts:
        """Some of the frames: (n,)."""
        return Verdicts(*(getattr(self, field.name)[frames] for field in fields(self)))

    def checks(self, all_found: Ints, column: int | None, *, with_boxes: bool = False) -> Checks:
        """One class, or all of them together in the frames where the person was asked about each.

        Args:
            all_found: (N, c) what the model found in each frame that could be checked.
            column: of the class; None: all.
            with_boxes: only frames in which boxes were marked, for precision and recall.
        """
        some = slice(None) if column is None else [column]
        rows = (self.is_known & self.has_boxes if with_boxes else self.is_known)[:, some].all(axis=1)
        found, true, matched = (table[rows][:, some].sum(axis=1) for table in (self.found, self.true, self.matched))
        is_matched = bool(self.has_boxes[rows][:, some].all())
        return Checks(all_found[:, some].sum(axis=1), found, true, matched if is_matched else None)

    def of_all_classes(self, all_found: Ints) -> Checks:
        """All classes together."""
        return self.checks(all_found, None)


def verdicts(groups: tuple[Group, ...], checked: Iterable[tuple[Boxes, Ints, Seen]]) -> Verdicts:
    """Compare the boxes of a model with what was seen.

    Args:
        groups: what each class of the view merges.
        checked: for each frame, the boxes of the view in shares of the displayed picture, (c,) how many of each class
            there are, also those that cannot be drawn, and what a person has seen.
    """
    rows = [_row(groups, boxes, found, seen) for boxes, found, seen in checked if not seen.is_unclear]
    shape = (len(rows), len(groups))
    found, true, matched = (np.array([row[at] for row in rows], dtype=np.int64).reshape(shape) for at in range(3))
    is_known, boxed = (np.array([row[at] for row in rows], dtype=np.bool_).reshape(shape) for at in (3, 4))
    return Verdicts(found, true, matched, is_known, boxed)


def _row(groups: tuple[Group, ...], boxes: Boxes, found: Ints, seen: Seen) -> tuple[Ints, Ints, Ints, Flags, Flags]:
    of_group, is_known = columns(seen.groups, groups)
    right = picked(boxes, match(boxes, boxes_seen(seen, of_group))[0])
    matched = np.bincount(right.class_code, minlength=len(groups)).astype(np.int64)
    true = numbers_seen(seen, of_group, len(groups))
    return found, true, matched, is_known, has_boxes(seen, of_group, len(groups))
