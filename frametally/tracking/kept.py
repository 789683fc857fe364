"""Tracks kept as Parquet beside the results of a job: made once for each model and settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frametally.analysis.view import Progress
from frametally.results import Results
from frametally.results.tables import column, values_of
from frametally.storage.atomic import atomic_path
from frametally.storage.derived import derived_path, make_derived_folder
from frametally.tracking.numbering import Columns, completed
from frametally.tracking.settings import VERSION, TrackerSettings
from frametally.tracking.tracker import track
from frametally.tracking.tracks import Joined, Tracks

KIND: Final = "tracks"
_CORNERS: Final = ("x_min", "y_min", "x_max", "y_max")
_JOINED: Final = b"joined"
_UNREADABLE: Final = (OSError, ValueError, KeyError, pa.ArrowException)


def kept_tracks(
    results: Results, model: str, settings: TrackerSettings | None = None, progress: Progress | None = None
) -> Tracks:
    """The tracks of a model, read if they have been made before, else made and kept.

    Raises:
        ResultsError: the results are damaged, or no longer exist.
        DiskFull: the disk would lose its reserve.
        KeyError: there is no such model.
    """
    settings = settings or TrackerSettings()
    known = find_tracks(results, model, settings)
    if known is not None:
        return known
    tracks = track(results, model, settings, progress)
    path = _path(results, model, settings)
    make_derived_folder(results.folder)
    with atomic_path(path, sync=False) as part:
        pq.write_table(_table(tracks), part, compression="lz4", use_dictionary=False, write_page_checksum=True)
    return tracks


def find_tracks(results: Results, model: str, settings: TrackerSettings | None = None) -> Tracks | None:
    """The tracks of a model if they have been made before; None if not, or if they cannot be read."""
    try:
        return _read(_path(results, model, settings or TrackerSettings()), results, model)
    except _UNREADABLE:
        return None


def _path(results: Results, model: str, settings: TrackerSettings) -> Path:
    content = {"version": VERSION, "model": model, "written_ns": results.written_ns, "settings": settings}
    return derived_path(results.folder, KIND, content, "parquet")


def _table(tracks: Tracks) -> pa.Table:
    """A row for each box; the same tracks give the same bytes."""
    corners = dict(zip(_CORNERS, tracks.xyxy.T, strict=True))
    numbers = {
        "track_id": tracks.track_id,
        "entry": tracks.entry,
        "box": tracks.box,
        "confidence": tracks.confidence,
        **corners,
        "class_code": tracks.class_code,
        "class_share": tracks.class_share[tracks.track_id - 1],
    }
    table = pa.table({name: column(values) for name, values in numbers.items()})
    return table.replace_schema_metadata({_JOINED: msgspec.json.encode(tracks.joined)})


def _read(path: Path, results: Results, model: str) -> Tracks:
    with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
        table = file.read(use_threads=False)
    numbers = {name: values_of(table[name]) for name in table.column_names}
    first = np.unique(numbers["track_id"], return_index=True)[1]
    columns = Columns(
        track_id=numbers["track_id"],
        entry=numbers["entry"],
        box=numbers["box"],
        confidence=numbers["confidence"],
        xyxy=np.column_stack([numbers[side] for side in _CORNERS]),
        class_code=numbers["class_code"],
    )
    joined = msgspec.json.decode((table.schema.metadata or {})[_JOINED], type=Joined)
    return replace(completed(columns, numbers["class_share"][first], results, model), joined=joined)
