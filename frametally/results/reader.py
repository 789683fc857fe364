"""Read access to the tables of an archive: each method reads only the rows and columns that it returns."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from frametally.errors import ResultsError
from frametally.results.archive import fetch_results
from frametally.results.cube import Cube, read_cube
from frametally.results.manifest import FRAMES_NAME, ORIGINAL_ENTRY, Manifest, ModelManifest, manifest_time_ns
from frametally.results.masks import MaskError, class_ids, class_names, joined
from frametally.results.model_table import Boxes, ModelTable
from frametally.results.original import DAMAGED, damaged, explained
from frametally.results.raw_entry import read_raw_entry
from frametally.results.rebuild import rebuild, usable_manifest
from frametally.results.tables import read_pieces, read_rows, values_of

_CORNERS = ["x_min", "y_min", "x_max", "y_max"]
_BOX_COLUMNS = ["entry", "class_code", "class_id", "confidence", *_CORNERS, "tracker_id"]
_COUNTED_COLUMNS = ["entry", "class_code", "confidence"]
UNREADABLE_TABLE: Final = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, pa.ArrowException)
"""What reading a damaged or missing table or cube raises."""
Columns = tuple[npt.NDArray[Any], ...]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Results:
    """One results file; entry i is frame `frame_index[i]` at `time_s[i]`.

    Every method that reads raises ResultsError if the archive is damaged, KeyError if there is no such model.
    """

    frame_index: npt.NDArray[np.int64]
    """(n,) index of the native frame, in display order."""
    time_s: npt.NDArray[np.float64]
    """(n,) seconds after the first frame."""
    models: dict[str, ModelTable]
    """In the order of the file."""
    damaged: npt.NDArray[np.bool_]
    """(n,) True where the service reports that the frame is damaged; see also `video.damage`."""
    unknown_keys: tuple[str, ...]
    """Keys whose values are of no known kind."""
    folder: Path
    manifest: Manifest
    original_entry: npt.NDArray[np.int64] | None = None
    """(n,) number of each entry in the original; None if the entries are in the order of the file."""
    written_ns: int = 0
    """Identifies the tables on disk, as `manifest_time_ns`."""

    @property
    def notes(self) -> list[str]:
        """What was read differently from what is written, or left out: a sentence each, with the first place."""
        return [note.sentence(self._place(note.first)) for note in self.manifest.notes]

    def boxes(self, model: str, start: int = 0, stop: int | None = None) -> Boxes:
        """The boxes of the entries [start, stop); only the row groups that contain them are read."""
        rows = self._rows("boxes", model, _BOX_COLUMNS, start, stop)
        trackers = rows["tracker_id"]
        tracked = len(trackers) > trackers.null_count
        return Boxes(
            entry=_numbers(rows, "entry"),
            class_code=self._class_rank(model)[_numbers(rows, "class_code")],
            class_id=_numbers(rows, "class_id"),
            confidence=_numbers(rows, "confidence"),
            xyxy=np.column_stack([_numbers(rows, side) for side in _CORNERS]),
            tracker_id=np.array(trackers.to_pylist(), dtype=object) if tracked else None,
        )

    def confidences(self, model: str, start: int = 0, stop: int | None = None) -> Columns:
        """(b,) entry, (b,) class_code, (b,) confidence of the boxes of the entries [start, stop), as in `Boxes`."""
        return self._counted(model, self._rows("boxes", model, _COUNTED_COLUMNS, start, stop))

    def confidence_pieces(self, model: str, start: int = 0, stop: int | None = None) -> Iterator[Columns]:
        """The same in pieces of bounded size, none of which splits an entry."""
        at = start
        try:
            for rows in self._pieces(model, start, stop):
                yield self._counted(model, rows)
                at = int(rows["entry"][-1].as_py()) + 1 if len(rows) else at
            self._require_tables()
        except UNREADABLE_TABLE:
            self._repair()
            yield from _read_rebuilt(lambda: [self._counted(model, rows) for rows in self._pieces(model, at, stop)])

    def cube(self, model: str) -> Cube | None:
        """The counts of a model for every threshold k / 100; None for kinds without boxes and above 1,024 classes."""
        return self._cubes[model]

    def polygons(self, model: str, start: int, stop: int | None = None) -> list[npt.NDArray[np.float32]]:
        """(k, 2) polygon in pixels of each box of an entry, or of entries [start, stop); (0, 2) if it has none.

        Several outlines of one box are joined to one polygon, as `masks.joined` describes.
        """
        return [joined(rings) for rings in self.outlines(model, start, stop)]

    def outlines(self, model: str, start: int, stop: int | None = None) -> list[list[npt.NDArray[np.float32]]]:
        """The outlines of each box of an entry, or of entries [start, stop): (k, 2) in pixels; none if it has no mask.

        Of several outlines of one box, outer ones have a positive area by the shoelace formula, and holes a negative.
        """
        rows, place, count = self._box_rows("polygons", model, ["xy"], start, stop)
        outlines: list[list[npt.NDArray[np.float32]]] = [[] for _ in range(count)]
        xy, ends = _lists(rows, "xy")
        for at, ring in zip(place, np.split(xy, ends[:-1]), strict=False):
            outlines[at].append(ring.reshape(-1, 2))
        return outlines

    def keypoints(self, model: str, start: int, stop: int | None = None) -> npt.NDArray[np.float32]:
        """(b, k, 3) x, y in pixels and confidence of the keypoints of an entry, or of entries [start, stop).

        k is the number of `keypoint_names`; missing keypoints are NaN.
        """
        manifest = self._manifest_of[model]
        rows, place, count = self._box_rows("keypoints", model, ["point", "xyc"], start, stop)
        keypoints = np.full((count, len(manifest.keypoints), 3), np.nan, dtype=np.float32)
        codes, ends = _lists(rows, "point")
        keypoints[np.repeat(place, np.diff(ends, prepend=0)), codes] = _lists(rows, "xyc")[0].reshape(-1, 3)
        return keypoints[:, manifest.keypoint_order]

    def gaze(self, model: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float64]:
        """(b, 2) yaw and pitch in radians, parallel to the boxes (the faces) of the entries [start, stop)."""
        rows = self._rows("gaze", model, ["entry", "yaw", "pitch"], start, stop)
        return np.column_stack([_numbers(rows, "yaw"), _numbers(rows, "pitch")])

    def mask(self, model: str, entry: int) -> tuple[npt.NDArray[np.uint8], dict[int, str]] | None:
        """(h, w) class id of each pixel, and the name of each id in it; None if the entry has no mask."""
        rows = self._rows("masks", model, ["png", "class_map"], entry, entry + 1)
        if not len(rows):
            return None
        class_map = msgspec.json.decode(rows["class_map"][0].as_py(), type=dict[str, str])
        try:
            ids = class_ids(rows["png"][0].as_py())
        except MaskError as error:
            raise damaged() from error
        return ids, class_names(np.unique(ids), class_map)

    def scores(self, model: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float64]:
        """(m, c) probability of each class, or its share of the image, of the entries [start, stop); NaN if none."""
        rows = self._rows("scores", model, ["entry", "class_code", "score"], start, stop)
        stop = len(self.time_s) if stop is None else min(stop, len(self.time_s))
        table = np.full((max(stop - start, 0), len(self.models[model].classes)), np.nan)
        codes = self._class_rank(model)[_numbers(rows, "class_code")]
        table[_numbers(rows, "entry") - start, codes] = _numbers(rows, "score")
        return table

    def embeddings(self, model: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float32]:
        """(m, d) embeddings of the entries [start, stop), NaN where an entry was not analyzed.

        d is 512 for CLIP, and 0 if no entry was analyzed.
        """
        rows = self._rows("embeddings", model, ["entry", "embedding"], start, stop)
        stop = len(self.time_s) if stop is None else min(stop, len(self.time_s))
        entry, (flat, _) = _numbers(rows, "entry"), _lists(rows, "embedding")
        vectors = np.full((max(stop - start, 0), len(flat) // max(len(entry), 1)), np.nan, dtype=np.float32)
        vectors[entry - start] = flat.reshape(len(entry), vectors.shape[1])
        return vectors

    def raw_entry(self, entry: int) -> dict[str, Any]:
        """One entry as in the original JSON, by key."""
        try:
            return read_raw_entry(
                self.folder, entry if self.original_entry is None else int(self.original_entry[entry])
            )
        except DAMAGED as error:
            raise damaged() from error

    def _box_rows(
        self, name: str, model: str, columns: list[str], start: int, stop: int | None
    ) -> tuple[pa.Table, npt.NDArray[np.int64], int]:
        """Rows of a table that belong to boxes, the index of each one's box in `boxes`, and the number of boxes."""
        stop = start + 1 if stop is None else stop
        rows = self._rows(name, model, ["entry", "box", *columns], start, stop)
        entry = _numbers(self._rows("boxes", model, ["entry"], start, stop), "entry")
        return rows, np.searchsorted(entry, _numbers(rows, "entry")) + _numbers(rows, "box"), len(entry)

    def _rows(self, name: str, model: str, columns: list[str], start: int = 0, stop: int | None = None) -> pa.Table:
        number = self._manifest_of[model].number
        return self._repaired(lambda: read_rows(self.folder, name, number, columns, start, stop))

    def _pieces(self, model: str, start: int, stop: int | None) -> Iterator[pa.Table]:
        return read_pieces(self.folder, "boxes", self._manifest_of[model].number, _COUNTED_COLUMNS, start, stop)

    def _repaired(self, read: Callable[[], _T]) -> _T:
        """What the function reads; if a table is damaged, it is called again after the tables have been rebuilt."""
        try:
            found = read()
            self._require_tables()
        except UNREADABLE_TABLE:
            self._repair()
            return _read_rebuilt(read)
        return found

    def _require_tables(self) -> None:
        """A missing table reads as an empty one; a cache of object storage removes what was not used for long."""
        missing = next((name for name in self.manifest.files if not (self.folder / name).exists()), None)
        if missing:
            raise FileNotFoundError(missing)

    def _repair(self) -> None:
        with explained():
            if fetch_results(self.folder):
                usable_manifest(self.folder)  # rebuilds what an earlier version has stored
            else:
                rebuild(self.folder, damaged_since_ns=self.written_ns)

    def _counted(self, model: str, rows: pa.Table) -> Columns:
        codes = self._class_rank(model)[_numbers(rows, "class_code")]
        return _numbers(rows, "entry"), codes, _numbers(rows, "confidence")

    def _class_rank(self, model: str) -> npt.NDArray[np.int32]:
        """(c,) index among the sorted classes by class code of the tables."""
        names = self._manifest_of[model].classes
        return np.argsort(np.argsort(np.array(names, dtype=object))).astype(np.int32)

    @cached_property
    def _cubes(self) -> dict[str, Cube | None]:
        models = self.manifest.models
        return self._repaired(lambda: {model.name: read_cube(self.folder, model.number) for model in models})

    def _place(self, entry: int) -> str:
        return (
            f"frame {self.frame_index[entry]} at {self.time_s[entry]:.2f} s" if entry < len(self.time_s) else "no frame"
        )

    @cached_property
    def _manifest_of(self) -> dict[str, ModelManifest]:
        return {model.name: model for model in self.manifest.models}


