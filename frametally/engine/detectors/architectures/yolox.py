"""YOLOX: one output [1, cells, 5 + classes], relative to the grid, or decoded with `--decode_in_inference`."""

from __future__ import annotations

from typing import Final

import numpy as np

from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import STRIDES, cell_count, grid_cells
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import BoxDetector, BoxHead, Candidates, Outputs, corners, no_extra
from frametally.engine.detectors.preprocessing import Preprocessing
from frametally.errors import ModelError

DEFAULT_IOU: Final = 0.45
"""The default of YOLOX's ONNX demo (`nms_thr`)."""
LEVELS: Final = (1 / 255, 1 / 255, 1 / 255)
"""The `std` of a model with inputs 0 to 255."""


def matches(file: OnnxFile) -> bool:
    """Whether the only output has a row for every cell of the grid, and more than five columns."""
    size_px = file.fixed_size_px
    if len(file.outputs) != 1 or len(file.outputs[0].shape) != 3 or size_px is None:
        return False
    _, rows, columns = file.outputs[0].shape
    return rows == cell_count(size_px) and columns is not None and columns > 5


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Letterbox in the top left corner, BGR 0 to 255; confidence is objectness times class score."""
    size_px = file.size_px()
    preprocessing = Preprocessing(size_px, "letterbox-top-left", color_order="BGR", std=LEVELS).overridden_by(
        file.config
    )
    columns = file.size(0, 2, rank=3)
    if columns is None:
        raise ModelError(f"{file.name} has a dynamic number of classes.", "Export YOLOX with fixed sizes.")
    classes = file.class_names(columns - 5)
    corner, stride = grid_cells(size_px)
    file.expect(0, len(corner), columns)

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        kept = np.flatnonzero(outputs[0][:, 4] >= min_confidence)  # class scores are at most 1
        rows = outputs[0][kept]
        confidence = rows[:, 4] * rows[:, 5:].max(axis=1)
        sure = confidence >= min_confidence
        kept, rows, confidence = kept[sure], rows[sure], confidence[sure]
        if not file.config.decoded:
            center, size = (rows[:, :2] + corner[kept]) * stride[kept], np.exp(rows[:, 2:4]) * stride[kept]
            xyxy = corners(np.concatenate([center, size], axis=1))
        else:
            xyxy = corners(rows)
        return Candidates(xyxy, confidence, np.argmax(rows[:, 5:], axis=1), no_extra(len(rows)))

    return BoxDetector(file, BoxHead(preprocessing, classes, read, DEFAULT_IOU, strides=(STRIDES,)), params)
