"""Export what happened at lines and in zones as a table, CSV or Parquet: one row per event, as `regions.events`."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from frametally.analysis.view import View
from frametally.exports.spreadsheet import write_csv
from frametally.regions.events import SCHEMA, events, events_table
from frametally.regions.shapes import RegionSet
from frametally.storage.atomic import atomic_path
from frametally.tracking.tracks import Tracks


def write_events_csv(view: View, tracks: Tracks, regions: RegionSet, path: Path) -> None:
    """One row per event in order of time; the cell of `dwell_s` is empty where there is none.

    Args:
        view: whose names of classes are written.
        tracks: those that are in the view.
        regions: where events are counted.
        path: of the file.
    """
    write_csv(path, SCHEMA, [_table(view, tracks, regions)])


def write_events_parquet(view: View, tracks: Tracks, regions: RegionSet, path: Path) -> None:
    """The same with null where there is no `dwell_s`."""
    with atomic_path(path) as draft:
        pq.write_table(_table(view, tracks, regions), draft)


def _table(view: View, tracks: Tracks, regions: RegionSet) -> pa.Table:
    names = {name: view.classes.name_of(name) for name in tracks.classes}
    return events_table(events(tracks, regions), tracks, regions, view.results.frame_index, names)
