"""YOLOv5 and v7 with decoded boxes: [1, cells, 5 + classes + extra], a row for each cell and anchor."""

from __future__ import annotations

from typing import Final

import numpy as np

from frametally.engine.detectors.architectures.yolo import extra_columns_of, yolo_preprocessing
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import STRIDE_SETS, cell_count
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import BoxDetector, BoxHead, Candidates, Outputs, corners

ANCHORS: Final = 3
"""Anchor boxes at each grid cell."""
DEFAULT_IOU: Final = 0.45
"""The default of YOLOv5's detect script (`iou_thres`)."""


def matches(file: OnnxFile) -> bool:
    """Whether the output has three rows per cell, or for dynamic sizes five columns more than there are class names."""
    if not file.outputs or len(file.outputs[0].shape) != 3:
        return False
    _, rows, columns = file.outputs[0].shape
    if columns is None or columns < 6:
        return False
    size_px = file.fixed_size_px
    if rows is not None and size_px is not None:
        return rows in [ANCHORS * cell_count(size_px, strides) for strides in STRIDE_SETS]
    names = file.metadata_names()
    return names is not None and "task" not in file.metadata and columns >= 5 + len(names)


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Columns are x, y, width, height, objectness, class scores, then the extra columns."""
    preprocessing = yolo_preprocessing(file)
    extra = extra_columns_of(file, preprocessing.size_px)
    columns = file.size(0, 2, rank=3)
    classes = file.class_names(None if columns is None else columns - 5 - extra.columns)
    scores = slice(5, 5 + len(classes))
    file.expect(0, None, scores.stop + extra.columns)

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        rows = outputs[0][outputs[0][:, 4] >= min_confidence]  # class scores are at most 1
        confidence = rows[:, 4] * rows[:, scores].max(axis=1)
        kept = confidence >= min_confidence
        rows, confidence = rows[kept], confidence[kept]
        return Candidates(corners(rows), confidence, np.argmax(rows[:, scores], axis=1), rows[:, scores.stop :])

    head = BoxHead(
        preprocessing, classes, read, DEFAULT_IOU, extra.inference_type, extra.detail, STRIDE_SETS, (ANCHORS,)
    )
    return BoxDetector(file, head, params)
