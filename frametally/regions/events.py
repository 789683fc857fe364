"""What happened at lines and in zones: one table for the page, the files and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from frametally.regions.crossings import Crossings, crossings
from frametally.regions.paths import Floats
from frametally.regions.shapes import RegionSet
from frametally.regions.visits import Visits, visits
from frametally.tracking.tracks import Tracks

KINDS: Final = ("in", "out", "enter", "exit", "inside at start", "inside at end")
"""Of lines; of zones; and of zones where no entry or exit was seen: at the first and the last look, and beside long
stretches that were not analyzed."""
IN, OUT, ENTER, EXIT, INSIDE_AT_START, INSIDE_AT_END = range(len(KINDS))

SCHEMA: Final = pa.schema(
    [
        ("time_s", pa.float64()),
        ("frame", pa.int64()),
        ("entry", pa.int32()),
        ("track_id", pa.int32()),
        ("class", pa.string()),
        ("region", pa.string()),
        ("kind", pa.string()),
        ("dwell_s", pa.float64()),
    ]
)
"""`frame` is the number of the frame in the video, `entry` that in the results; `dwell_s` only of exits, and of what is
inside at the end: so far."""


@dataclass(frozen=True)
class Events:
    """m events in order of time, then of the regions of the set."""

    time_s: Floats
    entry: npt.NDArray[np.int32]
    """(m,) the analyzed entry at or after that time."""
    track_id: npt.NDArray[np.int32]
    class_code: npt.NDArray[np.int32]
    region: npt.NDArray[np.int32]
    """(m,) index among the lines, then the zones of the set."""
    kind: npt.NDArray[np.int32]
    """(m,) index in `KINDS`."""
    dwell_s: Floats
    """(m,) NaN where there is none."""

    def __len__(self) -> int:
        return len(self.time_s)

    def picked(self, rows: npt.NDArray[np.int64]) -> Events:
        """These events, in this order."""
        return Events(*(getattr(self, name)[rows] for name in Events.__dataclass_fields__))


def events(tracks: Tracks, regions: RegionSet) -> Events:
    """All events at the regions of a set."""
    crossed = [crossings(tracks, line) for line in regions.lines]
    return events_of(crossed, [visits(tracks, zone) for zone in regions.zones])


def events_of(crossed: Sequence[Crossings], stayed: Sequence[Visits]) -> Events:
    """The events of the crossings of each line and the stays in each zone of a set, in its order."""
    parts = [_of_line(found, number) for number, found in enumerate(crossed)]
    parts += [part for number, found in enumerate(stayed, start=len(crossed)) for part in _of_zone(found, number)]
    columns = [np.concatenate([getattr(part, name) for part in parts] or [np.zeros(0)]) for name in _COLUMNS]
    time_s, *numbers, dwell_s = columns
    entry, track_id, class_code, region, kind = (column.astype(np.int32) for column in numbers)
    order = np.lexsort((track_id, kind, region, time_s))
    return Events(time_s, entry, track_id, class_code, region, kind, dwell_s).picked(order)


def region_names(regions: RegionSet) -> tuple[str, ...]:
    """The name of each region, by its index in events."""
    return (*(line.name for line in regions.lines), *(zone.name for zone in regions.zones))


def events_table(
    found: Events, tracks: Tracks, regions: RegionSet, frame_index: npt.NDArray[np.int64], names: dict[str, str]
) -> pa.Table:
    """The events as a table with `SCHEMA`.

    Args:
        found: the events.
        tracks: that they are about.
        regions: at which they happened.
        frame_index: (n,) number of the frame of each entry in the video.
        names: display name of each class that has another.
    """
    classes = [names.get(name, name) for name in tracks.classes]
    columns = [
        pa.array(found.time_s),
        pa.array(frame_index[found.entry].astype(np.int64)),
        pa.array(found.entry),
        pa.array(found.track_id),
        _words(classes, found.class_code),
        _words(region_names(regions), found.region),
        _words(KINDS, found.kind),
        pa.array(found.dwell_s, mask=np.isnan(found.dwell_s)),
    ]
    return pa.table(columns, schema=SCHEMA)


_COLUMNS: Final = tuple(Events.__dataclass_fields__)


def _words(words: tuple[str, ...] | list[str], codes: npt.NDArray[np.int32]) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(codes))


def _of_line(found: Crossings, number: int) -> Events:
    return Events(
        time_s=found.time_s,
        entry=found.entry,
        track_id=found.track_id,
        class_code=found.class_code,
        region=np.full(len(found), number, dtype=np.int32),
        kind=np.where(found.is_in, IN, OUT).astype(np.int32),
        dwell_s=np.full(len(found), np.nan),
    )


def _of_zone(found: Visits, number: int) -> Iterator[Events]:
    none = np.full(len(found), np.nan)
    begin = np.where(found.was_inside, INSIDE_AT_START, ENTER)
    yield _stays(found, number, found.enter_s, found.enter_entry, begin, none)
    end = np.where(found.is_open, INSIDE_AT_END, EXIT)
    yield _stays(found, number, found.exit_s, found.exit_entry, end, found.dwell_s)


def _stays(
    found: Visits,
    number: int,
    time_s: Floats,
    entry: npt.NDArray[np.int32],
    kind: npt.NDArray[np.int64],
    dwell_s: Floats,
) -> Events:
    region = np.full(len(found), number, dtype=np.int32)
    return Events(time_s, entry, found.track_id, found.class_code, region, kind.astype(np.int32), dwell_s)
