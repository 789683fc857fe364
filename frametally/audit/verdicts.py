"""What a model found in checked frames beside what a person has seen there, as counts per class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.analysis.matching import match
from frametally.analysis.view import picked
from frametally.audit.checks import Checks, Ints
from frametally.audit.seen import Group, Seen, boxes_seen, columns
from frametally.results import Boxes


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

    def checks(self, all_found: Ints, column: int) -> Checks:
        """One class; `all_found` (N, c): what the model found in each frame that could be checked."""
        rows = self.is_known[:, column]
        parts = (table[rows, column] for table in (self.found, self.true, self.matched))
        return Checks(all_found[:, column], *parts)

    def of_all_classes(self, all_found: Ints) -> Checks:
        """All classes together, in the frames where the person was asked about each of them."""
        rows = self.is_known.all(axis=1)
        parts = (table[rows].sum(axis=1) for table in (self.found, self.true, self.matched))
        return Checks(all_found.sum(axis=1), *parts)


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
    return Verdicts(found, true, matched, np.array([row[3] for row in rows], dtype=np.bool_).reshape(shape))


def _row(
    groups: tuple[Group, ...], boxes: Boxes, found: Ints, seen: Seen
) -> tuple[Ints, Ints, Ints, npt.NDArray[np.bool_]]:
    of_group, is_known = columns(seen.groups, groups)
    true = boxes_seen(seen, of_group)
    right = picked(boxes, match(boxes, true)[0])
    counted = [np.bincount(some.class_code, minlength=len(groups)).astype(np.int64) for some in (true, right)]
    return found, counted[0], counted[1], is_known
