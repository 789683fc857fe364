"""YOLO exported for DeepStream (DeepStream-Yolo): corners, confidence and class of each cell, with duplicates.

One output [1, cells, 6], or by older exporters three: boxes [1, cells, 4], scores [1, cells, 1], classes [1, cells, 1].
"""

from __future__ import annotations

import numpy as np

from frametally.engine.detectors.architectures.yolo import DEFAULT_IOU, yolo_preprocessing
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import STRIDE_SETS, cell_count
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import (
    BoxDetector,
    BoxHead,
    Candidates,
    Floats,
    Outputs,
    class_ids_of,
    corners,
    no_extra,
)

_ANCHORS = 3


def matches(file: OnnxFile) -> bool:
    """Whether there is a row of six values for each grid cell (or anchor), in one output or in three."""
    shapes = [output.shape[1:] for output in file.outputs]
    columns = [shape[1] for shape in shapes if len(shape) == 2]
    if columns not in ([6], [4, 1, 1]) or len(columns) != len(shapes) or len({shape[0] for shape in shapes}) != 1:
        return False
    rows, size_px = shapes[0][0], file.fixed_size_px
    counts = [cell_count(size_px, strides) for strides in STRIDE_SETS] if size_px else []
    return rows is None or size_px is None or rows in [*counts, *(_ANCHORS * count for count in counts)]


def may_be_decoded(file: OnnxFile) -> bool:
    """Whether the boxes can be centers and sizes: in exports with three outputs."""
    return len(file.outputs) == 3


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Letterbox, RGB 0 to 1. The three outputs contain corners, or with `decoded` centers and sizes."""
    preprocessing = yolo_preprocessing(file)
    classes = file.class_names(None)
    for at, columns in enumerate((4, 1, 1) if len(file.outputs) == 3 else (6,)):
        file.expect(at, None, columns)

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        rows: Floats = np.concatenate(outputs, axis=1)
        rows = rows[rows[:, 4] >= min_confidence]
        xyxy = corners(rows) if file.config.decoded else rows[:, :4]
        return Candidates(xyxy, rows[:, 4], class_ids_of(rows[:, 5], classes, file.name), no_extra(len(rows)))

    return BoxDetector(
        file, BoxHead(preprocessing, classes, read, DEFAULT_IOU, strides=STRIDE_SETS, anchors=(1, 3)), params
    )
