"""ONNX files: opening them, what they say of themselves, and running them."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from video_inference.engine.detectors.coco import COCO_NAMES
from video_inference.errors import ModelError

Floats = npt.NDArray[np.float32]
Dimension = int | str | None

ORT_ERRORS: Final = (
    *(ort_state.Fail, ort_state.InvalidArgument, ort_state.InvalidGraph, ort_state.InvalidProtobuf, ort_state.NoModel),
    *(ort_state.NoSuchFile, ort_state.NotImplemented, ort_state.RuntimeException, ort_state.EPFail),
)
"""They have no base of their own."""
_ERRORS_ONLY: Final = 3
GRID_STRIDES: Final = (8, 16, 32)


class OnnxFile:
    """An open model with one picture as its input, (1, 3, height_px, width_px)."""

    def __init__(self, path: Path, *, only_look: bool) -> None:
        self.path = path
        try:
            self._session = ort.InferenceSession(str(path), _options(only_look), providers=["CPUExecutionProvider"])
        except ORT_ERRORS as error:
            raise ModelError(
                f"{self.name} is not an ONNX file that can be opened.", "Export the model again."
            ) from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise ModelError(f"{self.name} does not take one picture as its input.", "Export a detection model.")
        self._input = inputs[0]
        self._dtype = np.float16 if self._input.type == "tensor(float16)" else np.float32
        self.outputs: list[list[Dimension]] = [output.shape for output in self._session.get_outputs()]
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    @property
    def name(self) -> str:
        """`<model_id>/<version>`, as people know it."""
        return "/".join(self.path.parts[-3:-1])

    @property
    def fixed_size_px(self) -> tuple[int, int] | None:
        """(width, height) of the input; None where the file leaves it open."""
        height, width = self._input.shape[2:]
        return (width, height) if isinstance(width, int) and isinstance(height, int) else None

    def literal(self, key: str) -> Any:
        """A metadata value that is written as a Python literal; None where it is absent or something else."""
        try:
            return ast.literal_eval(self.metadata[key])
        except (KeyError, ValueError, SyntaxError):
            return None

    def run(self, blob: npt.NDArray[Any]) -> Floats:
        """The first output for one picture, without the batch dimension.

        Raises:
            ModelError: the model does not work on this input.
        """
        try:
            outputs = self._session.run(None, {self._input.name: blob.astype(self._dtype, copy=False)})
        except ORT_ERRORS as error:
            raise ModelError(f"{self.name} failed on a picture.", "Export the model again.") from error
        first: Floats = outputs[0][0].astype(np.float32, copy=False)
        return first

    def class_names(self, count: int) -> list[str]:
        """Names by class id: from the metadata, else `classes.txt` beside the file, else COCO's where 80 are needed.

        Raises:
            ModelError: there are names, but too few.
        """
        names = self.literal("names")
        listed = [str(names[at]) for at in sorted(names)] if isinstance(names, dict) else list(map(str, names or []))
        beside = self.path.with_name("classes.txt")
        if not listed and beside.exists():
            listed = [line.strip() for line in beside.read_text("utf-8").splitlines() if line.strip()]
        if not listed:
            return list(COCO_NAMES) if count == len(COCO_NAMES) else [f"class {at}" for at in range(count)]
        if len(listed) != count:
            raise ModelError(f"{self.name} has {count} classes and {len(listed)} names.", "Correct its classes.txt.")
        return listed


def grid_points(size_px: tuple[int, int]) -> int:
    """How many places a detector with strides 8, 16 and 32 looks at in a picture of this size."""
    return sum((size_px[0] // stride) * (size_px[1] // stride) for stride in GRID_STRIDES)


def _options(only_look: bool) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = 1 if only_look else os.cpu_count() or 1
    options.inter_op_num_threads = 1
    # The decoder works at the same time: threads that spin while they wait would take its core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if only_look:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options
