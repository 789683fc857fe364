"""Which family reads an ONNX file: decided by what the file says of itself, not by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from frametally.contract import InferenceType
from frametally.engine.detectors.architectures import (
    classification,
    detr,
    fastestdet,
    nanodet,
    semantic,
    yolo_nms_free,
    yolov5,
    yolov8,
    yolox,
)
from frametally.engine.detectors.detector import Detector, InferenceParams
from frametally.engine.detectors.model_config import ARCHITECTURE_NAMES, ArchitectureName
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.errors import ModelError


class OnnxDetector(Detector, Protocol):
    """A detector that was opened from a file."""

    @property
    def inference_type(self) -> InferenceType:
        """What it answers with."""


class Architecture(NamedTuple):
    """One way to read outputs."""

    matches: Callable[[OnnxFile], bool]
    """Whether a file says that it is of this family."""
    open: Callable[[OnnxFile, InferenceParams], OnnxDetector]


ARCHITECTURES: Final[dict[ArchitectureName, Architecture]] = {
    "classification": Architecture(classification.matches, classification.ClassificationDetector),
    "rf-detr": Architecture(detr.is_rf_detr, detr.rf_detr),
    "d-fine": Architecture(detr.is_d_fine, detr.d_fine),
    "yolo-nms-free": Architecture(yolo_nms_free.matches, yolo_nms_free.detector),
    "rt-detr": Architecture(detr.is_rt_detr, detr.rt_detr),
    "yolov8": Architecture(yolov8.matches, yolov8.detector),
    "yolov5": Architecture(yolov5.matches, yolov5.detector),
    "nanodet": Architecture(nanodet.matches, nanodet.detector),
    "yolox": Architecture(yolox.matches, yolox.detector),
    "fastestdet": Architecture(fastestdet.matches, fastestdet.detector),
    "semantic-segmentation": Architecture(semantic.matches, semantic.SemanticDetector),
}
"""In the order in which a file is tried: the ones whose signs are surest come first."""


def open_onnx_detector(path: Path, params: InferenceParams, *, metadata_only: bool = False) -> OnnxDetector:
    """The detector of whichever family the file belongs to; `metadata_only` opens it without preparing it for speed.

    Raises:
        ModelError: it cannot be opened, says too little of itself, or belongs to no family that is supported.
    """
    file = OnnxFile(path, metadata_only=metadata_only)
    if file.config.architecture is not None:
        return ARCHITECTURES[file.config.architecture].open(file, params)
    for family in ARCHITECTURES.values():
        if family.matches(file):
            return family.open(file, params)
    raise ModelError(
        f"{file.name} is {_what_it_is(file)}, which no family of this engine reads.",
        f"If it is one of {', '.join(ARCHITECTURE_NAMES)}, say so as `family` in a model.json beside it.",
    )


def _what_it_is(file: OnnxFile) -> str:
    task = file.metadata.get("task", "")
    shapes = ", ".join(str(output.shape) for output in file.outputs[:10])
    return (
        f"an ultralytics {task[:20]} model" if task and "names" in file.metadata else f"a model with outputs {shapes}"
    )
