"""Registry of architectures: finds the one that reads an ONNX file by the file's metadata and output shapes."""

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
    """A detector opened from a file."""

    @property
    def inference_type(self) -> InferenceType:
        """The type of its entries."""


class Architecture(NamedTuple):
    """One way to interpret the outputs of a model."""

    matches: Callable[[OnnxFile], bool]
    """Whether the metadata and outputs of a file are those of this architecture."""
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
"""In the order in which they are tried: the most specific ones first."""


def open_onnx_detector(path: Path, params: InferenceParams, *, metadata_only: bool = False) -> OnnxDetector:
    """The detector for a file; `metadata_only` opens it without graph optimizations and accelerators.

    Raises:
        ModelError: the file cannot be opened, lacks information, or is of no supported architecture.
    """
    file = OnnxFile(path, metadata_only=metadata_only)
    if file.config.architecture is not None:
        return ARCHITECTURES[file.config.architecture].open(file, params)
    for architecture in ARCHITECTURES.values():
        if architecture.matches(file):
            return architecture.open(file, params)
    raise ModelError(
        f"{file.name} is {_description(file)}, which is not a supported architecture.",
        f"If it is one of {', '.join(ARCHITECTURE_NAMES)}, set `family` in a model.json next to it.",
    )


def _description(file: OnnxFile) -> str:
    task = file.metadata.get("task", "")
    shapes = ", ".join(str(output.shape) for output in file.outputs[:10])
    return (
        f"an ultralytics {task[:20]} model" if task and "names" in file.metadata else f"a model with outputs {shapes}"
    )
