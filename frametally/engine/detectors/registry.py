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
from frametally.engine.detectors.model_config import FAMILY_NAMES, FamilyName
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.errors import ModelError


class OnnxDetector(Detector, Protocol):
    """A detector that was opened from a file."""

    @property
    def inference_type(self) -> InferenceType:
        """What it answers with."""


class Family(NamedTuple):
    """One way to read outputs."""

    reads: Callable[[OnnxFile], bool]
    """Whether a file says that it is of this family."""
    open: Callable[[OnnxFile, InferenceParams], OnnxDetector]


FAMILIES: Final[dict[FamilyName, Family]] = {
    "classification": Family(classification.reads, classification.ClassificationDetector),
    "rf-detr": Family(detr.reads_rf_detr, detr.rf_detr),
    "d-fine": Family(detr.reads_d_fine, detr.d_fine),
    "yolo-nms-free": Family(yolo_nms_free.reads, yolo_nms_free.detector),
    "rt-detr": Family(detr.reads_rt_detr, detr.rt_detr),
    "yolov8": Family(yolov8.reads, yolov8.detector),
    "yolov5": Family(yolov5.reads, yolov5.detector),
    "nanodet": Family(nanodet.reads, nanodet.detector),
    "yolox": Family(yolox.reads, yolox.detector),
    "fastestdet": Family(fastestdet.reads, fastestdet.detector),
    "semantic-segmentation": Family(semantic.reads, semantic.SemanticDetector),
}
"""In the order in which a file is tried: the ones whose signs are surest come first."""


def open_onnx_detector(path: Path, params: InferenceParams, *, only_look: bool = False) -> OnnxDetector:
    """The detector of whichever family the file belongs to; `only_look` opens it without preparing it for speed.

    Raises:
        ModelError: it cannot be opened, says too little of itself, or belongs to no family that is supported.
    """
    file = OnnxFile(path, only_look=only_look)
    if file.card.family is not None:
        return FAMILIES[file.card.family].open(file, params)
    for family in FAMILIES.values():
        if family.reads(file):
            return family.open(file, params)
    raise ModelError(
        f"{file.name} is {_what_it_is(file)}, which no family of this engine reads.",
        f"If it is one of {', '.join(FAMILY_NAMES)}, say so as `family` in a model.json beside it.",
    )


def _what_it_is(file: OnnxFile) -> str:
    task = file.metadata.get("task", "")
    shapes = ", ".join(str(output.shape) for output in file.outputs[:10])
    return (
        f"an ultralytics {task[:20]} model" if task and "names" in file.metadata else f"a model with outputs {shapes}"
    )
