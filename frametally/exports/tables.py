"""The view as files for other tools: boxes and counts as CSV and Parquet, and COCO JSON.

Each is written in bounded memory and appears under its name whole or not at all. Where a frame was not analyzed, its
counts are empty (CSV) or null (Parquet), never 0. All of them raise ResultsError where the results are no boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from frametally.analysis.view import Progress, View, ViewedBoxes
from frametally.errors import ResultsError
from frametally.storage.atomic import atomic_path

DEFINITIONS: Final = {
    "Boxes": "one row per box of the view, corners in pixels of the picture; frames without boxes and frames that were "
    "not analyzed have no row: the counts tell them apart",
    "Counts": "one row per planned frame: the boxes of each class in it; empty where the frame was not analyzed",
    "Text in CSV": "what a spreadsheet would run as a formula has an apostrophe before it, as has what begins with "
    "one; take one away to read it back",
}
"""What each file holds; shown beside the downloads."""

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
_FORMULA_START: Final = "\\A[=+@\\t\\r\\n\\x00＝＋－＠'-]"
"""What spreadsheets take for the start of a formula (OWASP, CSV injection), and the apostrophe, to be read back."""


def write_boxes_csv(view: View, path: Path, progress: Progress | None = None) -> None:
    """One row per box; an empty cell where the model gives no class or tracker number."""
    _write_csv(path, _BOXES, _boxes(view, progress))


def write_boxes_parquet(view: View, path: Path, progress: Progress | None = None) -> None:
    """One row per box; null where the model gives no class or tracker number."""
    _write_parquet(path, _BOXES, _boxes(view, progress))


def write_counts_csv(view: View, path: Path, progress: Progress | None = None) -> None:
    """One row per entry, one column per class of the view; an empty cell where the frame was not analyzed."""
    _write_csv(path, _counts_schema(view), _counts(view, progress))


def write_counts_parquet(view: View, path: Path, progress: Progress | None = None) -> None:
    """One row per entry, one column per class of the view; null where the frame was not analyzed."""
    _write_parquet(path, _counts_schema(view), _counts(view, progress))


def check_boxes(view: View) -> None:
    """See that the model's results are boxes.

    Raises:
        ResultsError: they are of another kind.
    """
    if not view.table.kind.has_boxes:
        raise ResultsError(f"The results of {view.model} are no boxes.", "Download them as JSON instead.")


def _boxes(view: View, progress: Progress | None) -> Iterator[pa.Table]:
    check_boxes(view)
    names = pa.array(view.names, pa.string())
    for piece in view.in_chunks(progress):
        yield _boxes_table(view, piece, names)


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
    return pa.table(columns, schema=_BOXES)


def _counts_schema(view: View) -> pa.Schema:
    columns = {"frame_index": pa.int64(), "time_s": pa.float64()}
    for name in view.names:
        while name in columns:  # a class may be called like a column
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
        yield pa.table([view.results.frame_index[here], view.results.time_s[here], *counted], schema=schema)


def _write_csv(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    safe = pa.schema([field.with_name(name) for field, name in zip(schema, guarded(schema.names), strict=True)])
    with atomic_path(path) as draft, pa_csv.CSVWriter(draft, safe) as writer:
        for table in tables:
            columns = [_guard(column) if pa.types.is_string(column.type) else column for column in table.columns]
            writer.write_table(pa.table(columns, schema=safe))


def _write_parquet(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    with atomic_path(path) as draft, pq.ParquetWriter(draft, schema) as writer:
        for table in tables:
            writer.write_table(table)


def _guard(text: pa.ChunkedArray) -> pa.ChunkedArray:
    guarded = pc.binary_join_element_wise("'", text, "")
    return pc.if_else(pc.match_substring_regex(text, _FORMULA_START), guarded, text)


def guarded(texts: list[str]) -> list[str]:
    """Texts as they stand in a CSV: what a spreadsheet would run has an apostrophe before it."""
    return [str(name) for name in _guard(pa.chunked_array([texts], pa.string())).to_pylist()]
