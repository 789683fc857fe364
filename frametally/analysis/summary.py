"""Counts and totals of a view: under its class names, merged ones counted as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from frametally.analysis.counts import Counts, Totals, count, totals
from frametally.analysis.moments import Extremes, extremes
from frametally.analysis.view import View
from frametally.results.cube import STEPS, steps_of


def counts_of(view: View, max_points: int | None = 400) -> Counts:
    """What `count` says, a column per class of the view."""
    counts = count(view.results, view.model, view.confidence, None, view.window_s, max_points)
    boxes = np.zeros((len(counts.starts), len(view.names)), dtype=np.int64)
    for column, code in enumerate(view.classes.codes(counts.classes)):
        if code >= 0:
            boxes[:, code] += counts.boxes[:, column]
    return replace(counts, classes=view.names, boxes=boxes)


def band_of(view: View, width: float = 0.1) -> tuple[Counts, Counts]:
    """The counts at a stricter and at a laxer confidence: how much the numbers hang on the threshold."""
    edges = (min(view.confidence + width, 1.0), max(view.confidence - width, 0.0))
    strict, lax = (counts_of(replace(view, confidence=round(edge, 2))) for edge in edges)
    return strict, lax


def confidences_of(view: View) -> npt.NDArray[np.int64] | None:
    """(len(view.table.classes), 101) boxes of the window by confidence, as in `Cube.histogram`; None without a cube."""
    cube, entries = view.results.cube(view.model), view.entries
    if cube is None:
        return None
    first = -(-entries.start // cube.span)
    stop = cube.counts.shape[2] if entries.stop == len(view.results.time_s) else entries.stop // cube.span
    if first >= stop:
        return _by_confidence(view, entries.start, entries.stop)
    before = _by_confidence(view, entries.start, first * cube.span)
    return before + cube.histogram(first, stop) + _by_confidence(view, stop * cube.span, entries.stop)


def _by_confidence(view: View, start: int, stop: int) -> npt.NDArray[np.int64]:
    """The same for entries [start, stop), from the boxes."""
    classes = len(view.table.classes)
    found = np.zeros(classes * STEPS, dtype=np.int64)
    for _, code, certain in view.results.confidence_pieces(view.model, start, stop) if start < stop else ():
        counted = certain >= 0
        found += np.bincount(code[counted] * STEPS + steps_of(certain[counted]), minlength=len(found))
    return found.reshape(classes, STEPS)


def gaps_of(view: View, starts: npt.NDArray[np.int64]) -> list[tuple[float, float]]:
    """Stretches of time, in seconds, whose points hold no analyzed entry.

    Args:
        view: what is looked at.
        starts: (m,) first entry of each point, all of one length; the last may reach beyond the window.
    """
    if not len(starts):
        return []
    time_s = view.results.time_s
    length = int(starts[1] - starts[0]) if len(starts) > 1 else max(len(view.entries), 1)
    stops = np.minimum(starts + length, len(time_s))
    known = view.table.analyzed_before
    unknown = known[stops] == known[starts]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], unknown, [False]]).astype(np.int8))).reshape(-1, 2)
    ends = np.append(time_s[starts], time_s[min(stops[-1], len(time_s) - 1)])
    return [(float(ends[max(first - 1, 0)]), float(ends[stop])) for first, stop in edges.tolist()]


def totals_of(view: View) -> list[Totals]:
    """What `totals` says, a row per class of the view."""
    members = [tuple(_members(view, name)) for name in view.names]
    if all(len(classes) == 1 for classes in members):
        rows = totals(view.results, view.model, view.confidence, tuple(name for (name,) in members), view.window_s)
        return [replace(row, class_name=name) for row, name in zip(rows, view.names, strict=True)]
    return _merged_totals(view)


def _members(view: View, name: str) -> list[str]:
    return [member for member in view.table.classes if view.classes.name_of(member) == name]


def _merged_totals(view: View) -> list[Totals]:
    """Counted from the boxes: the peak of two classes together is not the sum of their peaks."""
    time_s, entries = view.results.time_s, view.entries
    analyzed = int(view.table.analyzed[entries.start : entries.stop].sum())
    interval_s = float(time_s[-1] - time_s[0]) / (len(time_s) - 1) if len(time_s) > 1 else 0.0
    return [_row(found, analyzed, interval_s, time_s) for found in extremes(view)]


def _row(found: Extremes, analyzed: int, interval_s: float, time_s: npt.NDArray[np.float64]) -> Totals:
    if not analyzed:
        return Totals(found.class_name, None, None, None, None, None, None)
    first, last = found.first_entry, found.last_entry
    return Totals(
        class_name=found.class_name,
        mean=found.boxes / analyzed,
        peak=found.peak,
        present=found.present / analyzed,
        present_s=found.present * interval_s,
        first_seen_s=None if first is None else float(time_s[first]),
        last_seen_s=None if last is None else float(time_s[last]),
    )
