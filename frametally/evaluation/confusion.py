"""Which class was taken for which.

Boxes that are right are on the diagonal. Of the others, a box of the model and a missed labeled box of another class
that overlap (IoU at least 0.5, the best pairs first) are one confusion. What is left was missed, or nothing is there;
the latter is only known of classes that are labeled.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from msgspec import Struct

from frametally.analysis.matching import match
from frametally.analysis.view import picked
from frametally.evaluation.aligned import Aligned
from frametally.evaluation.outcomes import Outcomes
from frametally.evaluation.truth import Ints
from frametally.results import Boxes


class Confusion(Struct, frozen=True):
    """Numbers of boxes."""

    labeled: list[str]
    """Names of the rows; behind them is one of what is not there."""
    found: list[str]
    """Names of the columns; behind them is one of what was not found."""
    counts: list[list[int]]


def confusion(aligned: Aligned, outcome: Outcomes, threshold: float) -> Confusion:
    """The confusion matrix at a threshold, of the classes that occur."""
    truth = aligned.truth
    rows, columns = aligned.labeled_classes, len(aligned.classes)
    shown = aligned.found.confidence >= threshold
    table = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    right = np.flatnonzero(shown & outcome.is_right)
    np.add.at(table, (aligned.found.class_code[right], aligned.found.class_code[right]), 1)
    wrong = np.flatnonzero(shown & outcome.is_wrong)
    missed = np.flatnonzero(outcome.missed(shown, aligned.ignored))
    ours, theirs = match(_of_one_class(picked(aligned.found, wrong)), _of_one_class(picked(truth, missed)))
    np.add.at(table, (truth.class_code[missed[theirs]], aligned.found.class_code[wrong[ours]]), 1)
    alone = aligned.found.class_code[np.delete(wrong, ours)]
    table[rows, :rows] = np.bincount(alone[alone < rows], minlength=rows)
    table[:rows, columns] = np.bincount(truth.class_code[np.delete(missed, theirs)], minlength=rows)
    return _trimmed(aligned, table)


def _of_one_class(boxes: Boxes) -> Boxes:
    return replace(boxes, class_code=np.zeros(len(boxes), dtype=np.int32))


def _trimmed(aligned: Aligned, table: Ints) -> Confusion:
    """Without classes that are neither labeled nor found here."""
    occurs = table.sum(axis=0)[:-1] > 0
    occurs[: aligned.labeled_classes] |= table.sum(axis=1)[:-1] > 0
    columns = np.flatnonzero(occurs)
    rows = columns[columns < aligned.labeled_classes]
    kept = table[np.ix_([*rows, aligned.labeled_classes], [*columns, len(aligned.classes)])]
    return Confusion(
        labeled=[aligned.classes[at] for at in rows],
        found=[aligned.classes[at] for at in columns],
        counts=kept.tolist(),
    )
