"""YOLOv7 and v6 exported with `--end2end --max-wh`: [boxes, 7], without duplicates and without batch dimension."""

from __future__ import annotations

from frametally.engine.detectors.architectures.yolo import yolo_preprocessing
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import (
    BoxDetector,
    BoxHead,
    Candidates,
    Outputs,
    class_ids_of,
    no_extra,
)

_COLUMNS = 7


def matches(file: OnnxFile) -> bool:
    """Whether the only output has rows of seven columns, and not exactly one row."""
    shape = file.outputs[0].shape
    return len(file.outputs) == 1 and len(shape) == 2 and shape[0] != 1 and shape[1] == _COLUMNS


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Columns are the number of the picture in its batch, the corners, class, confidence."""
    preprocessing = yolo_preprocessing(file)
    file.size(0, 1, rank=2)
    file.without_batch(0)
    file.expect(0, None, _COLUMNS)
    classes = file.class_names(None)

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        rows = outputs[0][outputs[0][:, 6] >= min_confidence]
        return Candidates(rows[:, 1:5], rows[:, 6], class_ids_of(rows[:, 5], classes, file.name), no_extra(len(rows)))

    return BoxDetector(file, BoxHead(preprocessing, classes, read, None), params)
