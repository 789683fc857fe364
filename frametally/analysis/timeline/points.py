"""The points of a chart over time: stretches of consecutive entries, of one number of entries or of one duration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.results.cube import STEPS

MAX_POINTS: Final = 400
"""About as many points as a chart can show."""
MAX_CELLS: Final = 8_000_000
"""Of a table of counts by threshold, class and point; larger ones are not made."""
BUCKETS_S: Final = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0)
"""Durations that users can choose from."""
_MAX_BUCKETS: Final = 2000
_ROUNDING_S: Final = 1e-4
"""Times in results are rounded; those just below the edge of a bucket belong to it."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Points:
    """Points that follow one another without gaps; the first and the last may reach beyond the time range."""

    starts: Ints
    """(m,) first entry of each point."""
    stops: Ints
    """(m,) the entry after its last one."""
    edges_s: npt.NDArray[np.float64]
    """(m + 1,) where each point begins on the time axis, and where the last one ends; (0,) without a point."""
    length: int = 0
    """Entries per point, except at the end of the results; 0 if points have the same duration instead."""

    def of_entries(self, entry: Ints) -> Ints:
        """The index of the point of each entry, which must be in one."""
        if self.length:
            return np.asarray((entry - self.starts[0]) // self.length, dtype=np.int64)
        return np.searchsorted(self.starts, entry, side="right") - 1

    def analyzed(self, view: View) -> Ints:
        """(m,) entries of each point that were analyzed."""
        before = view.table.analyzed_before
        return np.asarray(before[self.stops] - before[self.starts], dtype=np.int64)


def points_of(view: View, max_points: int | None = MAX_POINTS, bucket_s: float | None = None) -> Points:
    """The points of a view.

    Args:
        view: whose time range they cover.
        max_points: about how many; each covers the same power of two of entries. None gives one per entry.
        bucket_s: the duration of each point instead. Buckets begin at multiples of it; those without an entry are
            left out.
    """
    if bucket_s is not None and len(view.entries):
        return _buckets(view, bucket_s)
    length = point_length(len(view.entries), max_points)
    cube = view.results.cube(view.model)
    if cube is not None and view.time_range_s is None and max_points is not None:
        length = max(length, cube.span)
    time_s, entries = view.results.time_s, view.entries
    starts = np.arange(entries.start // length * length, entries.stop, length, dtype=np.int64)
    stops = np.minimum(starts + length, len(time_s))
    return Points(starts, stops, np.append(time_s[starts], _end_s(view, stops)), length)


def point_length(entries: int, max_points: int | None) -> int:
    """Entries per point: the smallest power of two that gives at most `max_points`."""
    if max_points is None or entries <= max_points:
        return 1
    return 1 << (-(-entries // max_points) - 1).bit_length()


def bucket_sizes(view: View) -> tuple[float, ...]:
    """The durations of `BUCKETS_S` that hold several entries and divide the time range into a useful number."""
    entries, time_s = view.entries, view.results.time_s
    if len(entries) < 2:
        return ()
    duration_s = float(time_s[entries.stop - 1] - time_s[entries.start])
    interval_s = duration_s / (len(entries) - 1)
    most = min(_MAX_BUCKETS, MAX_CELLS // (STEPS * max(len(view.names), 1)))
    return tuple(size for size in BUCKETS_S if size > interval_s and 2 * size <= duration_s <= most * size)


def offered_bucket(view: View, wanted_s: float | None) -> float | None:
    """The smallest offered duration that is not shorter than the wanted one; None if there is none."""
    return None if wanted_s is None else next((size for size in bucket_sizes(view) if size >= wanted_s), None)


def _buckets(view: View, bucket_s: float) -> Points:
    time_s, entries = view.results.time_s, view.entries
    number = np.floor((time_s + _ROUNDING_S) / bucket_s).astype(np.int64)
    first = int(np.searchsorted(number, number[entries.start]))
    stop = int(np.searchsorted(number, number[entries.stop - 1], side="right"))
    starts = first + np.flatnonzero(np.diff(number[first:stop], prepend=number[first] - 1))
    stops = np.append(starts[1:], stop)
    end_s = (number[stop - 1] + 1) * bucket_s
    edges_s = np.append(number[starts] * bucket_s, min(end_s, _end_s(view, stops)) if stop == len(time_s) else end_s)
    return Points(starts.astype(np.int64), stops.astype(np.int64), edges_s.astype(np.float64))


def _end_s(view: View, stops: Ints) -> npt.NDArray[np.float64]:
    """(1,) where the last point ends: at the next entry or, after the last one, a mean interval later; (0,) if none."""
    time_s = view.results.time_s
    if not len(stops):
        return np.zeros(0)
    if stops[-1] < len(time_s):
        return time_s[stops[-1:]]
    interval_s = (time_s[-1] - time_s[0]) / (len(time_s) - 1) if len(time_s) > 1 else 0.0
    return np.array([time_s[-1] + interval_s])
