"""An ONNX model file, opened with ONNX Runtime: metadata, class names, inference."""

from __future__ import annotations

import ast
import copy
import logging
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from msgspec import structs
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from frametally.coco import COCO_CLASS_NAMES
from frametally.engine.detectors.model_config import Name, read_companion_file, read_model_config
from frametally.engine.detectors.onnx_validation import last_operators, not_onnx, user_error
from frametally.engine.detectors.preprocessing import Blob, Blobs, Preprocessing
from frametally.errors import ModelError

Array = npt.NDArray[Any]
Dimension = int | None

ORT_ERRORS: Final = (
    *(ort_state.Fail, ort_state.InvalidArgument, ort_state.InvalidGraph, ort_state.InvalidProtobuf, ort_state.NoModel),
    *(ort_state.NoSuchFile, ort_state.NotImplemented, ort_state.RuntimeException, ort_state.EPFail),
)
"""The exceptions of ONNX Runtime have no common base class."""
PROVIDERS: Final = ("CUDAExecutionProvider", "CoreMLExecutionProvider", "OpenVINOExecutionProvider")
"""Used in this order if the installed ONNX Runtime has them; the CPU is the fallback."""
_CPU: Final = "CPUExecutionProvider"
_DTYPES: Final = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}
_SIZE_DTYPES: Final = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}
_ERRORS_ONLY: Final = 3
_MAX_LITERAL: Final = 1 << 20
MAX_CLASSES: Final = 30_000
MAX_INPUT_PX: Final = 4096 * 4096
_LOG = logging.getLogger("frametally.engine")


class Output(NamedTuple):
    """One output of a model, as declared in the file."""

    name: str
    shape: list[Dimension]
    """None for a dynamic dimension."""
    last_operator: str
    """The operator that computes its values, such as `Softmax`; empty if unknown."""
    has_batch: bool = True
    """Whether the first dimension is the batch."""


