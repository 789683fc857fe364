"""Detect heads as ultralytics exports them (YOLOv8, YOLO11): one output [1, 4 + classes, places], boxes decoded."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from video_inference.contract import DetectionEntry
from video_inference.engine.detectors.boxes import Candidates, choose, letterbox
from video_inference.engine.detectors.detector import InferenceParams
from video_inference.engine.detectors.onnx_file import OnnxFile, grid_points
from video_inference.engine.picture import Picture

DEFAULT_CONFIDENCE: Final = 0.25
DEFAULT_IOU: Final = 0.7
"""Both as in ultralytics' own defaults (`conf`, `iou`)."""
DEFAULT_SIZE_PX: Final = (640, 640)


class UltralyticsDetector:
    """Centred letterbox, RGB 0 to 1; rows of the output are x, y, width, height and one score a class."""

    is_in_order = False

    def __init__(self, file: OnnxFile, params: InferenceParams) -> None:
        self._file = file
        self._params = params
        self._size_px = _input_size(file)
        self._min_confidence = DEFAULT_CONFIDENCE if params.confidence is None else params.confidence
        names = file.literal("names")
        rows = file.outputs[0][1]
        self.classes = file.class_names(rows - 4 if isinstance(rows, int) else len(names))

    @classmethod
    def reads(cls, file: OnnxFile) -> bool:
        """Whether a file is of this family: it says so, or its output has a column for every place of the grid."""
        if len(file.outputs) != 1 or len(file.outputs[0]) != 3:
            return False
        _, rows, places = file.outputs[0]
        if file.metadata.get("task", "detect") != "detect" or file.metadata.get("end2end") == "True":
            return False
        names = file.literal("names")
        if names and "task" in file.metadata:
            return not isinstance(rows, int) or rows == 4 + len(names)
        size_px = file.fixed_size_px
        return isinstance(rows, int) and rows > 4 and size_px is not None and places == grid_points(size_px)

    def infer(self, picture: Picture) -> DetectionEntry:
        padded, fit = letterbox(picture, *self._size_px, centred=True)
        output = self._file.run(cv2.dnn.blobFromImage(padded, 1 / 255, swapRB=True))
        confidence = output[4:].max(axis=0)
        kept = confidence >= self._min_confidence
        found = output[:, kept]
        candidates = Candidates(found[:4].T, confidence[kept], np.argmax(found[4:], axis=0))
        boxes = choose(candidates, fit, picture, self.classes, self._params, iou_threshold=DEFAULT_IOU)
        return DetectionEntry(picture.size, boxes)


def _input_size(file: OnnxFile) -> tuple[int, int]:
    """(width, height) of the model's picture: fixed in the file, else what its metadata says (height first)."""
    said = file.literal("imgsz")
    return file.fixed_size_px or ((int(said[1]), int(said[0])) if said else DEFAULT_SIZE_PX)
