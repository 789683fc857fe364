"""The read side of an archive: what each model saw, read from the tables only as far as it is asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from frametally.errors import ResultsError
from frametally.results.cube import Cube, read_cube
from frametally.results.entries import Kind
from frametally.results.manifest import ARCHIVE_NAME, FRAMES_NAME, ModelNotes, Notes, read_notes
from frametally.results.masks import MaskError, class_ids, names_of
from frametally.results.raw_entry import read_raw_entry
from frametally.results.rebuild import damaged, made_anew
from frametally.results.tables import read_pieces, read_rows

_CORNERS = ["x_min", "y_min", "x_max", "y_max"]
_BOX_COLUMNS = ["entry", "class_code", "class_id", "confidence", *_CORNERS, "tracker_id"]
_COUNTED_COLUMNS = ["entry", "class_code", "confidence"]
Columns = tuple[npt.NDArray[Any], ...]


@dataclass(frozen=True)
class Boxes:
    """Boxes of one model; all arrays run in parallel, in the order of the file."""

    entry: npt.NDArray[np.int32]
    """(b,) the entry a box belongs to, ascending."""
    class_code: npt.NDArray[np.int32]
    """(b,) index into the model's `classes`."""
    class_id: npt.NDArray[np.int32]
    """(b,) the model's own number for the class; -1 where it gives none."""
    confidence: npt.NDArray[np.float64]
    """(b,) 0 to 1, as exact as in the file; 1 where it gives none."""
    xyxy: npt.NDArray[np.float32]
    """(b, 4) corners in pixels."""
    tracker_id: npt.NDArray[np.object_] | None
    """(b,) str or None; None where no box has one."""

    def __len__(self) -> int:
        return len(self.entry)


@dataclass(frozen=True)
class ModelTable:
    """One model of a file."""

    name: str
    kind: Kind
    classes: tuple[str, ...]
    """Class names, sorted; labels of a classification, areas of a semantic segmentation."""
    analyzed: npt.NDArray[np.bool_]
    """(n,) whether entry i is known; False where it is `null`, or does not fit the kind."""
    image_wh: npt.NDArray[np.float32]
    """(n, 2) size in pixels that the coordinates refer to; NaN where the file does not say."""
    odd: int
    """Entries that do not fit the kind."""
    keypoint_names: tuple[str, ...]
    """In the order of the model's own ids."""

    @cached_property
    def analyzed_before(self) -> npt.NDArray[np.int64]:
        """(n + 1,) how many entries before entry i are known."""
        return np.concatenate([[0], np.cumsum(self.analyzed)])


