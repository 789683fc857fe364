"""FastestDet: a single coarse grid, [1, 5 + classes, rows, columns]."""

from __future__ import annotations

from typing import Final

import numpy as np

from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import cell_count, grid_cells
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import (
    BoxDetector,
    BoxHead,
    Candidates,
    Outputs,
    corners,
    no_extra,
    sigmoid,
)
from frametally.engine.detectors.preprocessing import Preprocessing
from frametally.errors import ModelError

STRIDE: Final = 16
DEFAULT_IOU: Final = 0.45
"""The default of FastestDet (`nms_thresh`)."""


def matches(file: OnnxFile) -> bool:
    """Whether the only output is a grid of this stride with five planes more than there are class names."""
    if len(file.outputs) != 1 or len(file.outputs[0].shape) != 4 or file.fixed_size_px is None:
        return False
    _, planes, rows, columns = file.outputs[0].shape
    if (columns, rows) != tuple(side // STRIDE for side in file.fixed_size_px) or planes is None:
        return False
    names = file.listed_names()
    return planes == 5 + len(names) if names else planes > 5


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Stretched, BGR 0 to 1; planes are objectness, offset in the cell, size relative to the input, class scores."""
    size_px = file.size_px()
    preprocessing = Preprocessing(size_px, "stretch", color_order="BGR").overridden_by(file.config)
    planes = file.size(0, 1, rank=4)
    if planes is None:
        raise ModelError(f"{file.name} has a dynamic number of classes.", "Export FastestDet with fixed sizes.")
    classes = file.class_names(planes - 5)
    file.expect(0, planes, size_px[1] // STRIDE, size_px[0] // STRIDE)
    corner, _ = grid_cells(size_px, [STRIDE])

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        cells = outputs[0].reshape(planes, cell_count(size_px, [STRIDE]))
        kept = np.flatnonzero(cells[0] >= min_confidence)  # class scores are at most 1
        found = cells[:, kept].T
        confidence = found[:, 0] * found[:, 5:].max(axis=1)
        sure = confidence >= min_confidence
        kept, found, confidence = kept[sure], found[sure], confidence[sure]
        center = (corner[kept] + np.tanh(found[:, 1:3])) * STRIDE
        size = np.array(size_px, dtype=np.float32) * sigmoid(found[:, 3:5])
        xyxy = corners(np.concatenate([center, size], axis=1))
        return Candidates(xyxy, confidence, np.argmax(found[:, 5:], axis=1), no_extra(len(kept)))

    return BoxDetector(file, BoxHead(preprocessing, classes, read, DEFAULT_IOU, strides=((STRIDE,),)), params)
