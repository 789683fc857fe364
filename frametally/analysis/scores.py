"""Metrics of classifications and semantic masks: the score of each class over a view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frametally.analysis.view import View, chunks_of


@dataclass(frozen=True)
class ScoreTotals:
    """Probabilities of one class, or its shares of the image, 0 to 1."""

    class_name: str
    mean: float
    """Over the analyzed frames; frames that do not list the class count as 0."""
    highest: float
    """In one frame."""
    top: float
    """Share of the analyzed frames in which no other class has a higher score."""


def score_totals(view: View) -> list[ScoreTotals]:
    """One row per class of the model, in the time range of the view; empty if no frame was analyzed."""
    classes = len(view.table.classes)
    total, highest, top = np.zeros(classes), np.zeros(classes), np.zeros(classes)
    for start, stop in chunks_of(view.entries):
        scores = np.nan_to_num(view.results.scores(view.model, start, stop), nan=0.0)
        if not scores.size:
            continue
        total += scores.sum(axis=0)
        highest = np.maximum(highest, scores.max(axis=0))
        best = scores.max(axis=1, keepdims=True)
        top += ((scores == best) & (best > 0)).sum(axis=0)
    analyzed = view.analyzed_entries
    rows = zip(view.table.classes, total.tolist(), highest.tolist(), top.tolist(), strict=True)
    return [ScoreTotals(name, mean / analyzed, peak, first / analyzed) for name, mean, peak, first in rows if analyzed]
