"""YOLOv6: [1, cells, 5 + classes], decoded boxes; the objectness is the constant 1."""

from __future__ import annotations

import numpy as np

from frametally.engine.detectors.architectures.yolo import DEFAULT_IOU, yolo_preprocessing
from frametally.engine.detectors.architectures.yolox import matches
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import STRIDE_SETS
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import BoxDetector, BoxHead, Candidates, Outputs, corners, no_extra
from frametally.errors import ModelError

__all__ = ["detector", "matches"]


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Columns are x, y, width, height in pixels, objectness, class scores."""
    preprocessing = yolo_preprocessing(file)
    columns = file.size(0, 2, rank=3)
    classes = file.class_names(None if columns is None else columns - 5)
    file.expect(0, None, 5 + len(classes))

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        rows = outputs[0]
        if not np.isin(rows[:, 4], (0, 1)).all() or not rows[:, 4].any():
            raise ModelError(
                f"{file.name} returned an objectness other than 1, so it is not a YOLOv6.",
                "Correct `family` in its model.json.",
            )
        confidence = rows[:, 4] * rows[:, 5:].max(axis=1)
        kept = np.flatnonzero(confidence >= min_confidence)
        rows = rows[kept]
        return Candidates(corners(rows), confidence[kept], np.argmax(rows[:, 5:], axis=1), no_extra(len(rows)))

    return BoxDetector(file, BoxHead(preprocessing, classes, read, DEFAULT_IOU, strides=STRIDE_SETS), params)
