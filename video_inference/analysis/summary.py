"""Counts and totals of a view: under its class names, merged ones counted as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from video_inference.analysis.counting import Counts, Totals, count, totals
from video_inference.analysis.view import View


def counts_of(view: View, most_points: int | None = 400) -> Counts:
    """What `count` says, a column per class of the view."""
    counts = count(view.results, view.model, view.confidence, None, view.window_s, most_points)
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


def gaps_of(view: View, starts: npt.NDArray[np.int64]) -> list[tuple[float, float]]:
    """Stretches of time, in seconds, whose points hold no analysed entry.

    Args:
        view: what is looked at.
        starts: (m,) first entry of each point; the last one ends with the window.
    """
    if not len(starts):
        return []
    time_s, stops = view.results.time_s, np.append(starts[1:], max(view.entries.stop, starts[-1] + 1))
    known = np.concatenate([[0], np.cumsum(view.table.analysed)])
    unknown = known[np.minimum(stops, len(time_s))] == known[starts]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], unknown, [False]]).astype(np.int8))).reshape(-1, 2)
    ends = np.append(time_s[starts], time_s[-1])
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
    many = len(view.names)
    boxes, peak, present = (np.zeros(many, dtype=np.int64) for _ in range(3))
    first, last = np.full(many, -1), np.full(many, -1)
    for piece in view.in_chunks():
        counts = piece.counts(many)
        seen = counts > 0
        boxes += counts.sum(axis=0)
        present += seen.sum(axis=0)
        peak = np.maximum(peak, counts.max(axis=0, initial=0))
        here = seen.any(axis=0)
        first = np.where(here & (first < 0), piece.start + seen.argmax(axis=0), first)
        last = np.where(here, piece.stop - 1 - seen[::-1].argmax(axis=0), last)
    return [_row(view, at, boxes, peak, present, first, last) for at in range(many)]


def _row(view: View, at: int, *tables: npt.NDArray[np.int64]) -> Totals:
    boxes, peak, present, first, last = (int(table[at]) for table in tables)
    time_s, entries = view.results.time_s, view.entries
    analysed = int(view.table.analysed[entries.start : entries.stop].sum())
    if not analysed:
        return Totals(view.names[at], None, None, None, None, None, None)
    interval_s = float(time_s[-1] - time_s[0]) / (len(time_s) - 1) if len(time_s) > 1 else 0.0
    return Totals(
        class_name=view.names[at],
        mean=boxes / analysed,
        peak=peak,
        present=present / analysed,
        present_s=present * interval_s,
        first_seen_s=float(time_s[first]) if present else None,
        last_seen_s=float(time_s[last]) if present else None,
    )
