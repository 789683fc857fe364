"""Which class was taken for which.

Boxes that are right are on the diagonal. Of the others, a box of the model and a missed labeled box of another class
that overlap (IoU at least 0.5, the best pairs first) are one confusion. What is left was missed, or nothing is there;
the latter is only known of classes that are labeled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from msgspec import Struct

from frametally.analysis.matching import match
from frametally.analysis.view import picked
from frametally.evaluation.aligned import Aligned
from frametally.evaluation.outcomes import Outcomes
from frametally.evaluation.truth import Ints
from frametally.results import Boxes

_MAX_CLASSES: Final = 500
_NONE: Final = np.iinfo(np.int32).max
"""Behind all classes: not there, or not found."""


class Confusion(Struct, frozen=True):
    """Numbers of boxes."""

    labeled: list[str]
    """Names of the rows; behind them is one of what is not there."""
    found: list[str]
    """Names of the columns; behind them is one of what was not found."""
    counts: list[list[int]]


def confusion(aligned: Aligned, outcome: Outcomes, threshold: float) -> Confusion | None:
    """The confusion matrix at a threshold, of the classes that occur; None if these are more than 500."""
    truth, found, labeled = aligned.truth, aligned.found, aligned.labeled_classes
    shown = found.confidence >= threshold
    right = found.class_code[shown & outcome.is_right]
    wrong = np.flatnonzero(shown & outcome.is_wrong)
    missed = np.flatnonzero(outcome.missed(shown, aligned.ignored))
    ours, theirs = match(_of_one_class(picked(found, wrong)), _of_one_class(picked(truth, missed)))
    alone = found.class_code[np.delete(wrong, ours)]
    alone = alone[alone < labeled]
    lost = truth.class_code[np.delete(missed, theirs)]
    rows = [right, truth.class_code[missed[theirs]], np.full(len(alone), _NONE), lost]
    columns = [right, found.class_code[wrong[ours]], alone, np.full(len(lost), _NONE)]
    return _table(aligned, np.concatenate(rows).astype(np.int64), np.concatenate(columns).astype(np.int64))


def _of_one_class(boxes: Boxes) -> Boxes:
    return replace(boxes, class_code=np.zeros(len(boxes), dtype=np.int32))


def _table(aligned: Aligned, rows: Ints, columns: Ints) -> Confusion | None:
    """Count the pairs of classes."""
    occurring = np.unique(np.concatenate([rows, columns]))
    occurring = occurring[occurring != _NONE]
    if len(occurring) > _MAX_CLASSES:
        return None
    size = len(occurring) + 1
    at_row, at_column = np.searchsorted(occurring, rows), np.searchsorted(occurring, columns)
    table = np.bincount(at_row * size + at_column, minlength=size * size).reshape(size, size)
    labeled = int((occurring < aligned.labeled_classes).sum())
    return Confusion(
        labeled=[aligned.classes[code] for code in occurring[:labeled]],
        found=[aligned.classes[code] for code in occurring],
        counts=[*table[:labeled].tolist(), table[-1].tolist()],
    )
