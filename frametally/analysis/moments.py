"""Moments worth a look: where a class peaks, comes and goes, where two models disagree, every so many seconds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.comparison import Comparison, by_second
from frametally.analysis.tally import tally
from frametally.analysis.view import View

DEFINITIONS: Final = {
    "Peak": "the first analyzed frame with the most detections of a class",
    "First seen": "the first analyzed frame with a detection of a class",
    "Last seen": "the last analyzed frame with a detection of a class",
    "Every n seconds": "the first analyzed frame at or after each multiple of n seconds",
    "Disagreement": "the frame of a second in which most boxes are found by one of the two models only",
}
"""What each reason means; shown beside the moments."""


@dataclass(frozen=True)
class Moment:
    """An entry and why it is worth a look."""

    entry: int
    reason: str


@dataclass(frozen=True)
class Extremes:
    """What one class of the view comes to in its analyzed frames, and where; no entry where it is never there."""

    class_name: str
    boxes: int
    present: int
    """Entries with at least one."""
    peak: int
    """Most detections in one entry."""
    peak_entry: int | None
    first_entry: int | None
    last_entry: int | None


def extremes(view: View) -> list[Extremes]:
    """One row per class of the view, merged ones counted as one, in bounded memory."""
    names, codes = view.names, view.classes.codes(view.table.classes)
    found = tally(view.results, view.model, view.confidence, view.entries, codes, len(names))
    sums = np.column_stack([found.boxes, found.present, found.peak]).tolist()
    places = np.column_stack([found.peak_entry, found.first_entry, found.last_entry]).tolist()
    return [
        Extremes(name, *some, *(at if some[0] else (None, None, None)))
        for name, some, at in zip(names, sums, places, strict=True)
    ]


def of_classes(found: Iterable[Extremes]) -> list[Moment]:
    """Peak, first and last seen of every class that is there at all."""
    return in_order(
        Moment(entry, reason)
        for row in found
        for entry, reason in (
            (row.peak_entry, f"peak of {row.class_name}: {row.peak}"),
            (row.first_entry, f"{row.class_name} first seen"),
            (row.last_entry, f"{row.class_name} last seen"),
        )
        if entry is not None
    )


def every(view: View, interval_s: float) -> list[Moment]:
    """The first analyzed frame of the window at or after each multiple of the interval; none twice.

    Raises:
        ValueError: the interval is not above 0.
    """
    if not interval_s > 0:
        raise ValueError(f"interval_s has to be above 0, not {interval_s}")
    known = np.flatnonzero(view.table.analyzed[view.entries.start : view.entries.stop]) + view.entries.start
    # A time has 4 decimals: 0.3 is the third multiple of 0.1, though 0.3 / 0.1 is less than 3.
    step = np.floor(view.results.time_s[known] / interval_s + 1e-6).astype(np.int64)
    steps, first = np.unique(step, return_index=True)
    return [
        Moment(int(known[at]), f"every {interval_s:g} s: {number * interval_s:g} s")
        for number, at in zip(steps, first, strict=True)
    ]


def of_disagreement(comparison: Comparison, most: int = 20) -> list[Moment]:
    """The worst frame of each of the seconds with the most disagreement, in the order of time."""
    return in_order(_disagreement_at(comparison, second.worst_entry) for second in by_second(comparison)[:most])


def proof_of(view: View, starts: npt.NDArray[np.int64], start: int, class_name: str | None = None) -> int:
    """The entry that proves a point of a chart best: of those in it and in the window, the one with most detections.

    Of as many the first; where there are none, the first analyzed entry, whose zero is one.

    Args:
        view: what is looked at.
        starts: (m,) first entry of each point.
        start: that of the point.
        class_name: whose detections; None: of all classes that are shown.
    """
    later = starts[starts > start]
    first = max(start, view.entries.start)
    stop = min(int(later[0]) if len(later) else view.entries.stop, view.entries.stop)
    if stop - first < 2:
        return first
    found = _detections(view, first, stop, class_name)
    return first + int(np.argmax(found if found.any() else view.table.analyzed[first:stop]))


def in_order(*moments: Iterable[Moment]) -> list[Moment]:
    """One moment per entry, in the order of time, with all its reasons."""
    reasons: dict[int, list[str]] = {}
    for moment in chain.from_iterable(moments):
        reasons.setdefault(moment.entry, []).append(moment.reason)
    return [Moment(entry, "; ".join(dict.fromkeys(reasons[entry]))) for entry in sorted(reasons)]


def next_moment(moments: Sequence[Moment], entry: int) -> Moment | None:
    """The first moment after this entry; they have to be in order."""
    at = bisect_right(moments, entry, key=_entry)
    return moments[at] if at < len(moments) else None


def previous_moment(moments: Sequence[Moment], entry: int) -> Moment | None:
    """The last moment before this entry; they have to be in order."""
    at = bisect_left(moments, entry, key=_entry)
    return moments[at - 1] if at else None


def _detections(view: View, start: int, stop: int, class_name: str | None) -> npt.NDArray[np.int64]:
    """(stop - start,) boxes of the class, or of all that are shown, in each entry."""
    entry, code, confidence = view.results.confidences(view.model, start, stop)
    seen_as = view.classes.codes(view.table.classes)[code]
    wanted = seen_as >= 0 if class_name is None else seen_as == view.names.index(class_name)
    return np.bincount(entry[wanted & (confidence >= view.confidence)] - start, minlength=stop - start)


def _entry(moment: Moment) -> int:
    return moment.entry


def _disagreement_at(comparison: Comparison, entry: int) -> Moment:
    at = entry - comparison.start
    only_a, only_b = int(comparison.only_a[at]), int(comparison.only_b[at])
    return Moment(entry, f"{only_a} only in {comparison.model_a}, {only_b} only in {comparison.model_b}")
