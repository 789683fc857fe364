"""Results JSON -> tables on disk (Parquet), and back as columns. `null` is not zero: a frame is analysed or it is not.

`frames.parquet` has one row per model and entry, `boxes.parquet` one per detection, `notes.json` what else is in the
file. The original JSON is kept beside them, gzipped.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Raw, Struct

from video_inference.errors import ResultsError

ARCHIVE_NAME = "results.json.gz"
_FRAMES, _BOXES, _NOTES = "frames.parquet", "boxes.parquet", "notes.json"
_OFFSET_KEYS = ("frame_offset", "frame_offsets", "time_offset", "time_offsets")


class _Box(Struct):
    x: float
    y: float
    width: float
    height: float
    confidence: float
    class_name: str = msgspec.field(name="class")
    class_id: int = -1
    tracker_id: int | str | None = None


class _Size(Struct):
    width: float | None = None
    height: float | None = None


class _Entry(Struct):
    predictions: list[_Box]
    image: _Size | None = None


class Notes(Struct, frozen=True):
    """What a results file holds besides boxes."""

    models: list[str]
    """Keys with boxes, in the order of the file."""
    unread: list[str]
    """Keys of a kind that is not charted; they stay in the archived JSON."""


@dataclass(frozen=True)
class ModelResults:
    """What one model saw. All arrays of boxes run in parallel, sorted by entry."""

    model: str
    analysed: npt.NDArray[np.bool_]
    """(n,) whether entry i was inferred; False is `null` in the file."""
    image_wh: npt.NDArray[np.float32]
    """(n, 2) size in pixels that the boxes refer to; NaN where the file does not say."""
    classes: tuple[str, ...]
    """Class names, sorted."""
    entry: npt.NDArray[np.int32]
    """(b,) the entry a box belongs to."""
    class_code: npt.NDArray[np.int32]
    """(b,) index into `classes`."""
    class_id: npt.NDArray[np.int32]
    """(b,) the model's own number for the class; -1 where it gives none."""
    confidence: npt.NDArray[np.float64]
    """(b,) 0 to 1, as exact as in the file."""
    xyxy: npt.NDArray[np.float32]
    """(b, 4) corners in pixels."""


@dataclass(frozen=True)
class Results:
    """One results file as columns; entry i is frame `frame_index[i]` at `time_s[i]`."""

    frame_index: npt.NDArray[np.int64]
    """(n,) index of the native frame, in display order."""
    time_s: npt.NDArray[np.float64]
    """(n,) seconds after the first frame."""
    by_model: dict[str, ModelResults]
    unread: tuple[str, ...]
    """Keys of a kind that is not charted."""


def archive(json_path: Path, folder: Path) -> None:
    """Keep the results as they came (gzip) and turn them into tables; the whole folder appears in one move.

    Raises:
        ResultsError: they cannot be read; the gzipped original is kept all the same.
    """
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with json_path.open("rb") as plain, gzip.open(draft / ARCHIVE_NAME, "wb", compresslevel=5) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)
    try:
        _write_tables(json_path.read_bytes(), draft)
    finally:
        _flush(draft)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)


def read(folder: Path) -> Results:
    """The archived results of one job as columns.

    Raises:
        ResultsError: there are none that can be read.
    """
    try:
        notes = msgspec.json.decode((folder / _NOTES).read_bytes(), type=Notes)
        frames = pq.read_table(folder / _FRAMES, memory_map=True)
        boxes = pq.read_table(folder / _BOXES, memory_map=True)
    except (OSError, msgspec.MsgspecError, pa.ArrowException) as error:
        raise ResultsError("The archived results cannot be read.", "Run the job again.") from error
    rows = len(frames) // max(len(notes.models), 1)
    whole = [_model_results(model, at, rows, frames, boxes) for at, model in enumerate(notes.models)]
    return Results(
        frame_index=frames["frame_index"].to_numpy()[:rows],
        time_s=frames["time_s"].to_numpy()[:rows],
        by_model={part.model: part for part in whole},
        unread=tuple(notes.unread),
    )


def read_entry(folder: Path, entry: int) -> dict[str, Any]:
    """What the archived JSON says of one entry, by model."""
    with gzip.open(folder / ARCHIVE_NAME) as packed:
        top: dict[str, list[Raw]] = msgspec.json.decode(packed.read(), type=dict[str, list[Raw]])
    return {key: msgspec.json.decode(rows[entry]) for key, rows in top.items() if entry < len(rows)}


