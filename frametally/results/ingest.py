"""Convert results JSON to tables, cubes and an entry index, streaming: the file size costs time, not memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from frametally.errors import ResultsError
from frametally.results.cube import write_cube
from frametally.results.entries import MISMATCHED, EntryDecoder, Kind, detect_kind, empty_entry
from frametally.results.entry_index import Checkpoints, EntryIndex, index_numbers, write_entry_index
from frametally.results.json_stream import RUN_AGAIN, UNREADABLE, WINDOW_BYTES, Document
from frametally.results.manifest import FRAMES_NAME, Manifest, ModelManifest, write_manifest
from frametally.results.tables import TableWriter, column
from frametally.results.writers import BoxWriter, EntryWriter, FrameColumns, entry_writer

_OFFSET_LIMIT = 1 << 53
_OFFSETS = ("frame_offset", "time_offset")
_SPELLINGS = {f"{name}{plural}" for name in _OFFSETS for plural in ("", "s")}


def write_tables(json_path: Path, folder: Path, window_bytes: int = WINDOW_BYTES) -> None:
    """Convert results to the tables, cubes, entry index and manifest of an archive, in an existing folder.

    Raises:
        ResultsError: they cannot be read.
    """
    with json_path.open("rb", buffering=0) as file, TableWriter(folder) as tables:
        conversion = _Conversion(Document(file, window_bytes), tables, folder)
        conversion.run()
    pq.write_table(conversion.frames_table(), folder / FRAMES_NAME, compression="lz4")
    write_entry_index(folder, conversion.index)
    write_manifest(folder, conversion.manifest())


class _Conversion:
    """Converts one file; holds its offsets, models and index as far as it has been read."""

    def __init__(self, document: Document, tables: TableWriter, folder: Path) -> None:
        self._document, self._tables, self._folder = document, tables, folder
        self._offsets: dict[str, bytes] = {}
        self._models: dict[str, tuple[ModelManifest, FrameColumns]] = {}
        self._unknown_keys: dict[str, None] = {}
        self._model_numbers = iter(range(1 << 31))
        self.index = EntryIndex()

    def run(self) -> None:
        """Read the whole file; of a key that occurs twice, the last value counts."""
        for key in self._document.keys():  # noqa: SIM118
            self.index.lists.pop(key, None)
            if key in _SPELLINGS:
                self._read_offsets(key)
                continue
            self._models.pop(key, None)
            self._unknown_keys.pop(key, None)
            if not self._read_model(key):
                self._unknown_keys[key] = None

    def frames_table(self) -> pa.Table:
        """A row per entry: position of its frame, and for each model whether it was analyzed, at what size.

        Raises:
            ResultsError: the lists differ in length.
        """
        frame_index, time_s = (self._offset_values(name) for name in _OFFSETS)
        if len(frame_index) != len(time_s):
            raise ResultsError(f"The results have {len(frame_index)} frames but {len(time_s)} times.", RUN_AGAIN)
        columns = {"frame_index": column(frame_index.astype(np.int64)), "time_s": column(time_s)}
        for model, frames in self._models.values():
            if len(frames) != len(time_s):
                raise ResultsError(f"{model.name} has {len(frames)} entries for {len(time_s)} frames.", RUN_AGAIN)
            columns |= frames.columns(model.number)
        return pa.table(columns)

    def manifest(self) -> Manifest:
        models = [model for model, _ in self._models.values()]
        return Manifest(models=models, unknown_keys=list(self._unknown_keys))

    def _read_offsets(self, key: str) -> None:
        raw = self._document.value()
        self._offsets[key] = raw
        if raw.startswith(b"["):
            self.index.lists[key] = index_numbers(raw, self._document.offset - len(raw))

    def _read_model(self, key: str) -> bool:
        """Read a value as the entries of a model; False if it is not a list of entries."""
        if not self._document.at_array():
            self._document.value()
            return False
        self._document.enter_array()
        checkpoints = Checkpoints()
        kind, first_entries = self._detect_kind(checkpoints)
        if checkpoints.entries:
            self.index.lists[key] = checkpoints
        if kind is None and MISMATCHED in first_entries:
            return False
        self._models[key] = self._read_entries(key, kind or Kind.DETECTION, first_entries, checkpoints)
        return True

    def _detect_kind(self, checkpoints: Checkpoints) -> tuple[Kind | None, list[Any]]:
        """Read up to the first entry that shows the kind; returns the kind and the entries so far.

        Entries whose kind is unknown are returned as MISMATCHED, the others as raw JSON.
        """
        entries: list[Any] = []
        offset = self._document.offset
        while (raw := self._document.entry()) is not None:
            checkpoints.add_if_distant(len(entries), offset)
            offset = self._document.offset
            kind = detect_kind(raw)
            entries.append(raw if kind or raw == b"null" or empty_entry(raw) else MISMATCHED)
            if kind:
                return kind, entries
        return None, entries

    def _read_entries(
        self, name: str, kind: Kind, first_entries: list[Any], checkpoints: Checkpoints
    ) -> tuple[ModelManifest, FrameColumns]:
        decoder, frames, number = EntryDecoder(kind), FrameColumns(), next(self._model_numbers)
        writer = entry_writer(kind, self._tables, number)
        batch = [entry if entry is MISMATCHED else decoder.decode_one(entry) for entry in first_entries]
        _add(batch, writer, frames)
        offset = self._document.offset
        for batch in self._document.batches(decoder.decode_list, decoder.decode_one):
            checkpoints.add_if_distant(len(frames), offset)
            _add(batch, writer, frames)
            del batch  # before the next one is decoded, so that its memory is reused
            offset = self._document.offset
        return self._end_model(name, number, writer, frames), frames

    def _end_model(self, name: str, number: int, writer: EntryWriter, frames: FrameColumns) -> ModelManifest:
        self._tables.end_model()
        order, keypoints, keypoint_order = writer.classes.codes_by_name(), [], []
        if isinstance(writer, BoxWriter):
            keypoints, keypoint_order = list(writer.keypoints), writer.keypoint_order()
            cube = writer.cube.finish(order, len(frames))
            if cube:
                write_cube(cube, self._folder, number)
        return ModelManifest(
            name=name,
            number=number,
            kind=writer.kind,
            classes=list(writer.classes),
            keypoints=keypoints,
            keypoint_order=keypoint_order,
            mismatched=frames.mismatched,
        )

    def _offset_values(self, name: str) -> npt.NDArray[np.float64]:
        # The documentation of the service has the plural, the service itself the singular.
        raw = self._offsets.get(name, self._offsets.get(f"{name}s"))
        if raw is None:
            raise ResultsError(f"The results have no {name}.", RUN_AGAIN)
        try:
            numbers = np.array(msgspec.json.decode(raw, type=list[float]), dtype=np.float64)
        except UNREADABLE as error:
            raise ResultsError(f"{name} is not a list of numbers.", RUN_AGAIN) from error
        if (np.abs(numbers) >= _OFFSET_LIMIT).any():
            raise ResultsError(f"{name} has a number out of range.", RUN_AGAIN)
        return numbers


def _add(batch: list[Any], writer: EntryWriter, frames: FrameColumns) -> None:
    writer.add(len(frames), batch)
    frames.add(batch)
