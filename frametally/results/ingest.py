"""Results JSON -> an archive: the original, gzipped, and beside it the tables and cubes that pages read.

The file is read through a window, so its size costs time but no memory. A large one is ingested in a process of its
own, `python -m frametally.results JSON FOLDER`, so that nothing else has to wait for it.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import shutil
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from frametally.errors import ResultsError
from frametally.results.cube import write_cube
from frametally.results.entries import ODD, EntryReader, Kind, kind_of, nothing_found
from frametally.results.json_stream import ASK_AGAIN, UNREADABLE, WINDOW_BYTES, Document
from frametally.results.manifest import (
    ARCHIVE_NAME,
    FRAMES_NAME,
    SHA256_NAME,
    ModelNotes,
    Notes,
    drop_notes,
    is_notes,
    read_notes,
    write_notes,
)
from frametally.results.tables import TableWriter, column
from frametally.results.writers import BoxSink, Frames, Sink, sink_for
from frametally.storage.atomic import fsync
from frametally.storage.locks import locked

_SMALL_BYTES = 4 << 20
"""Up to here a process of its own would take longer to start than to work."""
REFUSED = 3
"""Exit code of the process where the results cannot be read; the notes say why."""
_NO_OFFSET = 1 << 53
_ROOT = Path(__file__).parents[2]
_LOG = logging.getLogger(__name__)
_OFFSETS = ("frame_offset", "time_offset")
_SPELLINGS = {f"{name}{plural}": name for name in _OFFSETS for plural in ("", "s")}


def archive(json_path: Path, folder: Path) -> None:
    """Keep the results as they came (gzip, sha256) and turn them into tables; the whole folder appears in one move.

    Of processes that do the same at once (one took over from another whose child lives on), the second finds it done.

    Raises:
        ResultsError: they cannot be read; the gzipped original is kept all the same.
    """
    with locked(json_path):
        if is_read(folder):
            return
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with ThreadPoolExecutor(1) as beside:  # zlib lets go of the interpreter
            packing = beside.submit(_pack, json_path, draft)
            failure = _try_tables(json_path, draft)
            packing.result()
        _flush(draft)
        _settle(draft, folder)
    if failure is not None:
        raise failure


def is_read(folder: Path) -> bool:
    """Whether this is a whole archive with tables of this version."""
    notes = read_notes(folder)
    return notes is not None and not notes.failure


def archive_apart(json_path: Path, folder: Path) -> None:
    """The same; large results in a process of their own, which is nicer to others than this one.

    Raises:
        ResultsError: they cannot be read; the gzipped original is kept all the same.
        OSError: that process could not do its work; the log has its last words.
    """
    if json_path.stat().st_size < _SMALL_BYTES:
        archive(json_path, folder)
        return
    command = [sys.executable, "-m", "frametally.results", str(json_path.resolve()), str(folder.resolve())]
    done = subprocess.run(command, cwd=_ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    notes = read_notes(folder) if done.returncode == REFUSED else None
    if notes is not None and notes.failure:
        raise ResultsError(*notes.failure)
    if done.returncode:
        _LOG.error("Reading results failed with %d: %s", done.returncode, done.stderr.decode(errors="replace")[-2000:])
        raise OSError(errno.EIO, "the results could not be read in a process of their own")


def write_tables(json_path: Path, folder: Path, window_bytes: int = WINDOW_BYTES) -> None:
    """Turn results into the tables and cubes of an archive, in a folder that is there.

    Raises:
        ResultsError: they cannot be read.
    """
    with json_path.open("rb", buffering=0) as file, TableWriter(folder) as tables:
        reading = _Reading(Document(file, window_bytes), tables, folder)
        reading.run()
    pq.write_table(reading.frames_table(), folder / FRAMES_NAME, compression="lz4")
    write_notes(folder, reading.notes())


class _Reading:
    """One file on its way into the tables, and what is known of it so far."""

    def __init__(self, document: Document, tables: TableWriter, folder: Path) -> None:
        self._document, self._tables, self._folder = document, tables, folder
        self._offsets: dict[str, bytes] = {}
        self._models: dict[str, tuple[ModelNotes, Frames]] = {}
        self._unread: dict[str, None] = {}
        self._numbers = iter(range(1 << 31))

    def run(self) -> None:
        """Read the whole file; where a key comes twice, the last one counts."""
        for key in self._document.keys():  # noqa: SIM118
            if key in _SPELLINGS:
                self._offsets[key] = self._document.value()
                continue
            self._models.pop(key, None)
            self._unread.pop(key, None)
            if not self._read_model(key):
                self._unread[key] = None

    def frames_table(self) -> pa.Table:
        """A row per entry: where its frame stands, and for each model whether it was analyzed, at what size.

        Raises:
            ResultsError: the lists are not of one length.
        """
        frame_index, time_s = (self._offset(name) for name in _OFFSETS)
        if len(frame_index) != len(time_s):
            raise ResultsError(f"The results name {len(frame_index)} frames but {len(time_s)} times.", ASK_AGAIN)
        columns = {"frame_index": column(frame_index.astype(np.int64)), "time_s": column(time_s)}
        for notes, frames in self._models.values():
            if len(frames) != len(time_s):
                raise ResultsError(f"{notes.name} has {len(frames)} entries for {len(time_s)} frames.", ASK_AGAIN)
            columns |= frames.columns(notes.number)
        return pa.table(columns)

    def notes(self) -> Notes:
        return Notes(models=[notes for notes, _ in self._models.values()], unread=list(self._unread))

    def _read_model(self, key: str) -> bool:
        """Read the value of a key as the entries of a model; False where it is nothing of the kind."""
        if not self._document.at_array():
            self._document.value()
            return False
        self._document.enter_array()
        kind, waiting = self._find_kind()
        if kind is None and ODD in waiting:
            return False
        kind = kind or Kind.DETECTION
        reader, frames, number = EntryReader(kind), Frames(), next(self._numbers)
        sink = sink_for(kind, self._tables, number)
        _add([entry if entry is ODD else reader.one(entry) for entry in waiting], sink, frames)
        for batch in self._document.batches(reader.many, reader.one):
            _add(batch, sink, frames)
            del batch  # before the next is decoded: its memory is warm
        self._models[key] = (self._end_model(key, number, sink, frames), frames)
        return True

    def _find_kind(self) -> tuple[Kind | None, list[Any]]:
        """Read on to the first entry that tells the kind; returns all entries up to it, the unknown ones as ODD."""
        waiting: list[Any] = []
        while (raw := self._document.entry()) is not None:
            kind = kind_of(raw)
            waiting.append(raw if kind or raw == b"null" or nothing_found(raw) else ODD)
            if kind:
                return kind, waiting
        return None, waiting

    def _end_model(self, name: str, number: int, sink: Sink, frames: Frames) -> ModelNotes:
        self._tables.end_model()
        order, points, point_order = sink.classes.order(), [], []
        if isinstance(sink, BoxSink):
            points, point_order = list(sink.points), sink.point_order()
            cube = sink.cube.finish(order, len(frames))
            if cube:
                write_cube(cube, self._folder, number)
        return ModelNotes(
            name=name,
            number=number,
            kind=sink.kind,
            classes=list(sink.classes),
            points=points,
            point_order=point_order,
            odd=frames.odd,
        )

    def _offset(self, name: str) -> npt.NDArray[np.float64]:
        # The vendor's page spells the plural, its service the singular.
        raw = self._offsets.get(name, self._offsets.get(f"{name}s"))
        if raw is None:
            raise ResultsError(f"The results have no {name}.", ASK_AGAIN)
        try:
            numbers = np.array(msgspec.json.decode(raw, type=list[float]), dtype=np.float64)
        except UNREADABLE as error:
            raise ResultsError(f"{name} is no list of numbers.", ASK_AGAIN) from error
        if (np.abs(numbers) >= _NO_OFFSET).any():
            raise ResultsError(f"{name} is no list of numbers that a video could have.", ASK_AGAIN)
        return numbers


def _try_tables(json_path: Path, draft: Path) -> ResultsError | None:
    """Why there are no tables, where there are none; then the notes say it, too."""
    try:
        write_tables(json_path, draft)
    except ResultsError as error:
        failure = error
    except (OSError, MemoryError):  # of this machine, and may pass
        raise
    except Exception:
        _LOG.exception("Reading results met a fault of ours")
        failure = ResultsError(
            "Frametally met a fault of its own while it read the results; the log of the server says more.",
            "They are kept as they came: read them again after an upgrade.",
        )
    else:
        return None
    write_notes(draft, Notes(failure=[failure.what, failure.next_step]))
    return failure


def _settle(draft: Path, folder: Path) -> None:
    """Give the archive its name; into one that is there it moves file by file, the original kept, the notes last."""
    if not folder.exists():
        draft.rename(folder)
        return
    drop_notes(folder)
    for path in folder.iterdir():
        if path.name not in (ARCHIVE_NAME, SHA256_NAME):
            path.unlink()
    for path in sorted(draft.iterdir(), key=is_notes):
        path.replace(folder / path.name)
    draft.rmdir()


def _add(batch: list[Any], sink: Sink, frames: Frames) -> None:
    sink.add(len(frames), batch)
    frames.add(batch)


def _pack(source: Path, folder: Path) -> None:
    """Gzip at the quickest level: the original is kept for a closer look, not to save the last byte."""
    packer, sha256 = zlib.compressobj(level=1, wbits=31), hashlib.sha256()
    with source.open("rb", buffering=0) as plain, (folder / ARCHIVE_NAME).open("wb") as packed:
        while block := plain.read(1 << 20):
            sha256.update(block)
            packed.write(packer.compress(block))
        packed.write(packer.flush())
    (folder / SHA256_NAME).write_text(f"{sha256.hexdigest()}  {ARCHIVE_NAME.removesuffix('.gz')}\n")


def _flush(folder: Path) -> None:
    """Have the files on the disk before their folder gets its name."""
    for path in (*folder.iterdir(), folder):
        fsync(path)
