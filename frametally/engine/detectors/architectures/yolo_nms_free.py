"""YOLOv10, YOLO26, and any ultralytics export with `nms=True`: [1, boxes, 6 + extra], without duplicates."""

from __future__ import annotations

from typing import Final

from frametally.engine.detectors.architectures.yolo import declares_no_duplicates, extra_columns_of, yolo_preprocessing
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import BoxDetector, BoxHead, Candidates, Outputs, class_ids_of

_MAX_BOXES: Final = 1000
"""Limit for files without metadata: such a model has about 300 boxes, a grid has thousands of cells."""


def matches(file: OnnxFile) -> bool:
    """Whether the metadata declares that there are no duplicates, or the output has at most 1,000 rows of six."""
    if not file.outputs or len(file.outputs[0].shape) != 3:
        return False
    if declares_no_duplicates(file):
        return True
    _, rows, columns = file.outputs[0].shape
    return "task" not in file.metadata and columns == 6 and rows is not None and rows <= _MAX_BOXES


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Columns are the corners, confidence, class, then the extra columns."""
    preprocessing = yolo_preprocessing(file)
    extra = extra_columns_of(file, preprocessing.size_px)
    file.size(0, 2, rank=3)
    file.expect(0, None, 6 + extra.columns)

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        rows = outputs[0][outputs[0][:, 4] >= min_confidence]
        return Candidates(rows[:, :4], rows[:, 4], class_ids_of(rows[:, 5], classes, file.name), rows[:, 6:])

    classes = file.class_names(None)
    return BoxDetector(file, BoxHead(preprocessing, classes, read, None, extra.inference_type, extra.detail), params)
