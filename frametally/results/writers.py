"""Writers that convert the entries of one model to table rows, a batch at a time: one class per shape of entry."""

from __future__ import annotations

from array import array
from itertools import chain
from operator import attrgetter
from typing import Any, Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from frametally.results import masks
from frametally.results.cube import CubeBuilder
from frametally.results.entries import (
    MISMATCHED,
    Box,
    BoxesEntry,
    ClipEntry,
    GazeEntry,
    Keypoint,
    Kind,
    LabelsEntry,
    Mask,
    MaskEntry,
    Size,
)
from frametally.results.tables import TableWriter, column, lists

Batch = list[Any]
"""Entries in the order of the file: a struct of the model's kind, None for `null`, or MISMATCHED."""
_NO_SIZE: Final = (np.nan, np.nan)
_XY = attrgetter("x", "y")


class FrameColumns:
    """Columns for every entry of a model, whatever its kind: whether it was analyzed, and the size of its image."""

    def __init__(self) -> None:
        self._analyzed = bytearray()
        self._wh_px = array("f")
        self.mismatched = 0

    def __len__(self) -> int:
        return len(self._analyzed)

    def add(self, batch: Batch) -> None:
        self._analyzed.extend([entry is not None and entry is not MISMATCHED for entry in batch])
        self.mismatched += batch.count(MISMATCHED)
        self._wh_px.extend(chain.from_iterable(map(_size, batch)))

    def columns(self, model: int) -> dict[str, pa.Array]:
        """(n,) columns of `frames.parquet`; their names end with the number of the model."""
        wh = np.frombuffer(self._wh_px, dtype=np.float32).reshape(-1, 2)
        analyzed = column(np.frombuffer(self._analyzed, dtype=np.bool_))
        size = {f"width_px_{model}": column(wh[:, 0]), f"height_px_{model}": column(wh[:, 1])}
        return {f"analysed_{model}": analyzed, **size}  # the name on disk since the first version


class NameCodes(dict[str, int]):
    """Assigns a code to each name, in order of first occurrence."""

    def __missing__(self, name: str) -> int:
        self[name] = len(self)
        return self[name]

    def codes_by_name(self) -> list[int]:
        """The codes in the order of the sorted names."""
        return [self[name] for name in sorted(self)]


class EntryWriter(Protocol):
    """Writes the entries of one model to the tables."""

    kind: Kind
    """Final once all entries have been added: polygons and keypoints may appear late."""
    classes: NameCodes

    def add(self, first: int, batch: Batch) -> None:
        """Write a batch whose first entry has this number; replaces an entry that cannot be read by MISMATCHED."""


