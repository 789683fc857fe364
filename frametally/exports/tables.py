"""Export a view as tables, CSV or Parquet: one row per box, or the counts of one frame per row.

Files are written in bounded memory and atomically. Texts in CSV are escaped as in `spreadsheet`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frametally.analysis.view import Progress, View, ViewedBoxes
from frametally.errors import ResultsError
from frametally.exports.spreadsheet import write_csv
from frametally.storage.atomic import atomic_path

_BOXES: Final = pa.schema(
    [
        ("frame_index", pa.int64()),
        ("time_s", pa.float64()),
        ("class", pa.string()),
        ("class_id", pa.int32()),
        ("confidence", pa.float64()),
        *((name, pa.float32()) for name in ("x_min_px", "y_min_px", "x_max_px", "y_max_px")),
        ("tracker_id", pa.string()),
    ]
)
"""Corners in pixels of the picture. Frames without boxes and frames that were not analyzed have no row."""


def write_boxes_csv(view: View, path: Path, progress: Progress | None = None) -> None:
    """One row per box; cells are empty for boxes without a class id or tracker id.

    Raises:
        ResultsError: the results have no boxes.
    """
    write_csv(path, _boxes_schema(view), _boxes(view, progress))


def write_boxes_parquet(view: View, path: Path, progress: Progress | None = None) -> None:
    """One row per box; null for boxes without a class id or tracker id.

    Raises:
        ResultsError: the results have no boxes.
    """
    _write_parquet(path, _boxes_schema(view), _boxes(view, progress))


def write_counts_csv(view: View, path: Path, progress: Progress | None = None) -> None:
    """One row per entry, one column per class of the view; cells are empty, not 0, if the frame was not analyzed.

    Raises:
        ResultsError: the results have no boxes.
    """
    write_csv(path, _counts_schema(view), _counts(view, progress))


def write_counts_parquet(view: View, path: Path, progress: Progress | None = None) -> None:
    """One row per entry, one column per class of the view; null, not 0, if the frame was not analyzed.

    Raises:
        ResultsError: the results have no boxes.
    """
    _write_parquet(path, _counts_schema(view), _counts(view, progress))


def check_boxes(view: View) -> None:
    """Check that the results have boxes.

    Raises:
        ResultsError: they have none.
    """
    if not view.table.kind.has_boxes:
        raise ResultsError(f"The results of {view.model} have no boxes.", "Download them as JSON instead.")


def _boxes(view: View, progress: Progress | None) -> Iterator[pa.Table]:
    check_boxes(view)
    names = pa.array(view.names, pa.string())
    for piece in view.in_chunks(progress):
        yield _boxes_table(view, piece, names)


def _boxes_schema(view: View) -> pa.Schema:
    """With a column `damaged` if any frame of the video is."""
    return _BOXES.append(pa.field("damaged", pa.bool_())) if view.results.damaged.any() else _BOXES


def _boxes_table(view: View, piece: ViewedBoxes, names: pa.StringArray) -> pa.Table:
    boxes = piece.boxes
    trackers = [None] * len(boxes.entry) if boxes.tracker_id is None else boxes.tracker_id
    columns = [
        view.results.frame_index[boxes.entry],
        view.results.time_s[boxes.entry],
        names.take(pa.array(boxes.class_code)),
        pa.array(boxes.class_id, mask=boxes.class_id < 0),
        boxes.confidence,
        *boxes.xyxy.T.astype(np.float32),
        pa.array(trackers, pa.string()),
    ]
    if view.results.damaged.any():
        columns.append(view.results.damaged[boxes.entry])
    return pa.table(columns, schema=_boxes_schema(view))


def _counts_schema(view: View) -> pa.Schema:
    columns = {"frame_index": pa.int64(), "time_s": pa.float64()}
    if view.results.damaged.any():
        columns["damaged"] = pa.bool_()
    for name in view.names:
        while name in columns:  # a class may have the name of a column
            name += " (class)"
        columns[name] = pa.int32()
    return pa.schema(list(columns.items()))


def _counts(view: View, progress: Progress | None) -> Iterator[pa.Table]:
    check_boxes(view)
    schema = _counts_schema(view)
    for piece in view.in_chunks(progress):
        here = slice(piece.start, piece.stop)
        unknown = ~view.table.analyzed[here]
        counted = [pa.array(column.astype(np.int32), mask=unknown) for column in piece.counts(len(view.names)).T]
        frames: list[pa.Array] = [pa.array(view.results.frame_index[here]), pa.array(view.results.time_s[here])]
        if view.results.damaged.any():
            frames.append(pa.array(view.results.damaged[here]))
        yield pa.table([*frames, *counted], schema=schema)


def _write_parquet(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    with atomic_path(path) as draft, pq.ParquetWriter(draft, schema) as writer:
        for table in tables:
            writer.write_table(table)