def _write_tables(data: bytes, folder: Path) -> None:
    top = _decode_top(data)
    frame_index = _offsets(top, "frame_offset")
    time_s = _offsets(top, "time_offset")
    if len(frame_index) != len(time_s):
        raise ResultsError(f"The results name {len(frame_index)} frames but {len(time_s)} times.", _ASK_AGAIN)
    models: list[str] = []
    unread: list[str] = []
    frames: list[pa.Table] = []
    boxes: list[pa.Table] = []
    for key in (key for key in top if key not in _OFFSET_KEYS):
        entries = _decode_entries(top[key])
        if entries is None:
            unread.append(key)
            continue
        if len(entries) != len(frame_index):
            raise ResultsError(f"{key} has {len(entries)} entries for {len(frame_index)} frames.", _ASK_AGAIN)
        frames.append(_frames_table(frame_index, time_s, entries))
        boxes.append(_boxes_table(len(models), entries))
        models.append(key)
    if not frames:
        frames, boxes = [_frames_table(frame_index, time_s, [None] * len(frame_index))], [_boxes_table(0, [])]
    pq.write_table(pa.concat_tables(frames), folder / _FRAMES, compression="lz4")
    pq.write_table(pa.concat_tables(boxes), folder / _BOXES, compression="lz4")
    (folder / _NOTES).write_bytes(msgspec.json.encode(Notes(models=models, unread=unread)))


_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_ASK_AGAIN = "Run the job again; the file that came is kept for a closer look."


def _decode_top(data: bytes) -> dict[str, Raw]:
    try:
        return msgspec.json.decode(data, type=dict[str, Raw])
    except _UNREADABLE as error:
        raise ResultsError("The results are no JSON object.", _ASK_AGAIN) from error


def _offsets(top: dict[str, Raw], name: str) -> npt.NDArray[np.float64]:
    raw = top.get(name, top.get(f"{name}s"))  # the vendor's page spells the plural, its service the singular
    if raw is None:
        raise ResultsError(f"The results have no {name}.", _ASK_AGAIN)
    try:
        return np.asarray(msgspec.json.decode(raw, type=list[float]), dtype=np.float64)
    except _UNREADABLE as error:
        raise ResultsError(f"{name} is no list of numbers.", _ASK_AGAIN) from error


def _decode_entries(raw: Raw) -> list[_Entry | None] | None:
    try:
        return msgspec.json.decode(raw, type=list[_Entry | None], strict=False)
    except _UNREADABLE:
        return None


def _frames_table(
    frame_index: npt.NDArray[np.float64], time_s: npt.NDArray[np.float64], entries: list[_Entry | None]
) -> pa.Table:
    sizes = [entry.image if entry else None for entry in entries]
    return pa.table(
        {
            "frame_index": frame_index.astype(np.int64),
            "time_s": time_s,
            "analysed": [entry is not None for entry in entries],
            "width_px": pa.array([size.width if size else None for size in sizes], pa.float32()),
            "height_px": pa.array([size.height if size else None for size in sizes], pa.float32()),
        }
    )


def _boxes_table(model: int, entries: list[_Entry | None]) -> pa.Table:
    rows = [(at, box) for at, entry in enumerate(entries) if entry for box in entry.predictions]
    shape = np.array([(box.x, box.y, box.width, box.height) for _, box in rows], dtype=np.float64).reshape(-1, 4)
    half = shape[:, 2:] / 2
    corners = np.hstack([shape[:, :2] - half, shape[:, :2] + half]).astype(np.float32)
    return pa.table(
        {
            "model": pa.array(np.full(len(rows), model), pa.int32()),
            "entry": pa.array([at for at, _ in rows], pa.int32()),
            "class": pa.array([box.class_name for _, box in rows], pa.string()),
            "class_id": pa.array([box.class_id for _, box in rows], pa.int32()),
            "confidence": pa.array([box.confidence for _, box in rows], pa.float64()),
            **{name: corners[:, at] for at, name in enumerate(("x_min", "y_min", "x_max", "y_max"))},
            "tracker_id": pa.array([_text(box.tracker_id) for _, box in rows], pa.string()),
        }
    )


def _model_results(model: str, at: int, rows: int, frames: pa.Table, boxes: pa.Table) -> ModelResults:
    part = frames.slice(at * rows, rows)
    own = boxes.filter(pa.compute.equal(boxes["model"], at))
    names, codes = np.unique(own["class"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    return ModelResults(
        model=model,
        analysed=part["analysed"].to_numpy(zero_copy_only=False),
        image_wh=np.column_stack([part["width_px"].to_numpy(), part["height_px"].to_numpy()]).astype(np.float32),
        classes=tuple(str(name) for name in names),
        entry=own["entry"].to_numpy(),
        class_code=codes.astype(np.int32),
        class_id=own["class_id"].to_numpy(),
        confidence=own["confidence"].to_numpy(),
        xyxy=np.column_stack([own[name].to_numpy() for name in ("x_min", "y_min", "x_max", "y_max")]),
    )


def _text(value: int | str | None) -> str | None:
    return None if value is None else str(value)


def _flush(folder: Path) -> None:
    """Have the files on the disk before their folder gets its name."""
    for path in _with_folder(folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _with_folder(folder: Path) -> Iterator[Path]:
    yield from folder.iterdir()
    yield folder