class BoxWriter:
    """Writes boxes with their polygons or keypoints, and faces with their gaze."""

    def __init__(self, tables: TableWriter, model: int, kind: Kind) -> None:
        self.kind = kind
        self.classes, self.keypoints = NameCodes(), NameCodes()
        self.cube = CubeBuilder()
        self._keypoint_ids: dict[str, int] = {}
        self._tables, self._model = tables, model

    def add(self, first: int, batch: Batch) -> None:
        rows = [_boxes(entry) for entry in batch]
        boxes = list(chain.from_iterable(rows))
        sizes = np.fromiter(map(len, rows), np.int64, len(rows))
        entry = np.repeat(np.arange(first, first + len(rows), dtype=np.int32), sizes)
        if not boxes:
            return
        self._add_boxes(entry, boxes)
        if self.kind is Kind.GAZE:
            self._add_gaze(entry, batch)
            return
        if [box for box in boxes if box.points or box.keypoints]:
            place = np.arange(len(boxes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            self._add_polygons(entry, place, boxes)
            self._add_keypoints(entry, place, boxes)

    def _add_boxes(self, entry: npt.NDArray[np.int32], boxes: list[Box]) -> None:
        code = np.fromiter(map(self.classes.__getitem__, [box.class_name for box in boxes]), np.int32, len(boxes))
        confidence = _confidences(boxes)
        self.cube.add(entry, code, confidence)
        class_id = [-1 if box.class_id is None else box.class_id for box in boxes]
        values = [code, np.fromiter(class_id, np.int32, len(boxes)), confidence, *_corners(boxes)]
        columns = [column(np.asarray(one)) for one in values]
        self._tables.write("boxes", [*self._key(entry), *columns, _tracker_ids(boxes)])

    def _add_polygons(self, entry: npt.NDArray[np.int32], place: npt.NDArray[np.int64], boxes: list[Box]) -> None:
        boxes_at = [number for number, box in enumerate(boxes) if box.points]
        if not boxes_at:
            return
        polygons = [box.points for box in boxes if box.points]
        self.kind = Kind.KEYPOINTS if self.kind is Kind.KEYPOINTS else Kind.SEGMENTATION
        xy = np.fromiter(chain.from_iterable(map(_XY, chain.from_iterable(polygons))), np.float64)
        rows = lists(_float32(xy), [2 * len(polygon) for polygon in polygons])
        self._tables.write("polygons", [*self._key(entry[boxes_at]), column(place[boxes_at].astype(np.int32)), rows])

    def _add_keypoints(self, entry: npt.NDArray[np.int32], place: npt.NDArray[np.int64], boxes: list[Box]) -> None:
        boxes_at = [number for number, box in enumerate(boxes) if box.keypoints]
        if not boxes_at:
            return
        self.kind = Kind.KEYPOINTS
        poses = [box.keypoints for box in boxes if box.keypoints]
        points = list(chain.from_iterable(poses))
        code = np.array([self._keypoint_code(point) for point in points], dtype=np.int32)
        xyc = np.array([(p.x, p.y, np.nan if p.confidence is None else p.confidence) for p in points])
        sizes = [len(pose) for pose in poses]
        rows = [lists(code, sizes), lists(_float32(xyc.reshape(-1)), [3 * size for size in sizes])]
        self._tables.write("keypoints", [*self._key(entry[boxes_at]), column(place[boxes_at].astype(np.int32)), *rows])

    def _keypoint_code(self, point: Keypoint) -> int:
        name = point.class_name or point.klass or str(point.class_id)
        self._keypoint_ids.setdefault(name, len(self._keypoint_ids) if point.class_id is None else point.class_id)
        return self.keypoints[name]

    def keypoint_order(self) -> list[int]:
        """Codes of the keypoints in the order of the model's own ids, in which skeletons are drawn."""
        names = sorted(self.keypoints, key=lambda name: (self._keypoint_ids[name], name))
        return [self.keypoints[name] for name in names]

    def _add_gaze(self, entry: npt.NDArray[np.int32], batch: Batch) -> None:
        gazes = [gaze for item in batch if isinstance(item, GazeEntry) for gaze in item.predictions]
        angles = np.array([(gaze.yaw, gaze.pitch) for gaze in gazes], dtype=np.float64)
        self._tables.write("gaze", [*self._key(entry), column(angles[:, 0]), column(angles[:, 1])])

    def _key(self, entry: npt.NDArray[np.int32]) -> list[pa.Array]:
        return _key(self._model, entry)


class LabelWriter:
    """Writes the probability of each class, for single-label and multi-label classification."""

    def __init__(self, tables: TableWriter, model: int, kind: Kind) -> None:
        self.kind = kind
        self.classes = NameCodes()
        self._tables, self._model = tables, model

    def add(self, first: int, batch: Batch) -> None:
        rows = [_labels(entry) for entry in batch]
        pairs = list(chain.from_iterable(rows))
        _write_scores(
            self._tables,
            self._model,
            np.repeat(np.arange(first, first + len(rows), dtype=np.int32), [len(row) for row in rows]),
            [self.classes[name] for name, _ in pairs],
            [confidence for _, confidence in pairs],
        )


class MaskWriter:
    """Writes semantic masks; their scores are the share of the image that each class covers."""

    kind = Kind.SEMANTIC

    def __init__(self, tables: TableWriter, model: int) -> None:
        self.classes = NameCodes()
        self._tables, self._model = tables, model

    def add(self, first: int, batch: Batch) -> None:
        for at, entry in enumerate(batch):
            if isinstance(entry, MaskEntry):
                try:
                    self._add_one(first + at, entry.predictions)
                except masks.MaskError:
                    batch[at] = MISMATCHED

    def _add_one(self, entry: int, mask: Mask) -> None:
        png = masks.decode_base64(mask.segmentation_mask)
        shares = masks.area_shares(masks.class_ids(png))
        by_code = dict.fromkeys((self.classes[name] for name in mask.class_map.values()), 0.0)
        for class_id, name in masks.class_names(np.flatnonzero(shares), mask.class_map).items():
            code = self.classes[name]
            by_code[code] = by_code.get(code, 0.0) + float(shares[class_id])
        key = np.array([entry], dtype=np.int32)
        class_map = msgspec.json.encode(mask.class_map).decode()
        self._tables.write("masks", [*_key(self._model, key), pa.array([png], pa.binary()), pa.array([class_map])])
        _write_scores(self._tables, self._model, np.repeat(key, len(by_code)), list(by_code), list(by_code.values()))


class EmbeddingWriter:
    """Writes an embedding for each frame, all of the same length."""

    kind = Kind.CLIP

    def __init__(self, tables: TableWriter, model: int) -> None:
        self.classes = NameCodes()
        self._length: int | None = None
        self._tables, self._model = tables, model

    def add(self, first: int, batch: Batch) -> None:
        for at, entry in enumerate(batch):
            if isinstance(entry, ClipEntry):
                vector = entry.embeddings[0] if entry.embeddings else []
                self._length = self._length or len(vector)
                if not vector or len(vector) != self._length:
                    batch[at] = MISMATCHED
        analyzed = [at for at, entry in enumerate(batch) if isinstance(entry, ClipEntry)]
        vectors = _float32(np.array([batch[at].embeddings[0] for at in analyzed], dtype=np.float64).reshape(-1))
        key = _key(self._model, np.array(analyzed, dtype=np.int32) + np.int32(first))
        self._tables.write("embeddings", [*key, lists(vectors, [self._length or 0] * len(analyzed))])


def entry_writer(kind: Kind, tables: TableWriter, model: int) -> BoxWriter | LabelWriter | MaskWriter | EmbeddingWriter:
    """The writer for a model of this kind; `model` is its number in the tables."""
    if kind.has_boxes:
        return BoxWriter(tables, model, kind)
    if kind is Kind.SEMANTIC:
        return MaskWriter(tables, model)
    return EmbeddingWriter(tables, model) if kind is Kind.CLIP else LabelWriter(tables, model, kind)


def _size(entry: Any) -> tuple[float, float]:
    if entry is None or entry is MISMATCHED:
        return _NO_SIZE
    image: Size | list[Size] | None = entry.image
    size = (image[0] if image else None) if isinstance(image, list) else image
    if size is None or size.width is None or size.height is None:
        return _NO_SIZE
    return size.width, size.height


def _boxes(entry: Any) -> list[Box]:
    if isinstance(entry, BoxesEntry):
        return entry.predictions
    return [gaze.face for gaze in entry.predictions] if isinstance(entry, GazeEntry) else []


def _labels(entry: Any) -> list[tuple[str, float]]:
    if not isinstance(entry, LabelsEntry):
        return []
    predictions = entry.predictions
    if isinstance(predictions, dict):
        return [(name, score.confidence) for name, score in predictions.items()]
    return [(label.class_name, label.confidence) for label in predictions]


def _write_scores(
    tables: TableWriter, model: int, entry: npt.NDArray[np.int32], codes: list[int], scores: list[float]
) -> None:
    tables.write(
        "scores",
        [*_key(model, entry), column(np.array(codes, dtype=np.int32)), column(np.array(scores, dtype=np.float64))],
    )


def _confidences(boxes: list[Box]) -> npt.NDArray[np.float64]:
    confidences = [1.0 if box.confidence is None else box.confidence for box in boxes]
    return np.fromiter(confidences, np.float64, len(boxes))


def _corners(boxes: list[Box]) -> list[npt.NDArray[np.float32]]:
    """Four (b,) arrays: x_min, y_min, x_max, y_max."""
    x, y, width, height = (
        np.fromiter(values, np.float64, len(boxes))
        for values in (
            [box.x for box in boxes],
            [box.y for box in boxes],
            [box.width for box in boxes],
            [box.height for box in boxes],
        )
    )
    with np.errstate(over="ignore", invalid="ignore"):
        return [_float32(side) for side in (x - width / 2, y - height / 2, x + width / 2, y + height / 2)]


def _float32(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """In single precision; values out of range become infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _tracker_ids(boxes: list[Box]) -> pa.Array:
    if not [box for box in boxes if box.tracker_id is not None]:
        return pa.nulls(len(boxes), pa.string())
    return pa.array([None if box.tracker_id is None else str(box.tracker_id) for box in boxes], pa.string())


def _key(model: int, entry: npt.NDArray[np.int32]) -> list[pa.Array]:
    return [column(np.full(len(entry), model, dtype=np.int32)), column(entry)]
