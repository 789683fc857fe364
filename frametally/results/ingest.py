"""Convert results JSON to tables, cubes and an entry index, streaming: the file size costs time, not memory."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from frametally.contract import DAMAGED_FRAMES
from frametally.errors import ResultsError
from frametally.results.cube import write_cube
from frametally.results.entries import MISMATCHED, EntryDecoder, Kind, detect_kind, empty_entry
from frametally.results.entry_index import Checkpoints, EntryIndex, index_numbers, write_entry_index
from frametally.results.json_stream import RUN_AGAIN, UNREADABLE, WINDOW_BYTES, Document
from frametally.results.manifest import (
    FRAMES_NAME,
    ORIGINAL_ENTRY,
    Manifest,
    ModelManifest,
    delete_tables,
    table_sizes,
    write_manifest,
)
from frametally.results.reading import limits
from frametally.results.reading.limits import check_count, check_name
from frametally.results.spellings.notes import Issue, Note, Notes
from frametally.results.spellings.order import (
    OFFSET_KEYS,
    EntryOrder,
    contradictions,
    entry_order,
    write_in_order,
)
from frametally.results.tables import TableWriter, column
from frametally.results.writers import BoxWriter, EntryWriter, FrameColumns, Target, entry_writer

_OFFSET_LIMIT = 1 << 53
_OFFSETS = ("frame_offset", "time_offset")


def write_tables(json_path: Path, folder: Path, window_bytes: int = WINDOW_BYTES) -> None:
    """Convert results to the tables, cubes, entry index and manifest of an archive, in an existing folder.

    Results that have to be sorted, or whose confidences turn out to be percentages, are converted twice.

    Raises:
        ResultsError: they cannot be read.
    """
    conversion = _convert(json_path, folder, window_bytes)
    frames, index, kept = conversion.frames_table(), conversion.index, None
    order, percent = conversion.entry_order(), conversion.percent_models
    if order or percent:
        delete_tables(folder)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            source = Path(scratch) / "sorted.json" if order else json_path
            if order:
                write_in_order(json_path, source, order, len(frames))
                kept = order.kept
            conversion = _convert(source, folder, window_bytes, percent)
        frames = conversion.frames_table()
    pq.write_table(
        frames if kept is None else frames.append_column(ORIGINAL_ENTRY, column(kept)),
        folder / FRAMES_NAME,
        compression="lz4",
        write_page_checksum=True,
    )
    write_entry_index(folder, index)
    notes = [*(order.notes if order else []), *contradictions(conversion.frame_index)]
    write_manifest(folder, conversion.manifest(notes, table_sizes(folder)))


def _convert(json_path: Path, folder: Path, window_bytes: int, percent: frozenset[str] = frozenset()) -> _Conversion:
    with json_path.open("rb", buffering=0) as file, TableWriter(folder) as tables:
        conversion = _Conversion(Document(file, window_bytes), tables, folder, percent)
        conversion.run()
    return conversion


class _Conversion:
    """Converts one file; holds its offsets, models and index as far as it has been read."""

    def __init__(self, document: Document, tables: TableWriter, folder: Path, percent: frozenset[str]) -> None:
        self._document, self._tables, self._folder, self._percent = document, tables, folder, percent
        self._offsets: dict[str, bytes] = {}
        self._damaged_frames: list[int] = []
        self._models: dict[str, tuple[ModelManifest, FrameColumns]] = {}
        self._notes: dict[str, Notes] = {}
        self._repeated_keys: dict[str, None] = {}
        self._unknown_keys: dict[str, None] = {}
        self._model_numbers = iter(range(1 << 31))
        self.percent_models: frozenset[str] = frozenset()
        """Models whose confidences are certainly percentages, but were read as shares."""
        self.index = EntryIndex()
        self.frame_index = self.time_s = np.zeros(0)
        """(n,) position of each entry; set by `frames_table`."""

    def run(self) -> None:
        """Read the whole file; of a key that occurs twice, the last value counts."""
        for number, key in enumerate(self._document.keys(), 1):
            check_count(number, limits.MAX_KEYS, "keys")
            check_name(key, "A key")
            self.index.lists.pop(key, None)
            if key in OFFSET_KEYS:
                self._read_offsets(key)
                continue
            if key == DAMAGED_FRAMES:
                self._read_damaged_frames()
                continue
            if self._models.pop(key, None) or key in self._unknown_keys:
                self._repeated_keys[key] = None
            self._unknown_keys.pop(key, None)
            self._notes.pop(key, None)
            self.percent_models -= {key}
            if not self._read_model(key):
                self._unknown_keys[key] = None
            check_count(len(self._models), limits.MAX_MODELS, "models")
            self._check_entries()

    def _check_entries(self) -> None:
        numbers = [len(frames) for _, frames in self._models.values()]
        check_count(max(numbers, default=0), limits.MAX_ENTRIES, "frames")
        check_count(sum(numbers), limits.MAX_CELLS, "entries of all models together")

    def frames_table(self) -> pa.Table:
        """A row per entry: position of its frame, and for each model whether it was analyzed, at what size.

        Raises:
            ResultsError: the lists differ in length.
        """
        self.frame_index, self.time_s = frame_index, time_s = [self._offset_values(name) for name in _OFFSETS]
        if len(frame_index) != len(time_s):
            raise ResultsError(f"The results have {len(frame_index)} frames but {len(time_s)} times.", RUN_AGAIN)
        columns = {"frame_index": column(frame_index.astype(np.int64)), "time_s": column(time_s)}
        for model, frames in self._models.values():
            if len(frames) != len(time_s):
                raise ResultsError(f"{model.name} has {len(frames)} entries for {len(time_s)} frames.", RUN_AGAIN)
            columns |= frames.columns(model.number)
        return pa.table(columns)

    def entry_order(self) -> EntryOrder | None:
        """How the entries have to be sorted; None if they are in order."""
        analyzed = np.zeros(len(self.time_s), dtype=np.int64)
        for _, frames in self._models.values():
            analyzed += frames.analyzed
        return entry_order(self.frame_index, self.time_s, analyzed)

    def manifest(self, notes: list[Note], files: dict[str, int]) -> Manifest:
        """The manifest, with these notes on the whole file and the sizes of the files of the archive."""
        repeated = [Note("", key, "occurs more than once; the last one is read") for key in self._repeated_keys]
        of_models = [note for model in self._notes.values() for note in model.summary()]
        return Manifest(
            models=[model for model, _ in self._models.values()],
            unknown_keys=list(self._unknown_keys),
            damaged_frames=self._damaged_frames,
            notes=[*notes, *repeated, *of_models],
            files=files,
        )

    def _read_offsets(self, key: str) -> None:
        raw = self._document.value()
        self._offsets[key] = raw
        if raw.startswith(b"["):
            self.index.lists[key] = index_numbers(raw, self._document.offset - len(raw))

    def _read_damaged_frames(self) -> None:
        with suppress(*UNREADABLE):  # another service may mean something else by this key
            self._damaged_frames = msgspec.json.decode(self._document.value(), type=list[int])
            check_count(len(self._damaged_frames), limits.MAX_DAMAGED_FRAMES, "damaged frames")

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
            check_count(len(entries) + 1, limits.MAX_ENTRIES, "frames")
            entries.append(raw if kind or raw == b"null" or empty_entry(raw) else MISMATCHED)
            if kind:
                return kind, entries
        return None, entries

    def _read_entries(
        self, name: str, kind: Kind, first_entries: list[Any], checkpoints: Checkpoints
    ) -> tuple[ModelManifest, FrameColumns]:
        decoder, frames, number = EntryDecoder(kind), FrameColumns(), next(self._model_numbers)
        notes = self._notes[name] = Notes(name)
        writer = entry_writer(kind, Target(self._tables, number, notes, name in self._percent))
        _add(_decode_first(first_entries, decoder, notes), writer, frames)
        offset = self._document.offset
        for batch in self._document.batches(decoder.decode_list, decoder.decode_one):
            checkpoints.add_if_distant(len(frames), offset)
            for at, issue in decoder.take_issues():
                notes.add(len(frames) + at, issue)
            _add(batch, writer, frames)
            del batch  # before the next one is decoded, so that its memory is reused
            check_count(len(frames), limits.MAX_ENTRIES, "frames")
            offset = self._document.offset
        if writer.confidences.looks_like_percent:
            self.percent_models |= {name}
        writer.confidences.note(notes)
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


def _decode_first(entries: list[Any], decoder: EntryDecoder, notes: Notes) -> list[Any]:
    """Decode entries one by one; those that are MISMATCHED already stay so."""
    batch = []
    for at, entry in enumerate(entries):
        if entry is MISMATCHED:
            notes.add(at, Issue("entry", "is of no known type; not analyzed"))
        batch.append(entry if entry is MISMATCHED else decoder.decode_one(entry))
        for _, issue in decoder.take_issues():
            notes.add(at, issue)
    return batch


def _add(batch: list[Any], writer: EntryWriter, frames: FrameColumns) -> None:
    writer.add(len(frames), batch)
    frames.add(batch)
