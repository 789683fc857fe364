"""Which family reads an ONNX file: decided by what the file says of itself, not by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from video_inference.engine.detectors.detector import Detector, InferenceParams
from video_inference.engine.detectors.onnx_file import OnnxFile
from video_inference.engine.detectors.ultralytics import UltralyticsDetector
from video_inference.engine.detectors.yolox import YoloxDetector
from video_inference.errors import ModelError

FAMILIES: Final = (UltralyticsDetector, YoloxDetector)
SUPPORTED: Final = "This engine runs ultralytics detect exports (v8, 11, without built-in NMS) and YOLOX raw grids."


def open_onnx_detector(path: Path, params: InferenceParams, *, only_look: bool = False) -> Detector:
    """The detector of whichever family the file belongs to; `only_look` opens it without preparing it for speed.

    Raises:
        ModelError: it cannot be opened, or belongs to no family that is supported.
    """
    file = OnnxFile(path, only_look=only_look)
    for family in FAMILIES:
        if family.reads(file):
            return family(file, params)
    raise ModelError(f"{file.name} is {_what_it_is(file)}.", SUPPORTED)


def _what_it_is(file: OnnxFile) -> str:
    task = file.metadata.get("task")
    shapes = ", ".join(str(shape) for shape in file.outputs)
    return f"an ultralytics {task} model" if task not in (None, "detect") else f"a model with outputs {shapes}"
