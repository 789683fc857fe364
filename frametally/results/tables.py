"""The Parquet tables of one archive, written in row groups as rows arrive, read by model and range of entries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP_BYTES = 6 << 20
_KEY = [("model", pa.int32()), ("entry", pa.int32())]

SCHEMAS: Final = {
    "boxes": pa.schema(
        [
            *_KEY,
            ("class_code", pa.int32()),
            ("class_id", pa.int32()),
            ("confidence", pa.float64()),
            *((name, pa.float32()) for name in ("x_min", "y_min", "x_max", "y_max")),
            ("tracker_id", pa.string()),
        ]
    ),
    "polygons": pa.schema([*_KEY, ("box", pa.int32()), ("xy", pa.list_(pa.float32()))]),
    "keypoints": pa.schema(
        [*_KEY, ("box", pa.int32()), ("point", pa.list_(pa.int32())), ("xyc", pa.list_(pa.float32()))]
    ),
    "gaze": pa.schema([*_KEY, ("yaw", pa.float64()), ("pitch", pa.float64())]),
    "masks": pa.schema([*_KEY, ("png", pa.binary()), ("class_map", pa.string())]),
    "scores": pa.schema([*_KEY, ("class_code", pa.int32()), ("score", pa.float64())]),
    "embeddings": pa.schema([*_KEY, ("embedding", pa.list_(pa.float32()))]),
}
"""The tables besides `frames`. `model` is the number of the model in the manifest, `entry` the row of its frame, `box`
the index of a box within its entry; lists of coordinates are flat, in pixels."""


class TableWriter:
    """Appends rows to `<name>.parquet`; a table without rows has no file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._pending: defaultdict[str, list[pa.RecordBatch]] = defaultdict(list)
        self._pending_bytes: Counter[str] = Counter()
        self._pool = ThreadPoolExecutor(1)  # pyarrow releases the interpreter lock
        self._writing: Future[None] | None = None
        """The row group being written: one at a time, while the next rows are decoded."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown()
        for writer in self._writers.values():
            writer.close()
        if kind is None:
            self._wait()

    def write(self, name: str, columns: list[pa.Array]) -> None:
        """Append rows to a table, given as arrays in the order of its schema."""
        batch = pa.record_batch(columns, schema=SCHEMAS[name])
        if batch.num_rows:
            self._pending[name].append(batch)
            self._pending_bytes[name] += batch.nbytes
            if self._pending_bytes[name] >= _ROW_GROUP_BYTES:
                self._write(name)

    def end_model(self) -> None:
        """Close the row groups, so that none contains rows of two models."""
        for name in list(self._pending):
            self._write(name)

    def _write(self, name: str) -> None:
        rows = pa.Table.from_batches(self._pending.pop(name))
        self._pending_bytes[name] = 0
        if name not in self._writers:
            path = self._folder / f"{name}.parquet"
            self._writers[name] = pq.ParquetWriter(
                path,
                SCHEMAS[name],
                compression="lz4",
                use_dictionary=False,
                write_statistics=["model", "entry"],
                write_page_checksum=True,
            )
        self._wait()
        self._writing = self._pool.submit(self._writers[name].write_table, rows, row_group_size=len(rows))

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()


def column(values: npt.NDArray[Any]) -> pa.Array:
    """A one-dimensional array as an Arrow array; `pa.array` does the same, but imports pandas."""
    is_bits = values.dtype == np.bool_
    packed = np.packbits(values, bitorder="little") if is_bits else np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(packed)])


def values_of(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[Any]:
    """An Arrow column of numbers or booleans as an array; `to_numpy` does the same, but imports pandas: 35 MB."""
    if column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    pieces = [_values(one) for one in (column.chunks if isinstance(column, pa.ChunkedArray) else [column])]
    if not pieces:
        return np.zeros(0, dtype=column.type.to_pandas_dtype())
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _values(piece: pa.Array) -> npt.NDArray[Any]:
    data, start, stop = piece.buffers()[1], piece.offset, piece.offset + len(piece)
    if not len(piece):
        return np.zeros(0, dtype=piece.type.to_pandas_dtype())
    if pa.types.is_boolean(piece.type):
        bits = np.unpackbits(np.frombuffer(data, np.uint8), count=stop, bitorder="little")
        return bits[start:].view(np.bool_)
    return np.frombuffer(data, dtype=piece.type.to_pandas_dtype(), count=stop)[start:]


def lists(values: npt.NDArray[Any], sizes: list[int]) -> pa.Array:
    """An Arrow array of lists with these sizes, sliced from the flat values."""
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return pa.ListArray.from_arrays(column(offsets), column(values))


def read_rows(
    folder: Path, name: str, model: int, columns: list[str], start: int = 0, stop: int | None = None
) -> pa.Table:
    """The rows of one model's entries [start, stop) of a table; only the row groups that contain some are read.

    Raises:
        OSError, pa.ArrowException: the table is damaged. A missing table has no rows.
    """
    schema = pa.schema([SCHEMAS[name].field(column) for column in columns])
    path = folder / f"{name}.parquet"
    if not path.exists():
        return schema.empty_table()
    with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
        groups = _groups(file, model, start, stop)
        table = file.read_row_groups(groups, columns=columns if "entry" in columns else ["entry", *columns])
    return _between(table, start, stop).select(columns)


def read_pieces(
    folder: Path, name: str, model: int, columns: list[str], start: int = 0, stop: int | None = None
) -> Iterator[pa.Table]:
    """The same, one row group at a time. All rows of an entry are in one row group; `columns` includes `entry`.

    Raises:
        OSError, pa.ArrowException: the table is damaged. A missing table has no rows.
    """
    path = folder / f"{name}.parquet"
    if path.exists():
        with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
            for group in _groups(file, model, start, stop):
                yield _between(file.read_row_group(group, columns=columns), start, stop)


def _between(table: pa.Table, start: int, stop: int | None) -> pa.Table:
    if start == 0 and stop is None:
        return table
    entry = values_of(table["entry"])
    first = int(entry.searchsorted(start))
    last = len(entry) if stop is None else int(entry.searchsorted(stop))
    return table.slice(first, last - first)


def _groups(file: pq.ParquetFile, model: int, start: int, stop: int | None) -> list[int]:
    return [at for at in range(file.num_row_groups) if _overlaps(file.metadata.row_group(at), model, start, stop)]


def _overlaps(group: pq.RowGroupMetaData, model: int, start: int, stop: int | None) -> bool:
    models, entries = group.column(0).statistics, group.column(1).statistics
    return bool(models.min == model and entries.max >= start and (stop is None or entries.min < stop))