def open_results(folder: Path) -> Results:
    """The archived results of one job. Tables of an older version or with damage are first rebuilt from the original.

    Raises:
        ResultsError: they are missing, or cannot be read.
    """
    manifest = usable_manifest(folder)
    if manifest.failure:
        raise ResultsError(*manifest.failure)
    written_ns = manifest_time_ns(folder)
    try:
        frames = _read_frames(folder)
    except UNREADABLE_TABLE:
        with explained():
            manifest = rebuild(folder, damaged_since_ns=written_ns)
        written_ns, frames = manifest_time_ns(folder), _read_rebuilt(lambda: _read_frames(folder))
    frame_index = _numbers(frames, "frame_index")
    return Results(
        frame_index=frame_index,
        time_s=_numbers(frames, "time_s"),
        models={model.name: _model_table(model, frames) for model in manifest.models},
        damaged=np.isin(frame_index, manifest.damaged_frames),
        unknown_keys=tuple(manifest.unknown_keys),
        folder=folder,
        manifest=manifest,
        original_entry=_numbers(frames, ORIGINAL_ENTRY) if ORIGINAL_ENTRY in frames.column_names else None,
        written_ns=written_ns,
    )


def read_again(folder: Path) -> Results:
    """Read archived results that an earlier attempt could not read.

    Raises:
        ResultsError: they still cannot be read, or the original does not match its digest.
    """
    with explained():
        rebuild(folder, also_failed=True)
    return open_results(folder)


