"""Find the moments of a video that answer a question."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.errors import RegionsError
from frametally.regions.crossings import Crossings, crossings
from frametally.regions.paths import Rows, looks_of
from frametally.regions.questions.queries import CrossedThen, FirstAfter, MoreThan, Query, Together, Way
from frametally.regions.shapes import Line, RegionSet, Zone
from frametally.regions.visits import rows_in
from frametally.tracking.tracks import ROUNDING_S, Tracks

MAX_MOMENTS: Final = 1_000
_MAX_TRACKS: Final = 100
Looks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FoundMoment:
    """A stretch of the video, with the frame to show."""

    start_s: float
    end_s: float
    """Last look that belongs to it."""
    entry: int
    track_ids: tuple[int, ...]
    """Tracks that answer the question, at most 100."""


def find(tracks: Tracks, regions: RegionSet, query: Query) -> list[FoundMoment]:
    """The moments in order of time, at most `MAX_MOMENTS`.

    Raises:
        RegionsError: the set has no such line or zone.
    """
    if not len(tracks.analyzed_time_s):
        return []
    found: Iterable[FoundMoment]
    match query:
        case Together():
            found = _together(tracks, query)
        case MoreThan():
            found = _more_than(tracks, regions, query)
        case FirstAfter():
            found = _first_after(tracks, query)
        case CrossedThen():
            found = _crossed_then(tracks, regions, query)
    return [moment for moment, _ in zip(found, range(MAX_MOMENTS), strict=False)]


def _together(tracks: Tracks, query: Together) -> Iterator[FoundMoment]:
    look, time_s = looks_of(tracks), tracks.analyzed_time_s
    is_first, is_second = (_is_of(tracks, [name]) for name in (query.first, query.second))
    first, second = (np.unique(look[rows]) for rows in (is_first, is_second))
    near = np.union1d(
        first[_is_near(time_s, first, second, query.within_s, query.within_s)],
        second[_is_near(time_s, second, first, query.within_s, query.within_s)],
    )
    done = np.union1d(
        first[_is_near(time_s, first, second, query.within_s, 0.0)],
        second[_is_near(time_s, second, first, query.within_s, 0.0)],
    )
    seen = _Seen(tracks, look, is_first | is_second)
    for begin, end in _runs(tracks, near, query.within_s):
        shown = int(done[np.searchsorted(done, begin)])
        yield _moment(tracks, begin, end, shown, seen.between(begin, end))


def _is_near(time_s: npt.NDArray[np.float64], looks: Rows, others: Rows, before_s: float, after_s: float) -> Looks:
    """(m,) whether one of the other looks is at most so long before, or after, each look."""
    at_s, others_s = time_s[looks], time_s[others]
    last = np.searchsorted(others_s, at_s + after_s + ROUNDING_S, side="right")
    return np.asarray(last > np.searchsorted(others_s, at_s - before_s - ROUNDING_S))


def _more_than(tracks: Tracks, regions: RegionSet, query: MoreThan) -> Iterator[FoundMoment]:
    wanted = _is_of(tracks, query.classes)
    if query.zone is not None:
        inside = np.zeros(len(tracks), dtype=np.bool_)
        inside[rows_in(tracks, _zone(regions, query.zone))] = True
        wanted &= inside
    look = looks_of(tracks)
    count = np.bincount(look[wanted], minlength=len(tracks.analyzed_time_s))
    seen = _Seen(tracks, look, wanted)
    for begin, end in _runs(tracks, np.flatnonzero(count > query.more_than), 0.0):
        shown = begin + int(np.argmax(count[begin : end + 1]))
        yield _moment(tracks, begin, end, shown, seen.between(shown, shown))


def _first_after(tracks: Tracks, query: FirstAfter) -> list[FoundMoment]:
    found, look = [], looks_of(tracks)
    for name in query.classes or tracks.classes:
        later = _is_of(tracks, [name]) & (tracks.time_s >= query.after_s - ROUNDING_S)
        if later.any():
            at = int(look[later].min())
            found.append(_moment(tracks, at, at, at, _Seen(tracks, look, later).between(at, at)))
    return sorted(found, key=lambda moment: moment.start_s)


def _crossed_then(tracks: Tracks, regions: RegionSet, query: CrossedThen) -> list[FoundMoment]:
    first = _ways(crossings(tracks, _line(regions, query.line)), query.way)
    second = _ways(crossings(tracks, _line(regions, query.second_line)), query.second_way)
    before: dict[int, list[float]] = {}
    for number, time_s in first:
        before.setdefault(number, []).append(time_s)
    found = []
    for number, time_s, entry in second.with_entries():
        earlier = [one for one in before.get(number, ()) if one < time_s]
        if earlier and (query.within_s is None or time_s - earlier[-1] <= query.within_s + ROUNDING_S):
            found.append(FoundMoment(earlier[-1], time_s, entry, (number,)))
            before[number] = [one for one in before[number] if one >= time_s]
    return sorted(found, key=lambda moment: (moment.start_s, moment.track_ids))


@dataclass(frozen=True)
class _Passed:
    """Crossings in one direction, or both, in order of time."""

    track_id: npt.NDArray[np.int32]
    time_s: npt.NDArray[np.float64]
    entry: npt.NDArray[np.int32]

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.track_id.tolist(), self.time_s.tolist(), strict=True)

    def with_entries(self) -> Iterator[tuple[int, float, int]]:
        return zip(self.track_id.tolist(), self.time_s.tolist(), self.entry.tolist(), strict=True)


def _ways(found: Crossings, way: Way | None) -> _Passed:
    kept = np.ones(len(found), dtype=np.bool_) if way is None else found.is_in == (way == "in")
    return _Passed(found.track_id[kept], found.time_s[kept], found.entry[kept])


def _is_of(tracks: Tracks, classes: Collection[str]) -> npt.NDArray[np.bool_]:
    """(n,) whether each box is of one of the classes; without classes, every one."""
    wanted = [not classes or name in classes for name in tracks.classes]
    return np.asarray(np.array(wanted, dtype=np.bool_)[tracks.class_code])


def _runs(tracks: Tracks, looks: Rows, gap_s: float) -> Iterator[tuple[int, int]]:
    """First and last of the looks that follow each other, or within this time; not over what was not analyzed."""
    if not len(looks):
        return
    time_s, entry = tracks.analyzed_time_s[looks], tracks.analyzed_entry[looks]
    is_next = (np.diff(looks) == 1) & (np.diff(entry) == 1)
    cuts = np.flatnonzero(~is_next & (np.diff(time_s) > gap_s + ROUNDING_S)) + 1
    for run in np.split(looks, cuts):
        yield int(run[0]), int(run[-1])


class _Seen:
    """Which of the wanted tracks are seen when."""

    def __init__(self, tracks: Tracks, look: Rows, wanted: Looks) -> None:
        rows = np.flatnonzero(wanted)
        rows = rows[np.argsort(look[rows], kind="stable")]
        self._look, self._track_id = look[rows], tracks.track_id[rows]

    def between(self, begin: int, end: int) -> tuple[int, ...]:
        """The ids of those seen from the first to the last of these looks, at most 100."""
        first, last = np.searchsorted(self._look, (begin, end + 1))
        return tuple(np.unique(self._track_id[first:last])[:_MAX_TRACKS].tolist())


def _moment(tracks: Tracks, begin: int, end: int, shown: int, track_ids: tuple[int, ...]) -> FoundMoment:
    return FoundMoment(
        start_s=float(tracks.analyzed_time_s[begin]),
        end_s=float(tracks.analyzed_time_s[end]),
        entry=int(tracks.analyzed_entry[shown]),
        track_ids=track_ids,
    )


def _zone(regions: RegionSet, wanted: str) -> Zone:
    for zone in regions.zones:
        if zone.id == wanted:
            return zone
    raise RegionsError("There is no such zone.", "Choose another one.")


def _line(regions: RegionSet, wanted: str) -> Line:
    for line in regions.lines:
        if line.id == wanted:
            return line
    raise RegionsError("There is no such line.", "Choose another one.")
