"""Frames of interest: peaks, first and last appearances, disagreement between models, fixed intervals."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.comparison import Comparison, rank_seconds
from frametally.analysis.tally import tally
from frametally.analysis.view import View

DEFINITIONS: Final = {
    "Peak": "the first analyzed frame with the most detections of a class",
    "First seen": "the first analyzed frame with a detection of a class",
    "Last seen": "the last analyzed frame with a detection of a class",
    "Every N seconds": "the first analyzed frame at or after each multiple of N seconds",
    "Disagreement": "in each of the seconds with the most disagreement, the frame with the most boxes that only "
    "one of the two models found",
}
"""What each kind of moment means; shown with the moments."""

_FIRST_STRIDE: Final = 1024


@dataclass(frozen=True)
class Moment:
    """An entry and the reason to look at it."""

    entry: int
    reason: str


@dataclass(frozen=True)
class Extremes:
    """Peak, first and last appearance of one class of the view; the entries are None if it has no detection."""

    class_name: str
    boxes: int
    present: int
    """Entries with at least one box."""
    peak: int
    """Most boxes in one entry."""
    peak_entry: int | None
    first_entry: int | None
    last_entry: int | None


def extremes(view: View) -> list[Extremes]:
    """One row per class of the view, merged classes as one, in bounded memory."""
    found = tally(view)
    sums = np.column_stack([found.boxes, found.present, found.peak]).tolist()
    entries = np.column_stack([found.peak_entry, found.first_entry, found.last_entry]).tolist()
    return [
        Extremes(name, *some, *(at if some[0] else (None, None, None)))
        for name, some, at in zip(view.names, sums, entries, strict=True)
    ]


def class_moments(found: Iterable[Extremes]) -> list[Moment]:
    """Peak, first and last appearance of every class with a detection."""
    return in_order(
        Moment(entry, reason)
        for row in found
        for entry, reason in (
            (row.peak_entry, f"peak of {row.class_name}: {row.peak}"),
            (row.first_entry, f"first {row.class_name}"),
            (row.last_entry, f"last {row.class_name}"),
        )
        if entry is not None
    )


def interval_moments(view: View, interval_s: float) -> list[Moment]:
    """The first analyzed frame of the time range at or after each multiple of the interval; no frame twice.

    Raises:
        ValueError: the interval is not above 0.
    """
    if not interval_s > 0:
        raise ValueError(f"interval_s must be above 0, not {interval_s}")
    known = np.flatnonzero(view.table.analyzed[view.entries.start : view.entries.stop]) + view.entries.start
    # Times have 4 decimals: 0.3 is the third multiple of 0.1, although 0.3 / 0.1 is less than 3.
    step = np.floor(view.results.time_s[known] / interval_s + 1e-6).astype(np.int64)
    steps, first = np.unique(step, return_index=True)
    return [
        Moment(int(known[at]), f"every {interval_s:g} s: {number * interval_s:g} s")
        for number, at in zip(steps, first, strict=True)
    ]


def detections_at(view: View, entries: Sequence[int]) -> npt.NDArray[np.int64]:
    """(n,) boxes of the view in these entries, in one pass; also 0 for entries that were not analyzed."""
    if not len(entries):
        return np.zeros(0, dtype=np.int64)
    first, stop = min(entries), max(entries) + 1
    counts, codes = np.zeros(stop - first, dtype=np.int64), view.codes
    for entry, box_class, confidence in view.results.confidence_pieces(view.model, first, stop):
        kept = (confidence >= view.confidence) & (codes[box_class] >= 0)
        counts += np.bincount(entry[kept] - first, minlength=len(counts))
    return np.asarray(counts[np.asarray(entries) - first])


def disagreement_moments(comparison: Comparison, max_seconds: int = 20) -> list[Moment]:
    """The worst frame of each of the seconds with the most disagreement, in order of time."""
    ranked = rank_seconds(comparison)[:max_seconds]
    return in_order(_disagreement_at(comparison, second.worst_entry) for second in ranked)


def representative_entry(view: View, starts: npt.NDArray[np.int64], start: int, class_name: str | None = None) -> int:
    """The entry to show for a point of a chart: the first one in the point and time range with the most detections.

    Without detections, the first analyzed entry.

    Args:
        view: the view that the chart shows.
        starts: (m,) first entry of each point.
        start: first entry of the chosen point.
        class_name: display name of the class whose detections count; None: all classes of the view.
    """
    later = starts[starts > start]
    first = max(start, view.entries.start)
    stop = min(int(later[0]) if len(later) else view.entries.stop, view.entries.stop)
    if stop - first < 2:
        return first
    found = _detections(view, first, stop, class_name)
    return first + int(np.argmax(found if found.any() else view.table.analyzed[first:stop]))


def next_with_detections(view: View, entry: int, class_name: str | None = None, step: int = 1) -> int | None:
    """The next entry after this one with a detection, or with `step=-1` the last one before it; None if there is none.

    Searches the whole video, also outside the time range.

    Args:
        view: the view to search.
        entry: where the search starts; not part of it.
        class_name: display name of the class to search for; None: any class of the view.
        step: 1 or -1.
    """
    entries, stride, at = len(view.results.time_s), _FIRST_STRIDE, entry + step
    while 0 <= at < entries:
        start, stop = (at, min(at + stride, entries)) if step > 0 else (max(at + 1 - stride, 0), at + 1)
        found = np.flatnonzero(_detections(view, start, stop, class_name))
        if len(found):
            return start + int(found[0] if step > 0 else found[-1])
        at, stride = (stop if step > 0 else start - 1), stride * 4
    return None


def in_order(*moments: Iterable[Moment]) -> list[Moment]:
    """One moment per entry, in order of time, with all its reasons."""
    reasons: dict[int, list[str]] = {}
    for moment in chain.from_iterable(moments):
        reasons.setdefault(moment.entry, []).append(moment.reason)
    return [Moment(entry, ", ".join(dict.fromkeys(reasons[entry]))) for entry in sorted(reasons)]


def next_moment(moments: Sequence[Moment], entry: int) -> Moment | None:
    """The first moment after this entry; None if there is none. The moments must be in order of time."""
    at = bisect_right(moments, entry, key=_entry)
    return moments[at] if at < len(moments) else None


def previous_moment(moments: Sequence[Moment], entry: int) -> Moment | None:
    """The last moment before this entry; None if there is none. The moments must be in order of time."""
    at = bisect_left(moments, entry, key=_entry)
    return moments[at - 1] if at else None


def _detections(view: View, start: int, stop: int, class_name: str | None) -> npt.NDArray[np.int64]:
    """(stop - start,) boxes of the class, or of all that are shown, in each entry."""
    entry, box_class, confidence = view.results.confidences(view.model, start, stop)
    code = view.codes[box_class]
    wanted = code >= 0 if class_name is None else code == view.names.index(class_name)
    return np.bincount(entry[wanted & (confidence >= view.confidence)] - start, minlength=stop - start)


def _entry(moment: Moment) -> int:
    return moment.entry


def _disagreement_at(comparison: Comparison, entry: int) -> Moment:
    at = entry - comparison.start
    only_a, only_b = int(comparison.only_a[at]), int(comparison.only_b[at])
    return Moment(entry, f"{only_a} only in {comparison.model_a}, {only_b} only in {comparison.model_b}")