def _read_rebuilt(read: Callable[[], _T]) -> _T:
    try:
        return read()
    except UNREADABLE_TABLE as error:
        raise damaged() from error


def _read_frames(folder: Path) -> pa.Table:
    # `pq.read_table` does the same, but with the imports and buffers of data sets: 40 MB more for a million frames.
    with pq.ParquetFile(folder / FRAMES_NAME, memory_map=True, page_checksum_verification=True) as file:
        return file.read(use_threads=False)


def _model_table(model: ModelManifest, frames: pa.Table) -> ModelTable:
    sides = [_numbers(frames, f"{side}_px_{model.number}") for side in ("width", "height")]
    return ModelTable(
        name=model.name,
        kind=model.kind,
        classes=tuple(sorted(model.classes)),
        analyzed=_numbers(frames, f"analysed_{model.number}"),
        image_wh=np.column_stack(sides),
        mismatched=model.mismatched,
        keypoint_names=tuple(model.keypoints[code] for code in model.keypoint_order),
    )


def _numbers(table: pa.Table, name: str) -> npt.NDArray[Any]:
    return values_of(table[name])


def _lists(table: pa.Table, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """A column of lists as one flat array, and the end of each list in it."""
    lists = table[name].combine_chunks()
    return values_of(lists.flatten()), np.cumsum(values_of(lists.value_lengths()), dtype=np.int64)
