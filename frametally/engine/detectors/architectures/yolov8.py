"""YOLOv8, 9, 11, 12 exported by ultralytics: [1, 4 + classes + extra, cells], decoded boxes with duplicates."""

from __future__ import annotations

import numpy as np

from frametally.engine.detectors.architectures.yolo import DEFAULT_IOU, extra_columns_of, task_of, yolo_preprocessing
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import cell_count
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import BoxDetector, BoxHead, Candidates, Outputs, corners


def matches(file: OnnxFile) -> bool:
    """Whether the output has four rows more than there are class names, or a column for each grid cell."""
    if not file.outputs or len(file.outputs[0].shape) != 3 or task_of(file) not in ("detect", "segment", "pose"):
        return False
    _, rows, cells = file.outputs[0].shape
    names = file.literal("names", dict[int, str])
    if names and file.metadata.get("task", "detect") == "detect" and len(file.outputs) == 1:
        return rows in (4 + len(names), None)
    is_whole = file.fixed_size_px is not None and cells == cell_count(file.fixed_size_px)
    return (bool(names) and cells is None) or (is_whole and rows is not None and rows > 4)


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Rows are x, y, width, height, class scores, then the extra rows."""
    preprocessing = yolo_preprocessing(file)
    extra = extra_columns_of(file, preprocessing.size_px)
    rows = file.size(0, 1, rank=3)
    classes = file.class_names(None if rows is None else rows - 4 - extra.columns)
    scores = slice(4, 4 + len(classes))
    file.expect(0, scores.stop + extra.columns, None)

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        output = outputs[0]
        confidence = output[scores].max(axis=0)
        kept = np.flatnonzero(confidence >= min_confidence)
        found = output[:, kept]
        class_ids = np.argmax(found[scores], axis=0)
        return Candidates(corners(found[:4].T), confidence[kept], class_ids, found[scores.stop :].T)

    return BoxDetector(
        file, BoxHead(preprocessing, classes, read, DEFAULT_IOU, extra.inference_type, extra.detail), params
    )
