"""Registry of architectures: what identifies the outputs of each, and how it reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from frametally.contract import InferenceType
from frametally.engine.detectors.architectures import (
    classification,
    deepstream,
    detr,
    fastestdet,
    nanodet,
    semantic,
    yolo_nms_free,
    yolov5,
    yolov6,
    yolov7_end2end,
    yolov8,
    yolox,
)
from frametally.engine.detectors.detector import Detector, InferenceParams
from frametally.engine.detectors.model_config import ArchitectureName
from frametally.engine.detectors.onnx_file import OnnxFile


class OnnxDetector(Detector, Protocol):
    """A detector opened from a file."""

    @property
    def inference_type(self) -> InferenceType:
        """The type of its entries."""


class Architecture(NamedTuple):
    """One way to interpret the outputs of a model."""

    matches: Callable[[OnnxFile], bool]
    """Whether the metadata and the shapes of the outputs of a file can be those of this architecture."""
    open: Callable[[OnnxFile, InferenceParams], OnnxDetector]
    may_be_decoded: Callable[[OnnxFile], bool] = lambda _: False
    """Whether a file can be an export with or without `decoded`."""


ARCHITECTURES: Final[dict[ArchitectureName, Architecture]] = {
    "yolov7-end2end": Architecture(yolov7_end2end.matches, yolov7_end2end.detector),
    "classification": Architecture(classification.matches, classification.ClassificationDetector),
    "rf-detr": Architecture(detr.is_rf_detr, detr.rf_detr),
    "d-fine": Architecture(detr.is_d_fine, detr.d_fine),
    "yolo-nms-free": Architecture(yolo_nms_free.matches, yolo_nms_free.detector),
    "deepstream": Architecture(deepstream.matches, deepstream.detector, deepstream.may_be_decoded),
    "rt-detr": Architecture(detr.is_rt_detr, detr.rt_detr),
    "yolov8": Architecture(yolov8.matches, yolov8.detector),
    "yolov6": Architecture(yolov6.matches, yolov6.detector),
    "yolov5": Architecture(yolov5.matches, yolov5.detector),
    "nanodet": Architecture(nanodet.matches, nanodet.detector),
    "picodet": Architecture(nanodet.is_picodet, nanodet.picodet),
    "yolox": Architecture(yolox.matches, yolox.detector, lambda _: True),
    "fastestdet": Architecture(fastestdet.matches, fastestdet.detector),
    "semantic-segmentation": Architecture(semantic.matches, semantic.SemanticDetector),
}
"""Of equal readings, the first one is used."""
