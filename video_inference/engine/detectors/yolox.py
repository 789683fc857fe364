"""YOLOX as its export leaves it: one output [1, places, 5 + classes], the grid not yet decoded."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from video_inference.contract import DetectionEntry
from video_inference.engine.detectors.boxes import Candidates, Floats, choose, letterbox
from video_inference.engine.detectors.detector import InferenceParams
from video_inference.engine.detectors.onnx_file import GRID_STRIDES, OnnxFile, grid_points
from video_inference.engine.picture import Picture
from video_inference.errors import ModelError

DEFAULT_CONFIDENCE: Final = 0.25
DEFAULT_IOU: Final = 0.45
"""As in YOLOX's own ONNX demo (`nms_thr`); the confidence is the other family's, so that the two compare."""


class YoloxDetector:
    """Letterbox in the top left corner, BGR 0 to 255; confidence is objectness times the class's score."""

    is_in_order = False

    def __init__(self, file: OnnxFile, params: InferenceParams) -> None:
        columns, size_px = file.outputs[0][2], file.fixed_size_px
        if size_px is None or not isinstance(columns, int):
            raise ModelError(f"{file.name} leaves its sizes open.", "Export YOLOX with a fixed input size.")
        self._file = file
        self._params = params
        self._size_px = size_px
        self._min_confidence = DEFAULT_CONFIDENCE if params.confidence is None else params.confidence
        self._corners, self._strides = _grid(size_px)
        self.classes = file.class_names(columns - 5)

    @classmethod
    def reads(cls, file: OnnxFile) -> bool:
        """Whether a file is of this family: its one output has a row for every place of the grid."""
        size_px = file.fixed_size_px
        if len(file.outputs) != 1 or len(file.outputs[0]) != 3 or size_px is None:
            return False
        _, places, columns = file.outputs[0]
        return places == grid_points(size_px) and isinstance(columns, int) and columns > 5

    def infer(self, picture: Picture) -> DetectionEntry:
        padded, fit = letterbox(picture, *self._size_px, centred=False)
        output = self._file.run(cv2.dnn.blobFromImage(padded))
        confidence = output[:, 4] * output[:, 5:].max(axis=1)
        kept = confidence >= self._min_confidence
        found, corners, strides = output[kept], self._corners[kept], self._strides[kept]
        xywh = np.concatenate([(found[:, :2] + corners) * strides, np.exp(found[:, 2:4]) * strides], axis=1)
        candidates = Candidates(xywh, confidence[kept], np.argmax(found[:, 5:], axis=1))
        boxes = choose(candidates, fit, picture, self.classes, self._params, iou_threshold=DEFAULT_IOU)
        return DetectionEntry(picture.size, boxes)


def _grid(size_px: tuple[int, int]) -> tuple[Floats, Floats]:
    """For each place its column and row (n, 2), and its stride in pixels (n, 1), in the order of the output."""
    corners: list[npt.NDArray[np.float32]] = []
    strides: list[npt.NDArray[np.float32]] = []
    for stride in GRID_STRIDES:
        rows, columns = np.mgrid[: size_px[1] // stride, : size_px[0] // stride]
        corners.append(np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32))
        strides.append(np.full((rows.size, 1), stride, dtype=np.float32))
    return np.concatenate(corners), np.concatenate(strides)
