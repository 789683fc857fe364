"""Charts of counts by model and labels, as JSON of plotly: the browser adds size and colors."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from frametally.analysis.view import View
from frametally.evaluation.count_error import found_counts
from frametally.evaluation.evaluation import Compared
from frametally.evaluation.scores import Scores
from frametally.evaluation.truth import Floats, Ints
from frametally.rendering.regions.reports.figures import Figure, time_axis

ALL: Final = "All classes"
MODEL, LABELS = "model", "labels"
_MAX_POINTS: Final = 500
_MAX_CLASSES: Final = 30
_MARK: Final = "#808080"
_GAP: Final = 1.5
"""Of the usual step between compared frames: beyond it, a line is interrupted."""


class Counts:
    """Counts per frame over time, by model and labels, of all classes together and of each."""

    def __init__(self, compared: Compared, view: View) -> None:
        aligned = compared.aligned
        self._time_s, self._entry = aligned.time_s, compared.pairing.entry
        self._unknown = np.cumsum(~view.table.analyzed | view.results.damaged, dtype=np.int64)[self._entry]
        self._found = found_counts(aligned, compared.outcome, view.confidence)
        self._labeled = aligned.counts
        self._names = aligned.classes[: aligned.labeled_classes]

    def figures(self) -> dict[str, Figure]:
        """A figure for each class that occurs, by its name, after that of all classes where all are labeled."""
        known = ~np.isnan(self._labeled)
        most = np.nansum(self._labeled, axis=0) + np.where(known, self._found, 0).sum(axis=0)
        codes = [int(code) for code in np.argsort(-most, kind="stable")[:_MAX_CLASSES] if most[code] > 0]
        figures = {}
        if len(codes) > 1 and known[:, codes].all(axis=1).any():
            figures[ALL] = self._figure(self._found[:, codes].sum(axis=1), self._labeled[:, codes].sum(axis=1))
        for code in sorted(codes, key=lambda code: self._names[code]):
            figures[self._names[code]] = self._figure(self._found[:, code], self._labeled[:, code])
        return figures

    def _figure(self, found: Floats, labeled: Floats) -> Figure:
        known = np.flatnonzero(~np.isnan(labeled))
        points = _points(self._entry[known])
        starts_s = self._time_s[known][points]
        sizes = np.diff(points, append=len(known))
        columns = {
            MODEL: np.add.reduceat(found[known], points) / sizes,
            LABELS: np.add.reduceat(labeled[known], points) / sizes,
        }
        gaps = _gaps(self._entry[known][points], self._unknown[known][points])
        data = [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "meta": side,
                "x": _with_gaps(starts_s, gaps, is_time=True),
                "y": _with_gaps(values, gaps),
                "marker": {"size": 3},
            }
            for side, values in columns.items()
        ]
        first_s, last_s = float(self._time_s[0]), float(self._time_s[-1])
        return {"data": data, "layout": {"xaxis": time_axis(first_s, max(last_s, first_s + 1))}}


def thresholds_figure(rows: list[Scores], confidence: float) -> Figure:
    """Precision, recall and F1 by threshold, with a line at the current one."""
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "meta": name,
            "x": [row.threshold for row in rows],
            "y": [getattr(row, name) for row in rows],
        }
        for name in ("precision", "recall", "f1")
    ]
    mark = {
        "type": "line",
        "x0": confidence,
        "x1": confidence,
        "y0": 0,
        "y1": 1,
        "line": {"width": 1.5, "dash": "dot", "color": _MARK},
    }
    axes = {"xaxis": {"range": [0, 1], "dtick": 0.2}, "yaxis": {"range": [0, 1.02], "dtick": 0.25}}
    return {"data": data, "layout": {**axes, "shapes": [mark]}}


def _points(entry: Ints) -> Ints:
    """Where the points of a long line begin: each is the mean of as many frames."""
    size = len(entry)
    return np.unique(np.linspace(0, size, min(size, _MAX_POINTS), endpoint=False).astype(np.int64))


def _gaps(entry: Ints, unknown: Ints) -> list[bool]:
    """Whether frames without labels, or that were not analyzed, follow each point.

    Args:
        entry: of the points.
        unknown: how many entries up to each of them were not analyzed.
    """
    steps = np.diff(entry)
    usual = float(np.median(steps)) if len(steps) else 1.0
    return [*((steps > _GAP * usual) | (np.diff(unknown) > 0)).tolist(), False]


def _with_gaps(values: Floats, gaps: list[bool], *, is_time: bool = False) -> list[Any]:
    """The values; after one with a gap, a time again, or nothing."""
    rounded = [round(value, 3) for value in values.tolist()]
    between = rounded if is_time else [None] * len(rounded)
    return [
        one
        for value, gap, other in zip(rounded, gaps, between, strict=True)
        for one in ([value, other] if gap else [value])
    ]
