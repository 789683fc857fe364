"""Precision, recall and F1 at any threshold.

Precision is the share of the model's boxes that are right, recall the share of the labeled boxes that are found, F1
their harmonic mean. None where nothing is there to take a share of.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from frametally.evaluation.aligned import Aligned
from frametally.evaluation.outcomes import Outcomes
from frametally.evaluation.truth import Ints

THRESHOLDS: Final = tuple(at / 20 for at in range(20))
"""0 to 0.95: those of the table."""


class Scores(Struct, frozen=True):
    """Numbers of boxes at a threshold, of one class or of all, and their shares."""

    threshold: float
    right: int
    wrong: int
    missed: int
    precision: float | None
    recall: float | None
    f1: float | None


def scores_by_class(aligned: Aligned, outcome: Outcomes, threshold: float) -> list[Scores]:
    """The scores of each labeled class at a threshold."""
    right, wrong, missed = _tallies(aligned, outcome, threshold)
    rows = zip(right.tolist(), wrong.tolist(), missed.tolist(), strict=True)
    return [_scores(threshold, *row) for row in rows]


def scores_of_all(aligned: Aligned, outcome: Outcomes, threshold: float) -> Scores:
    """The scores of all labeled classes together."""
    right, wrong, missed = _tallies(aligned, outcome, threshold)
    return _scores(threshold, int(right.sum()), int(wrong.sum()), int(missed.sum()))


def best_threshold(aligned: Aligned, outcome: Outcomes) -> Scores | None:
    """The scores at the multiple of 0.01 with the highest F1, the lowest of equal ones; None without labeled boxes."""
    every = [scores_of_all(aligned, outcome, at / 100) for at in range(101)]
    return max(
        (one for one in every if one.f1 is not None), key=lambda one: (one.f1 or 0, -one.threshold), default=None
    )


def _tallies(aligned: Aligned, outcome: Outcomes, threshold: float) -> tuple[Ints, Ints, Ints]:
    """(c,) right, wrong and missed boxes of each labeled class."""
    truth, classes = aligned.truth, aligned.labeled_classes
    shown = (aligned.found.confidence >= threshold) & (aligned.found.class_code < classes)
    right, wrong = (
        np.bincount(aligned.found.class_code[shown & which], minlength=classes)
        for which in (outcome.is_right, outcome.is_wrong)
    )
    labeled = np.bincount(truth.class_code[~aligned.ignored], minlength=classes)
    return right, wrong, labeled - right


def _scores(threshold: float, right: int, wrong: int, missed: int) -> Scores:
    return Scores(
        threshold=threshold,
        right=right,
        wrong=wrong,
        missed=missed,
        precision=_share(right, right + wrong),
        recall=_share(right, right + missed),
        f1=_share(2 * right, 2 * right + wrong + missed),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
