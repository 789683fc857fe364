"""Everything that labels say about a view: errors of counts, right and wrong boxes, and where they are."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from frametally.analysis.view import View
from frametally.evaluation.aligned import Aligned, align
from frametally.evaluation.confusion import Confusion, confusion
from frametally.evaluation.count_error import CountError, Stretch, count_errors, count_errors_over_time, found_counts
from frametally.evaluation.mean_precision import MeanPrecision, mean_precision
from frametally.evaluation.messages import class_notes, frame_notes, nothing_to_compare
from frametally.evaluation.outcomes import Outcomes, outcomes
from frametally.evaluation.pairing import Pairing, pair
from frametally.evaluation.scores import THRESHOLDS, Scores, best_threshold, scores_by_class, scores_of_all
from frametally.evaluation.truth import Truth
from frametally.evaluation.upright import Picture
from frametally.evaluation.worst import WorstSecond, differences_of_boxes, differences_of_counts, worst_seconds


class Frames(Struct, frozen=True):
    """Numbers of frames; only the compared ones count."""

    compared: int
    not_analyzed: int
    damaged: int
    absent: int
    unlabeled: int


class ClassScores(Struct, frozen=True):
    """Of one class."""

    name: str
    scores: Scores
    ap50: float | None
    ap50_95: float | None
    """None without labeled boxes."""


class BoxScores(Struct, frozen=True):
    """What only labels with boxes can say."""

    all: Scores
    """At the threshold of the view."""
    best: Scores | None
    """At the threshold with the highest F1."""
    map50: float | None
    map50_95: float | None
    """Of all boxes, whatever their confidence; None without labeled boxes."""
    classes: list[ClassScores]
    by_threshold: list[Scores]
    confusion: Confusion | None
    """None if more classes occur than fit."""


class Evaluation(Struct, frozen=True):
    """A view compared with labels."""

    model: str
    labels: str
    """Their format."""
    confidence: float
    frames: Frames
    counts: list[CountError]
    counts_over_time: list[Stretch]
    boxes: BoxScores | None
    """None if the labels are only counts."""
    worst: list[WorstSecond]
    notes: list[str]


@dataclass(frozen=True)
class Compared:
    """A view and labels brought together: all that does not depend on the threshold."""

    truth: Truth
    pairing: Pairing
    aligned: Aligned
    outcome: Outcomes | None
    """None if the labels are only counts."""
    precision: MeanPrecision | None
    """None without labeled boxes."""


def evaluate(view: View, truth: Truth, picture: Picture | None = None) -> Evaluation:
    """Compare a view with labels of its video; `picture` turns boxes that were found in a picture that was not upright.

    Raises:
        EvaluationError: no labeled frame was analyzed, or the labels are of another picture.
    """
    return evaluate_at(compare(view, truth, picture), view)


def compare(view: View, truth: Truth, picture: Picture | None = None) -> Compared:
    """The first part of `evaluate`, which takes longest; it is the same for every threshold of the view.

    Raises:
        EvaluationError: as `evaluate`.
    """
    pairing = pair(view, truth)
    if not len(pairing):
        raise nothing_to_compare(pairing, has_time_range=view.time_range_s is not None)
    aligned = align(view, truth, pairing, picture)
    outcome = outcomes(aligned.found, aligned.truth, aligned.ignored) if aligned.has_boxes else None
    return Compared(truth, pairing, aligned, outcome, mean_precision(aligned) if outcome else None)


def evaluate_at(compared: Compared, view: View) -> Evaluation:
    """The second part of `evaluate`, at the threshold of the view."""
    truth, pairing, aligned, outcome = compared.truth, compared.pairing, compared.aligned, compared.outcome
    found = found_counts(aligned, outcome, view.confidence)
    missing, extra = (
        differences_of_counts(found, aligned)
        if outcome is None
        else differences_of_boxes(aligned, outcome, view.confidence)
    )
    return Evaluation(
        model=view.model,
        labels=truth.format,
        confidence=view.confidence,
        frames=_frames(pairing),
        counts=[row for row in count_errors(aligned, found) if row.found or row.labeled],
        counts_over_time=count_errors_over_time(aligned, found),
        boxes=None if outcome is None else _box_scores(aligned, outcome, compared.precision, view.confidence),
        worst=worst_seconds(missing, extra, aligned),
        notes=[
            *truth.notes,
            *frame_notes(pairing, has_time_range=view.time_range_s is not None),
            *aligned.notes,
            *class_notes(aligned, view.names, view.confidence),
        ],
    )


def _frames(pairing: Pairing) -> Frames:
    return Frames(len(pairing), pairing.not_analyzed, pairing.damaged, pairing.absent, pairing.unlabeled)


def _box_scores(aligned: Aligned, outcome: Outcomes, precision: MeanPrecision | None, confidence: float) -> BoxScores:
    ap50, ap50_95 = (precision.ap50, precision.ap50_95) if precision else ({}, {})
    rows = zip(aligned.classes, scores_by_class(aligned, outcome, confidence), strict=False)
    return BoxScores(
        all=scores_of_all(aligned, outcome, confidence),
        best=best_threshold(aligned, outcome),
        map50=precision.map50 if precision else None,
        map50_95=precision.map50_95 if precision else None,
        classes=[
            ClassScores(name, row, ap50.get(name), ap50_95.get(name))
            for name, row in rows
            if row.right or row.wrong or row.missed
        ],
        by_threshold=[scores_of_all(aligned, outcome, threshold) for threshold in THRESHOLDS],
        confusion=confusion(aligned, outcome, confidence),
    )