@dataclass(frozen=True)
class Results:
    """One results file; entry i is frame `frame_index[i]` at `time_s[i]`.

    Every method that reads raises ResultsError where the archive is damaged, KeyError where there is no such model.
    """

    frame_index: npt.NDArray[np.int64]
    """(n,) index of the native frame, in display order."""
    time_s: npt.NDArray[np.float64]
    """(n,) seconds after the first frame."""
    models: dict[str, ModelTable]
    """In the order of the file."""
    unread: tuple[str, ...]
    """Keys of no kind that is known."""
    folder: Path
    notes: Notes

    def boxes(self, model: str, start: int = 0, stop: int | None = None) -> Boxes:
        """The boxes of the entries [start, stop); only the row groups that hold them are read."""
        rows = self._rows("boxes", model, _BOX_COLUMNS, start, stop)
        trackers = rows["tracker_id"]
        known = len(trackers) > trackers.null_count
        return Boxes(
            entry=_numbers(rows, "entry"),
            class_code=self._class_rank(model)[_numbers(rows, "class_code")],
            class_id=_numbers(rows, "class_id"),
            confidence=_numbers(rows, "confidence"),
            xyxy=np.column_stack([_numbers(rows, side) for side in _CORNERS]),
            tracker_id=np.array(trackers.to_pylist(), dtype=object) if known else None,
        )

    def confidences(self, model: str, start: int = 0, stop: int | None = None) -> Columns:
        """Of the boxes of the entries [start, stop) no more than counting asks for: entry, class_code, confidence."""
        return self._counted(model, self._rows("boxes", model, _COUNTED_COLUMNS, start, stop))

    def confidence_pieces(self, model: str, start: int = 0, stop: int | None = None) -> Iterator[Columns]:
        """The same in pieces of whole entries, of bounded size."""
        try:
            for rows in read_pieces(self.folder, "boxes", self._notes_of[model].number, _COUNTED_COLUMNS, start, stop):
                yield self._counted(model, rows)
        except (OSError, pa.ArrowException) as error:
            raise damaged() from error

    def cube(self, model: str) -> Cube | None:
        """The counts of a model for every threshold k / 100; None for kinds without boxes, or above 1,024 classes."""
        return self._cubes[model]

    def polygons(self, model: str, start: int, stop: int | None = None) -> list[npt.NDArray[np.float32]]:
        """(k, 2) outline in pixels of each box of an entry, or of entries [start, stop); (0, 2) where it has none."""
        rows, place, count = self._of_boxes("polygons", model, ["xy"], start, stop)
        outlines = [np.zeros((0, 2), dtype=np.float32)] * count
        xy, ends = _lists(rows, "xy")
        for at, outline in zip(place, np.split(xy, ends[:-1]), strict=False):
            outlines[at] = outline.reshape(-1, 2)
        return outlines

    def keypoints(self, model: str, start: int, stop: int | None = None) -> npt.NDArray[np.float32]:
        """(b, k, 3) x, y in pixels and confidence of each box of an entry, or of entries [start, stop); else NaN.

        k is that of `keypoint_names`.
        """
        notes = self._notes_of[model]
        rows, place, count = self._of_boxes("keypoints", model, ["point", "xyc"], start, stop)
        found = np.full((count, len(notes.points), 3), np.nan, dtype=np.float32)
        points, ends = _lists(rows, "point")
        found[np.repeat(place, np.diff(ends, prepend=0)), points] = _lists(rows, "xyc")[0].reshape(-1, 3)
        return found[:, notes.point_order]

    def gaze(self, model: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float64]:
        """(b, 2) yaw and pitch in radians, parallel to the boxes (the faces) of the entries [start, stop)."""
        rows = self._rows("gaze", model, ["entry", "yaw", "pitch"], start, stop)
        return np.column_stack([_numbers(rows, "yaw"), _numbers(rows, "pitch")])

    def mask(self, model: str, entry: int) -> tuple[npt.NDArray[np.uint8], dict[int, str]] | None:
        """(h, w) class id of each pixel, and the name of each id in it; None where the entry has no mask."""
        rows = self._rows("masks", model, ["png", "class_map"], entry, entry + 1)
        if not len(rows):
            return None
        class_map = msgspec.json.decode(rows["class_map"][0].as_py(), type=dict[str, str])
        try:
            ids = class_ids(rows["png"][0].as_py())
        except MaskError as error:
            raise damaged() from error
        return ids, names_of(np.unique(ids), class_map)

    def scores(self, model: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float64]:
        """(m, c) for the entries [start, stop): the probability of a class, or its share of the picture; else NaN."""
        rows = self._rows("scores", model, ["entry", "class_code", "score"], start, stop)
        stop = len(self.time_s) if stop is None else min(stop, len(self.time_s))
        table = np.full((max(stop - start, 0), len(self.models[model].classes)), np.nan)
        codes = self._class_rank(model)[_numbers(rows, "class_code")]
        table[_numbers(rows, "entry") - start, codes] = _numbers(rows, "score")
        return table

    def embeddings(self, model: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float32]:
        """(m, d) embeddings of the entries [start, stop), NaN where one was not analyzed; d is 512 for CLIP.

        d is 0 where none of them was.
        """
        rows = self._rows("embeddings", model, ["entry", "embedding"], start, stop)
        stop = len(self.time_s) if stop is None else min(stop, len(self.time_s))
        entry, (flat, _) = _numbers(rows, "entry"), _lists(rows, "embedding")
        vectors = np.full((max(stop - start, 0), len(flat) // max(len(entry), 1)), np.nan, dtype=np.float32)
        vectors[entry - start] = flat.reshape(len(entry), vectors.shape[1])
        return vectors

    def raw_entry(self, entry: int) -> dict[str, Any]:
        """What the archived JSON says of one entry, by key."""
        try:
            return read_raw_entry(self.folder / ARCHIVE_NAME, entry)
        except (OSError, EOFError, zlib.error) as error:
            raise damaged() from error

    def _of_boxes(
        self, name: str, model: str, columns: list[str], start: int, stop: int | None
    ) -> tuple[pa.Table, npt.NDArray[np.int64], int]:
        """Rows of a table that belong to boxes, the place of each box among all asked for, and how many those are."""
        stop = start + 1 if stop is None else stop
        rows = self._rows(name, model, ["entry", "box", *columns], start, stop)
        entry = _numbers(self._rows("boxes", model, ["entry"], start, stop), "entry")
        return rows, np.searchsorted(entry, _numbers(rows, "entry")) + _numbers(rows, "box"), len(entry)

    def _rows(self, name: str, model: str, columns: list[str], start: int = 0, stop: int | None = None) -> pa.Table:
        try:
            return read_rows(self.folder, name, self._notes_of[model].number, columns, start, stop)
        except (OSError, pa.ArrowException) as error:
            raise damaged() from error

    def _counted(self, model: str, rows: pa.Table) -> Columns:
        codes = self._class_rank(model)[_numbers(rows, "class_code")]
        return _numbers(rows, "entry"), codes, _numbers(rows, "confidence")

    def _class_rank(self, model: str) -> npt.NDArray[np.int32]:
        """(c,) place among the sorted classes by the code in the tables."""
        names = self._notes_of[model].classes
        return np.argsort(np.argsort(np.array(names, dtype=object))).astype(np.int32)

    @cached_property
    def _cubes(self) -> dict[str, Cube | None]:
        try:
            return {model.name: read_cube(self.folder, model.number) for model in self.notes.models}
        except (OSError, ValueError) as error:
            raise damaged() from error

    @cached_property
    def _notes_of(self) -> dict[str, ModelNotes]:
        return {notes.name: notes for notes in self.notes.models}


def open_results(folder: Path) -> Results:
    """The archived results of one job. An archive of an older version is first made anew from the JSON kept in it.

    Raises:
        ResultsError: there are none that can be read.
    """
    try:
        notes = read_notes(folder) or made_anew(folder)
        if notes.failure:
            raise ResultsError(*notes.failure)
        frames = pq.read_table(folder / FRAMES_NAME, memory_map=True)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise damaged() from error
    return Results(
        frame_index=_numbers(frames, "frame_index"),
        time_s=_numbers(frames, "time_s"),
        models={model.name: _model_table(model, frames) for model in notes.models},
        unread=tuple(notes.unread),
        folder=folder,
        notes=notes,
    )


def read_again(folder: Path) -> Results:
    """What could not be read of kept results, read once more as this version does it.

    Raises:
        ResultsError: it still cannot, or what is kept is not what came.
    """
    try:
        made_anew(folder, also_failed=True)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged() from error
    return open_results(folder)


def _model_table(notes: ModelNotes, frames: pa.Table) -> ModelTable:
    sides = [_numbers(frames, f"{side}_px_{notes.number}") for side in ("width", "height")]
    return ModelTable(
        name=notes.name,
        kind=notes.kind,
        classes=tuple(sorted(notes.classes)),
        analyzed=frames[f"analysed_{notes.number}"].to_numpy(),
        image_wh=np.column_stack(sides),
        odd=notes.odd,
        keypoint_names=tuple(notes.points[code] for code in notes.point_order),
    )


def _numbers(table: pa.Table, name: str) -> npt.NDArray[Any]:
    return np.asarray(table[name].to_numpy())


def _lists(table: pa.Table, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """A column of lists as one array, and where in it each list ends."""
    lists = table[name].combine_chunks()
    return lists.flatten().to_numpy(), np.cumsum(lists.value_lengths().to_numpy(), dtype=np.int64)