class OnnxFile:
    """An open model with an input for one picture, (1, 3, height_px, width_px). Thread-safe.

    `orig_target_sizes`, a second input of some models, is set to the size of the model's input.
    """

    def __init__(self, path: Path, *, metadata_only: bool) -> None:
        self.path = path
        self.config = read_model_config(path.parent, self.name)
        try:
            operators = last_operators(path, self.name)
            chosen = [_CPU] if metadata_only else providers(ort.get_available_providers())
            self._session = _opened(path, self.name, chosen, is_quick=not metadata_only)
            self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
            outputs = self._session.get_outputs()
            self.outputs = [Output(one.name, _dimensions(one), operators.get(one.name, "")) for one in outputs]
            self._picture, self._sizes = self._inputs()
        except UnicodeDecodeError as error:  # a name in the file, or ONNX Runtime's message that quotes it
            raise not_onnx(self.name) from error
        self._feed: dict[str, Array] = {}

    @property
    def name(self) -> str:
        """`<model_id>/<version>`."""
        return "/".join(self.path.parts[-3:-1])

    @property
    def fixed_size_px(self) -> tuple[int, int] | None:
        """(width, height) of the input; None if neither the file nor its `model.json` has it."""
        height, width = _dimensions(self._picture)[2:]
        return self.config.input_size_px if width is None or height is None else (width, height)

    def size_px(self, otherwise: tuple[int, int] | None = None) -> tuple[int, int]:
        """(width, height) of the input; `otherwise` is used if neither the file nor its `model.json` has it.

        Raises:
            ModelError: it is unknown, too large, or differs from `input_size_px` in the `model.json`.
        """
        size_px, configured = self.fixed_size_px or otherwise, self.config.input_size_px
        if configured not in (None, size_px):
            raise ModelError(
                f"The input of {self.name} is {size_px}, not {configured}.",
                "Correct `input_size_px` in its model.json.",
            )
        if size_px is None:
            raise ModelError(f"{self.name} has a dynamic input size.", "Set `input_size_px` in a model.json.")
        if size_px[0] * size_px[1] > MAX_INPUT_PX:
            raise ModelError(
                f"The input of {self.name} is {size_px[0]} x {size_px[1]} pixels.", "Export it with a smaller one."
            )
        return size_px

    def variant(self, *, decoded: bool) -> OnnxFile:
        """The same file, read with another `decoded`; what is declared of its outputs is not shared."""
        other = copy.copy(self)
        other.config = structs.replace(self.config, decoded=decoded)
        other.outputs = [output._replace(shape=list(output.shape)) for output in self.outputs]
        return other

    def size(self, output: int, axis: int, *, rank: int) -> int | None:
        """One dimension of an output of this rank; None if it is dynamic.

        Raises:
            ModelError: the output has another rank.
        """
        shape = self.outputs[output].shape
        if len(shape) != rank:
            raise ModelError(
                f"{self.name} has an output {shape}; expected {rank} dimensions.", "Correct its model.json."
            )
        return shape[axis]

    def expect(self, output: int, *shape: int | None) -> None:
        """Require this shape of an output, without its batch dimension. Dynamic dimensions are checked at each run.

        Raises:
            ModelError: the file declares another shape.
        """
        declared, first = self.outputs[output].shape, int(self.outputs[output].has_batch)
        pairs = list(zip(declared[first:], shape, strict=False))
        if len(declared) != first + len(shape) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            expected = ", ".join([*["1"] * first, *("any" if size is None else str(size) for size in shape)])
            raise ModelError(f"{self.name} has an output {declared}; expected [{expected}].", "Export it again.")
        declared[first:] = [expected if size is None else size for size, expected in pairs]

    def without_batch(self, *outputs: int) -> None:
        """Declare that the first dimension of these outputs is not the batch: some exporters drop it."""
        for at in outputs:
            self.outputs[at] = self.outputs[at]._replace(has_batch=False)

    def blobs(self, preprocessing: Preprocessing) -> Blobs:
        """The converter from pictures to inputs; also sets the size input of models that have one."""
        if self._sizes is not None:
            self._feed = {self._sizes.name: np.array([preprocessing.size_px], dtype=_SIZE_DTYPES[self._sizes.type])}
        return Blobs(preprocessing, _DTYPES[self._picture.type])

    def literal(self, key: str, kind: Any) -> Any:
        """A metadata value in the form of a Python literal; None if it is missing or of another type."""
        try:
            text = self.metadata.get(key, "")
            value = ast.literal_eval(text) if len(text) <= _MAX_LITERAL else None
            return msgspec.convert(value, kind, strict=False)
        except (msgspec.ValidationError, ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return None

    def run(self, blob: Blob) -> list[Array]:
        """Every output for one picture, without the batch dimension; floating-point outputs as float32.

        Raises:
            ModelError: inference failed, or an output differs from its declared shape.
        """
        try:
            values = self._session.run(None, {self._picture.name: blob, **self._feed})
        except (*ORT_ERRORS, MemoryError) as error:
            raise user_error(
                error, ModelError(f"{self.name} failed on a picture.", "Export the model again.")
            ) from error
        for output, value in zip(self.outputs, values, strict=True):
            if not _agrees(output, value):
                raise ModelError(
                    f"{self.name} returned an output {list(value.shape)}, not {output.shape}.", "Export it again."
                )
        return [_single(output, value) for output, value in zip(self.outputs, values, strict=True)]

    def metadata_names(self) -> list[str] | None:
        """Class names in the metadata, in the order of their ids; None if there are none. Numbers become text."""
        value = self.literal("names", list[Name] | dict[int, Name])
        names = [value[column] for column in sorted(value)] if isinstance(value, dict) else value
        return list(map(str, names)) if names else None

    def listed_names(self) -> list[str] | dict[int, str] | None:
        """Class names from `model.json`, the metadata or `classes.txt`: in order, or by column; None if there are none.

        Raises:
            ModelError: a column in `model.json` is not a number, or `classes.txt` cannot be read.
        """
        if self.config.names is not None:
            names = self.config.names
            return list(map(str, names)) if isinstance(names, list) else _by_column(names, self.name)
        if metadata := self.metadata_names():
            return metadata
        text = read_companion_file(self.path.parent, "classes.txt", self.name)
        lines = [line.strip() for line in (text or "").splitlines()]
        return [line for line in lines if line] or None

    def class_names(self, count: int | None) -> list[str]:
        """Names by class id; `count` is the number of classes, None if it is unknown.

        Without listed names, COCO's are used for 80 classes, and `class 0`, `class 1` … for any other number.

        Raises:
            ModelError: the number of names differs from `count`, both are unknown, or there are too many classes.
        """
        names = self.listed_names()
        listed = names if isinstance(names, list) else list((names or {}).values())
        if count is None:
            return listed or self.raise_missing_names()
        if count > MAX_CLASSES:
            raise ModelError(f"{self.name} has {count} classes.", f"This engine runs models of up to {MAX_CLASSES}.")
        if not listed:
            return list(COCO_CLASS_NAMES) if count == len(COCO_CLASS_NAMES) else [f"class {at}" for at in range(count)]
        if len(listed) != count:
            raise ModelError(
                f"{self.name} has {count} classes and {len(listed)} names.",
                "Correct its classes.txt, or `names` in its model.json.",
            )
        return listed

    def raise_missing_names(self) -> list[str]:
        """Raise the error for a model without class names."""
        raise ModelError(
            f"{self.name} has no class names.",
            "Put a classes.txt next to it, one name per line, or set `names` in a model.json.",
        )

    def _inputs(self) -> tuple[Any, Any | None]:
        inputs = self._session.get_inputs()
        pictures = [one for one in inputs if len(one.shape) == 4]
        sizes = [one for one in inputs if one.name == "orig_target_sizes"]
        known = [one for one in sizes if one.type in _SIZE_DTYPES]
        if len(pictures) != 1 or len(inputs) != 1 + len(known) or not self._session.get_outputs():
            raise ModelError(f"{self.name} does not have one image as its input.", "Export a detection model.")
        shape, kind = _dimensions(pictures[0]), pictures[0].type
        batch, channels = shape[:2]
        if kind not in _DTYPES or channels not in (3, None):
            raise ModelError(
                f"The input of {self.name} is {kind} of {shape}, not an image with three channels.",
                "Export it with (1, 3, h, w).",
            )
        if batch not in (1, None):
            raise ModelError(f"{self.name} has a batch size of {batch}.", "Export it with batch size 1 or dynamic.")
        return pictures[0], sizes[0] if sizes else None


def providers(available: list[str]) -> list[str]:
    """The available execution providers, fastest first."""
    return [*(name for name in PROVIDERS if name in available), _CPU]


def _opened(path: Path, model: str, chosen: list[str], *, is_quick: bool) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(str(path), _options(is_quick=is_quick), providers=chosen, enable_fallback=0)
    except (*ORT_ERRORS, MemoryError) as error:
        if chosen != [_CPU]:
            _LOG.warning("%s runs on the CPU because %s cannot load it", model, chosen[0])
            return _opened(path, model, [_CPU], is_quick=is_quick)
        raise user_error(error, not_onnx(model)) from error


def _options(*, is_quick: bool) -> ort.SessionOptions:
    """Session options: a call runs in the calling thread, of which the engine has one per core."""
    options = ort.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not is_quick:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options


def _dimensions(described: Any) -> list[Dimension]:
    return [size if isinstance(size, int) else None for size in described.shape]


def _agrees(output: Output, value: Array) -> bool:
    """Whether an output has its declared shape and a batch of one; without a declared shape, any value is accepted."""
    shape = output.shape
    agree = all(declared in (actual, None) for declared, actual in zip(shape, value.shape, strict=False))
    return not shape or (agree and len(shape) == value.ndim and (not output.has_batch or len(value) == 1))


def _single(output: Output, value: Array) -> Array:
    """The value for one picture: without the batch dimension, if it has one; floating point as float32."""
    single = value[0] if output.has_batch and value.ndim else value
    return single.astype(np.float32, copy=False) if single.dtype.kind == "f" else single


def _by_column(names: dict[str, Name], model: str) -> dict[int, str]:
    try:
        return {int(column): str(name) for column, name in sorted(names.items(), key=lambda item: int(item[0]))}
    except ValueError as error:
        raise ModelError(f"The keys of `names` of {model} are not numbers.", "Correct its model.json.") from error
