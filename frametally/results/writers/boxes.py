"""Writer of boxes with their outlines, keypoints and gaze."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from frametally.results.cube import CubeBuilder
from frametally.results.entries import Box, BoxesEntry, GazeEntry, Keypoint, Kind, MaskedBoxesEntry, Point
from frametally.results.reading.limits import MAX_PREDICTIONS, check_count, check_name
from frametally.results.spellings.confidences import ConfidenceRange
from frametally.results.spellings.notes import Issue
from frametally.results.spellings.predictions import SIDES
from frametally.results.spellings.rle import Ring
from frametally.results.tables import column, lists
from frametally.results.writers.base import Batch, NameCodes, Target, float32, floats, key_columns

_NO_PLACE = "is not a finite number; the detection is counted, but neither drawn nor exported to COCO JSON"
_MAX_SIDE = float(np.finfo(np.float32).max)


class BoxWriter:
    """Writes boxes with their polygons or keypoints, and faces with their gaze."""

    def __init__(self, target: Target, kind: Kind) -> None:
        self.kind = kind
        self.classes, self.keypoints = NameCodes(), NameCodes()
        self.confidences = ConfidenceRange(target.is_percent)
        self.cube = CubeBuilder()
        self._keypoint_ids: dict[str, int] = {}
        self._tables, self._model, self._notes = target.tables, target.model, target.notes

    def add(self, first: int, batch: Batch) -> None:
        rows = [_boxes(entry) for entry in batch]
        boxes = list(chain.from_iterable(rows))
        sizes = np.fromiter(map(len, rows), np.int64, len(rows))
        check_count(int(sizes.max(initial=0)), MAX_PREDICTIONS, "detections in one frame")
        entry = np.repeat(np.arange(first, first + len(rows), dtype=np.int32), sizes)
        if not boxes:
            return
        self._add_boxes(entry, boxes)
        if self.kind is Kind.GAZE:
            self._add_gaze(entry, batch)
            return
        masked = {at: one for at, one in enumerate(batch) if type(one) is MaskedBoxesEntry}
        if masked or [box for box in boxes if box.points or box.keypoints]:
            starts = np.cumsum(sizes) - sizes
            place = np.arange(len(boxes)) - np.repeat(starts, sizes)
            if masked:
                self._add_outlines(entry, place, _all_outlines(boxes, starts, masked))
            else:
                self._add_polygons(entry, place, boxes)
            self._add_keypoints(entry, place, boxes)

    def _add_boxes(self, entry: npt.NDArray[np.int32], boxes: list[Box]) -> None:
        code = np.fromiter(map(self.classes.__getitem__, [box.class_name for box in boxes]), np.int32, len(boxes))
        confidence = self.confidences.add(entry, self._confidences(entry, boxes))
        self.cube.add(entry, code, confidence)
        class_id = [-1 if (number := box.class_id) is None else number for box in boxes]
        values = [code, np.fromiter(class_id, np.int32, len(boxes)), confidence, *self._corners(entry, boxes)]
        columns = [column(np.asarray(one)) for one in values]
        self._tables.write("boxes", [*self._key(entry), *columns, _tracker_ids(boxes)])

    def _confidences(self, entry: npt.NDArray[np.int32], boxes: list[Box]) -> npt.NDArray[np.float64]:
        """(b,) as in the file; a box without a confidence counts as certain."""
        found: list[Any] = [box.confidence for box in boxes]
        with suppress(struct.error):  # if one is None
            return floats(found)
        for one in np.unique(entry[[value is None for value in found]]).tolist():
            self._notes.add(one, Issue("confidence", "is missing and counts as 1"))
        return floats([self.confidences.full if value is None else value for value in found])

    def _corners(self, entry: npt.NDArray[np.int32], boxes: list[Box]) -> list[npt.NDArray[np.float32]]:
        """Four (b,) arrays: x_min, y_min, x_max, y_max."""
        x, y, width, height = sides = [
            floats(values)
            for values in (
                [box.x for box in boxes],
                [box.y for box in boxes],
                [box.width for box in boxes],
                [box.height for box in boxes],
            )
        ]
        with np.errstate(over="ignore", invalid="ignore"):
            corners = [float32(side) for side in (x - width / 2, y - height / 2, x + width / 2, y + height / 2)]
        if not all(np.isfinite(corner).all() for corner in corners):
            for name, values in zip(SIDES, sides, strict=True):
                for one in np.unique(entry[~(np.abs(values) < _MAX_SIDE)]).tolist():
                    self._notes.add(one, Issue(name, _NO_PLACE))
        return corners

    def _add_outlines(
        self, entry: npt.NDArray[np.int32], place: npt.NDArray[np.int64], outlines: list[list[Ring]]
    ) -> None:
        """A row per ring: `outlines` are those of each box."""
        self.kind = Kind.KEYPOINTS if self.kind is Kind.KEYPOINTS else Kind.SEGMENTATION
        boxes_at = np.repeat(np.arange(len(outlines)), [len(rings) for rings in outlines])
        rings = list(chain.from_iterable(outlines))
        rows = lists(np.concatenate(rings).reshape(-1), [ring.size for ring in rings])
        self._tables.write("polygons", [*self._key(entry[boxes_at]), column(place[boxes_at].astype(np.int32)), rows])

    def _add_polygons(self, entry: npt.NDArray[np.int32], place: npt.NDArray[np.int64], boxes: list[Box]) -> None:
        boxes_at = [number for number, box in enumerate(boxes) if box.points]
        if not boxes_at:
            return
        polygons = [box.points for box in boxes if box.points]
        self.kind = Kind.KEYPOINTS if self.kind is Kind.KEYPOINTS else Kind.SEGMENTATION
        x = [point.x for polygon in polygons for point in polygon]
        y = [point.y for polygon in polygons for point in polygon]
        xy = np.stack([floats(x), floats(y)], axis=1)
        rows = lists(float32(xy.reshape(-1)), [2 * len(polygon) for polygon in polygons])
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
        xyc[:, 2] = self.confidences.share(xyc[:, 2])
        sizes = [len(pose) for pose in poses]
        rows = [lists(code, sizes), lists(float32(xyc.reshape(-1)), [3 * size for size in sizes])]
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
        return key_columns(self._model, entry)


def _boxes(entry: Any) -> Sequence[Box]:
    if isinstance(entry, BoxesEntry):
        return entry.predictions
    return [gaze.face for gaze in entry.predictions] if isinstance(entry, GazeEntry) else []


def _all_outlines(
    boxes: list[Box], starts: npt.NDArray[np.int64], masked: dict[int, MaskedBoxesEntry]
) -> list[list[Ring]]:
    """The outlines of each box; `starts` (n,) are the first boxes of the entries, `masked` entries by number."""
    outlines = [[_ring(box.points)] if box.points else [] for box in boxes]
    for at, one in masked.items():
        for number, rings in one.outlines.items():
            outlines[starts[at] + number] = rings
    return outlines


def _ring(points: list[Point]) -> Ring:
    return float32(np.array([(point.x, point.y) for point in points], dtype=np.float64))


def _tracker_ids(boxes: list[Box]) -> pa.Array:
    if not [box for box in boxes if box.tracker_id is not None]:
        return pa.nulls(len(boxes), pa.string())
    texts = [None if box.tracker_id is None else str(box.tracker_id) for box in boxes]
    check_name(max((text for text in texts if text), key=len, default=""), "A tracker_id")
    return pa.array(texts, pa.string())
