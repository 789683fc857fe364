"""Compare what several jobs of one camera counted: other days, or another model on the same video.

Jobs are aligned by the time in the video, or by the time of day at which it was recorded. Only the time that all jobs
have in common is compared: otherwise the longer video would win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from frametally.errors import RegionsError
from frametally.regions.crossings import crossings
from frametally.regions.occupancy import occupancy
from frametally.regions.paths import Floats, looks_of
from frametally.regions.shapes import Line, RegionSet, Zone
from frametally.regions.visits import median_dwell_s, visits
from frametally.tracking.tracks import ROUNDING_S, Tracks, between

Alignment = Literal["video", "clock"]
MAX_POINTS: Final = 2_000

DEFINITIONS: Final = {
    "Common time": "from the latest beginning to the earliest end of the compared jobs, in the video or by the clock; "
    "only what is in it is compared",
    "Difference": "the value minus that of the first job",
    "Objects": "tracks that are seen in the common time",
}
"""What each part of a comparison means; shown with it."""


@dataclass(frozen=True)
class Watched:
    """One job of a comparison."""

    name: str
    tracks: Tracks
    """Those in the view."""
    recorded_at: datetime | None = None
    """When the first frame was recorded, in the time zone of the camera; None if that is not known."""


@dataclass(frozen=True)
class Row:
    """One number of each job."""

    what: str
    """"objects", "in", "out", "entries", "exits" or "median dwell"."""
    region: str | None
    """Name of the line or zone; None: the whole picture."""
    class_name: str | None
    """None: all classes together."""
    unit: Literal["", "s"]
    values: tuple[float | None, ...]
    """Of each job; None: not known."""

    @property
    def differences(self) -> tuple[float | None, ...]:
        """Of each job to the first."""
        first = self.values[0]
        return tuple(None if value is None or first is None else value - first for value in self.values)


@dataclass(frozen=True)
class Curves:
    """One number of each job over the common time."""

    what: str
    """"boxes", "in", "out" or "occupancy"; boxes and occupancy are means per analyzed frame."""
    region: str | None
    values: Floats
    """(jobs, m) of each bucket; NaN where nothing was analyzed."""


@dataclass(frozen=True)
class RegionComparison:
    """What the jobs have in common and in what they differ."""

    names: tuple[str, ...]
    alignment: Alignment
    first_s: float
    """Begin of the common time: seconds after the first frame, or after midnight."""
    last_s: float
    time_s: Floats
    """(m,) begin of each bucket of the curves."""
    rows: tuple[Row, ...]
    curves: tuple[Curves, ...]

    @property
    def changes(self) -> tuple[Row, ...]:
        """The rows in which a job differs from the first, largest relative difference first."""
        changed = [row for row in self.rows if any(row.differences)]
        return tuple(sorted(changed, key=_relative, reverse=True))


def compare(
    jobs: Sequence[Watched], regions: RegionSet, alignment: Alignment = "video", bucket_s: float = 60.0
) -> RegionComparison:
    """Compare at least two jobs.

    Raises:
        RegionsError: they have no time in common, or the time of a recording is not known.
    """
    if alignment == "clock":
        _check_zones(jobs)
    offsets_s = [_offset_s(job, alignment) for job in jobs]
    first_s, last_s = _common(jobs, offsets_s)
    parts = [
        _within(job.tracks, first_s - offset_s, last_s - offset_s)
        for job, offset_s in zip(jobs, offsets_s, strict=True)
    ]
    bucket_s = max(bucket_s, (last_s - first_s) / MAX_POINTS)
    time_s = np.arange(first_s, last_s + ROUNDING_S, bucket_s)
    starts = [time_s - offset_s for offset_s in offsets_s]
    return RegionComparison(
        names=tuple(job.name for job in jobs),
        alignment=alignment,
        first_s=first_s,
        last_s=last_s,
        time_s=time_s,
        rows=tuple(_rows(parts, regions)),
        curves=tuple(_curves(parts, regions, starts)),
    )


def _check_zones(jobs: Sequence[Watched]) -> None:
    """Most files have their time in UTC only: then it is not known what the clock of the camera showed."""
    utc = [job.name for job in jobs if job.recorded_at is not None and not job.recorded_at.utcoffset()]
    local = [job.name for job in jobs if job.recorded_at is not None and job.recorded_at.utcoffset()]
    if utc and local:
        raise RegionsError(
            f"The time of {utc[0]} is in UTC, that of {local[0]} in the time zone of its camera.",
            "Compare by the time in the video, or only jobs of one kind.",
        )


def _offset_s(job: Watched, alignment: Alignment) -> float:
    if alignment == "video":
        return 0.0
    if job.recorded_at is None:
        raise RegionsError(f"It is not known when {job.name} was recorded.", "Compare by the time in the video.")
    midnight = job.recorded_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return (job.recorded_at - midnight).total_seconds()


def _common(jobs: Sequence[Watched], offsets_s: Sequence[float]) -> tuple[float, float]:
    looks = [job.tracks.analyzed_time_s for job in jobs]
    if all(len(times_s) for times_s in looks):
        first_s = max(float(times_s[0]) + offset_s for times_s, offset_s in zip(looks, offsets_s, strict=True))
        last_s = min(float(times_s[-1]) + offset_s for times_s, offset_s in zip(looks, offsets_s, strict=True))
        if first_s <= last_s:
            return first_s, last_s
    raise RegionsError("These jobs have no time in common.", "Compare by the time in the video, or choose others.")


def _within(tracks: Tracks, first_s: float, last_s: float) -> Tracks:
    return between(tracks, first_s - ROUNDING_S, last_s + ROUNDING_S)


def _rows(parts: Sequence[Tracks], regions: RegionSet) -> list[Row]:
    classes = sorted({name for part in parts for name in part.classes})
    found = _counted("objects", None, classes, parts, [_objects(part) for part in parts])
    for line in regions.lines:
        ways = [crossings(part, line).counts(len(part.classes)) for part in parts]
        for column, way in enumerate(("in", "out")):
            found += _counted(way, line.name, classes, parts, [way_of[:, column] for way_of in ways])
    for zone in regions.zones:
        found += _of_zone(parts, zone, classes)
    return found


def _of_zone(parts: Sequence[Tracks], zone: Zone, classes: Sequence[str]) -> list[Row]:
    stays = [visits(part, zone) for part in parts]
    entered, left = [], []
    for part, stay in zip(parts, stays, strict=True):
        size = len(part.classes)
        entered.append(np.bincount(stay.class_code[~stay.was_inside], minlength=size))
        left.append(np.bincount(stay.class_code[~stay.is_open], minlength=size))
    dwell = tuple(median_dwell_s(stay) for stay in stays)
    return [
        *_counted("entries", zone.name, classes, parts, entered),
        *_counted("exits", zone.name, classes, parts, left),
        Row("median dwell", zone.name, None, "s", dwell),
    ]


def _counted(
    what: str,
    region: str | None,
    classes: Sequence[str],
    parts: Sequence[Tracks],
    counts: Sequence[npt.NDArray[np.int64]],
) -> list[Row]:
    """A row for all classes, and one for each if there are several; a class that a model does not have is None."""
    rows = [Row(what, region, None, "", tuple(float(count.sum()) for count in counts))]
    if len(classes) > 1:
        for name in classes:
            values = tuple(
                float(count[part.classes.index(name)]) if name in part.classes else None
                for part, count in zip(parts, counts, strict=True)
            )
            rows.append(Row(what, region, name, "", values))
    return rows


def _objects(part: Tracks) -> npt.NDArray[np.int64]:
    _, first = np.unique(part.track_id, return_index=True)
    return np.bincount(part.class_code[first], minlength=len(part.classes))


def _curves(parts: Sequence[Tracks], regions: RegionSet, starts: Sequence[Floats]) -> list[Curves]:
    pairs = list(zip(parts, starts, strict=True))
    boxes = [_means(np.bincount(looks_of(part), minlength=len(part.analyzed_time_s)), part, at) for part, at in pairs]
    found = [Curves("boxes", None, np.stack(boxes))]
    for line in regions.lines:
        ways = [_passed(part, line, at) for part, at in pairs]
        found += [Curves(way, line.name, np.stack([one[at] for one in ways])) for at, way in enumerate(("in", "out"))]
    for zone in regions.zones:
        held = [_means(occupancy(part, zone).counts.sum(axis=1), part, at) for part, at in pairs]
        found.append(Curves("occupancy", zone.name, np.stack(held)))
    return found


def _passed(part: Tracks, line: Line, starts_s: Floats) -> Floats:
    """(2, m) crossings in and out in each bucket; NaN where nothing was analyzed."""
    found = crossings(part, line)
    bucket = _buckets(found.time_s, starts_s)
    counts = np.stack(
        [np.bincount(bucket[found.is_in == is_in], minlength=len(starts_s)) for is_in in (True, False)]
    ).astype(np.float64)
    counts[:, _looks(part, starts_s) == 0] = np.nan
    return counts


def _means(values: npt.NDArray[np.int64], part: Tracks, starts_s: Floats) -> Floats:
    """(m,) mean of the looks of each bucket; NaN without any."""
    looks = _looks(part, starts_s)
    sums = np.bincount(_buckets(part.analyzed_time_s, starts_s), weights=values, minlength=len(starts_s))
    return np.asarray(np.divide(sums, looks, out=np.full(len(starts_s), np.nan), where=looks > 0))


def _looks(part: Tracks, starts_s: Floats) -> npt.NDArray[np.int64]:
    return np.bincount(_buckets(part.analyzed_time_s, starts_s), minlength=len(starts_s))


def _buckets(time_s: Floats, starts_s: Floats) -> npt.NDArray[np.int64]:
    return np.clip(np.searchsorted(starts_s, time_s + ROUNDING_S, side="right") - 1, 0, len(starts_s) - 1)


def _relative(row: Row) -> float:
    first = abs(row.values[0] or 0.0)
    largest = max(abs(difference or 0.0) for difference in row.differences)
    return largest / max(first, 1.0)
