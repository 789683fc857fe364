"""YOLOv8, 9, 11, 12 exported by ultralytics: [1, 4 + classes + extra, cells], decoded boxes with duplicates.

Some converters exchange the two dimensions; both orders are read.
"""

from __future__ import annotations

import numpy as np

from frametally.engine.detectors.architectures.yolo import (
    DEFAULT_IOU,
    declares_no_duplicates,
    extra_columns_of,
    task_of,
    yolo_preprocessing,
)
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import STRIDE_SETS, cell_count
from frametally.engine.detectors.onnx_file import Dimension, OnnxFile
from frametally.engine.detectors.postprocessing import BoxDetector, BoxHead, Candidates, Outputs, corners


def matches(file: OnnxFile) -> bool:
    """Whether one dimension is four more than there are class names, or the other is the number of grid cells."""
    if not file.outputs or len(file.outputs[0].shape) != 3 or task_of(file) not in ("detect", "segment", "pose"):
        return False
    _, first, second = file.outputs[0].shape
    return not declares_no_duplicates(file) and (_fits(file, first, second) or _cells_first(file, first, second))


def _cells_first(file: OnnxFile, first: Dimension, second: Dimension) -> bool:
    return _is_grid(file, first) and _fits(file, second, first) and not _fits(file, first, second)


def _is_grid(file: OnnxFile, cells: Dimension) -> bool:
    """Whether this can be the number of grid cells."""
    size_px = file.fixed_size_px
    return cells is None or size_px is None or cells in [cell_count(size_px, strides) for strides in STRIDE_SETS]


def _fits(file: OnnxFile, values: Dimension, cells: Dimension) -> bool:
    """Whether an output can have this many values for each of this many cells."""
    names = file.metadata_names()
    if names and file.metadata.get("task", "detect") == "detect" and len(file.outputs) == 1:
        return values in (4 + len(names), None)
    is_whole = file.fixed_size_px is not None and cells is not None and _is_grid(file, cells)
    return (bool(names) and cells is None) or (is_whole and values is not None and values > 4)


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """The values of a cell are x, y, width, height, class scores, then the extra ones."""
    preprocessing = yolo_preprocessing(file)
    extra = extra_columns_of(file, preprocessing.size_px)
    file.size(0, 1, rank=3)
    _, first, second = file.outputs[0].shape
    cells_first = _cells_first(file, first, second)
    values = second if cells_first else first
    classes = file.class_names(None if values is None else values - 4 - extra.columns)
    scores = slice(4, 4 + len(classes))
    shape = (scores.stop + extra.columns, None)
    file.expect(0, *(shape[::-1] if cells_first else shape))

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        output = outputs[0].T if cells_first else outputs[0]
        confidence = output[scores].max(axis=0)
        kept = np.flatnonzero(confidence >= min_confidence)
        found = output[:, kept]
        class_ids = np.argmax(found[scores], axis=0)
        return Candidates(corners(found[:4].T), confidence[kept], class_ids, found[scores.stop :].T)

    head = BoxHead(preprocessing, classes, read, DEFAULT_IOU, extra.inference_type, extra.detail, STRIDE_SETS)
    return BoxDetector(file, head, params)
