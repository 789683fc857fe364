"""Export the tracks of a view as a table, CSV or Parquet: one row per box, ordered by track."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from frametally.analysis.view import View
from frametally.exports.spreadsheet import write_csv
from frametally.storage.atomic import atomic_path
from frametally.tracking.tracks import Tracks, filtered

_SCHEMA: Final = pa.schema(
    [
        ("track_id", pa.int32()),
        ("frame_index", pa.int64()),
        ("time_s", pa.float64()),
        ("class", pa.string()),
        ("class_share", pa.float64()),
        ("confidence", pa.float64()),
        *((name, pa.float32()) for name in ("x_min_px", "y_min_px", "x_max_px", "y_max_px")),
    ]
)
"""`class` and `class_share` are those of the track; the frame is the one in the video, from 0."""
_ROWS: Final = 1 << 16


def write_tracks_csv(view: View, tracks: Tracks, path: Path) -> None:
    """One row per box of the tracks that is in the view."""
    write_csv(path, _SCHEMA, _tables(view, tracks))


def write_tracks_parquet(view: View, tracks: Tracks, path: Path) -> None:
    """One row per box of the tracks that is in the view."""
    with atomic_path(path) as draft, pq.ParquetWriter(draft, _SCHEMA) as writer:
        for table in _tables(view, tracks):
            writer.write_table(table)


def _tables(view: View, tracks: Tracks) -> Iterator[pa.Table]:
    shown = filtered(tracks, view)
    names = pa.array(view.names, pa.string())
    for start in range(0, len(shown), _ROWS):
        rows = slice(start, start + _ROWS)
        entry, track_id = shown.entry[rows], shown.track_id[rows]
        columns = [
            track_id,
            view.results.frame_index[entry],
            shown.time_s[rows],
            names.take(pa.array(view.codes[shown.class_code[rows]])),
            shown.class_share[track_id - 1],
            shown.confidence[rows],
            *shown.xyxy[rows].T,
        ]
        yield pa.table(columns, schema=_SCHEMA)
