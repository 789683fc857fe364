"""ONNX files: opening them, what they say of themselves, and running them."""

from __future__ import annotations

import ast
import logging
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from frametally.coco import COCO_CLASS_NAMES
from frametally.engine.detectors.model_config import read_companion_file, read_model_config
from frametally.engine.detectors.onnx_validation import last_operators, not_onnx, user_error
from frametally.engine.detectors.preprocessing import Blob, Blobs, Preprocessing
from frametally.errors import ModelError

Array = npt.NDArray[Any]
Dimension = int | None

ORT_ERRORS: Final = (
    *(ort_state.Fail, ort_state.InvalidArgument, ort_state.InvalidGraph, ort_state.InvalidProtobuf, ort_state.NoModel),
    *(ort_state.NoSuchFile, ort_state.NotImplemented, ort_state.RuntimeException, ort_state.EPFail),
)
"""They have no base of their own."""
PROVIDERS: Final = ("CUDAExecutionProvider", "CoreMLExecutionProvider", "OpenVINOExecutionProvider")
"""Used, in this order, where the installed ONNX Runtime has them; the CPU does what they cannot."""
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
    """One output of a model, as the file describes it."""

    name: str
    shape: list[Dimension]
    """None for a dimension that is left open."""
    last_operator: str
    """What makes its values, such as `Softmax`; empty where that is unknown."""


class OnnxFile:
    """An open model that takes one picture, (1, 3, height_px, width_px); any thread may run it at any time.

    `orig_target_sizes`, which some models want beside the picture, is the size of the model's own picture.
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
        """`<model_id>/<version>`, as people know it."""
        return "/".join(self.path.parts[-3:-1])

    @property
    def fixed_size_px(self) -> tuple[int, int] | None:
        """(width, height) of the input; None where neither the file nor its `model.json` says it."""
        height, width = _dimensions(self._picture)[2:]
        return self.config.input_size_px if width is None or height is None else (width, height)

    def size_px(self, otherwise: tuple[int, int] | None = None) -> tuple[int, int]:
        """(width, height) of the pictures that the model is given.

        Raises:
            ModelError: nobody says it, or it is absurd.
        """
        size_px, said = self.fixed_size_px or otherwise, self.config.input_size_px
        if said not in (None, size_px):
            raise ModelError(f"{self.name} takes {size_px}, not {said}.", "Correct `input_size_px` in its model.json.")
        if size_px is None:
            raise ModelError(f"{self.name} leaves the size of its input open.", "Say `input_size_px` in a model.json.")
        if size_px[0] * size_px[1] > MAX_INPUT_PX:
            raise ModelError(
                f"{self.name} wants pictures of {size_px[0]} x {size_px[1]}.", "Export it for smaller ones."
            )
        return size_px

    def size(self, output: int, axis: int, *, rank: int) -> int | None:
        """One dimension of an output that has this many; None where the file leaves it open.

        Raises:
            ModelError: it has more or fewer.
        """
        shape = self.outputs[output].shape
        if len(shape) != rank:
            raise ModelError(f"{self.name} has an output {shape}, not of {rank} dimensions.", "Correct its model.json.")
        return shape[axis]

    def expect(self, output: int, *shape: int | None) -> None:
        """Hold an output, behind its batch dimension, to this shape: at once, or at each run where the file is vague.

        Raises:
            ModelError: the file says another one.
        """
        said = self.outputs[output].shape
        pairs = list(zip(said[1:], shape, strict=False))
        if len(said) != 1 + len(shape) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise ModelError(f"{self.name} has an output {said} where [1, {wanted}] belongs.", "Export it again.")
        said[1:] = [wanted if size is None else size for size, wanted in pairs]

    def blobs(self, preprocessing: Preprocessing) -> Blobs:
        """What makes the model's inputs, once the sizes that go with them are noted."""
        if self._sizes is not None:
            self._feed = {self._sizes.name: np.array([preprocessing.size_px], dtype=_SIZE_DTYPES[self._sizes.type])}
        return Blobs(preprocessing, _DTYPES[self._picture.type])

    def literal(self, key: str, kind: Any) -> Any:
        """A metadata value that is written as a Python literal; None where it is absent or of another kind."""
        try:
            text = self.metadata.get(key, "")
            value = ast.literal_eval(text) if len(text) <= _MAX_LITERAL else None
            return msgspec.convert(value, kind, strict=False)
        except (msgspec.ValidationError, ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return None

    def run(self, blob: Blob) -> list[Array]:
        """Every output for one picture, without the batch dimension; real numbers as float32.

        Raises:
            ModelError: the model does not work on this input, or its outputs are not as the file describes them.
        """
        try:
            values = self._session.run(None, {self._picture.name: blob, **self._feed})
        except (*ORT_ERRORS, MemoryError) as error:
            raise user_error(
                error, ModelError(f"{self.name} failed on a picture.", "Export the model again.")
            ) from error
        for output, value in zip(self.outputs, values, strict=True):
            if not _agrees(output.shape, value):
                raise ModelError(
                    f"{self.name} answered with {list(value.shape)}, not {output.shape}.", "Export it again."
                )
        return [_of_one_picture(value) for value in values]

    def listed_names(self) -> list[str] | dict[int, str] | None:
        """Class names as they are given, in order or by column: in `model.json`, the metadata, or `classes.txt`."""
        if self.config.names is not None:
            names = self.config.names
            return names if isinstance(names, list) else _by_column(names, self.name)
        said = self.literal("names", list[str] | dict[int, str])
        if said:
            return [said[at] for at in sorted(said)] if isinstance(said, dict) else list(said)
        beside = read_companion_file(self.path.parent, "classes.txt", self.name)
        lines = [line.strip() for line in (beside or "").splitlines()]
        return [line for line in lines if line] or None

    def class_names(self, count: int | None) -> list[str]:
        """Names by class id, COCO's where 80 are needed and none are given; `count` None: as many as there are.

        Raises:
            ModelError: the names are too few or too many, or `count` is unknown and there are none.
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
        """Refuse a model whose classes nobody names."""
        raise ModelError(
            f"{self.name} does not say what its classes are called.",
            "Put a classes.txt beside it, one name a line, or `names` in a model.json.",
        )

    def _inputs(self) -> tuple[Any, Any | None]:
        inputs = self._session.get_inputs()
        pictures = [one for one in inputs if len(one.shape) == 4]
        sizes = [one for one in inputs if one.name == "orig_target_sizes"]
        known = [one for one in sizes if one.type in _SIZE_DTYPES]
        if len(pictures) != 1 or len(inputs) != 1 + len(known) or not self._session.get_outputs():
            raise ModelError(f"{self.name} does not take one picture as its input.", "Export a detection model.")
        shape, kind = _dimensions(pictures[0]), pictures[0].type
        batch, channels = shape[:2]
        if kind not in _DTYPES or channels not in (3, None):
            raise ModelError(
                f"{self.name} takes {kind} of {shape}, not a picture of three planes.", "Export it with (1, 3, h, w)."
            )
        if batch not in (1, None):
            raise ModelError(f"{self.name} takes {batch} pictures at once.", "Export it for one, or for any number.")
        return pictures[0], sizes[0] if sizes else None


def providers(available: list[str]) -> list[str]:
    """What runs a model, the quickest first, of what the installed ONNX Runtime has."""
    return [*(name for name in PROVIDERS if name in available), _CPU]


def _opened(path: Path, model: str, chosen: list[str], *, is_quick: bool) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(str(path), _options(is_quick=is_quick), providers=chosen, enable_fallback=0)
    except (*ORT_ERRORS, MemoryError) as error:
        if chosen != [_CPU]:
            _LOG.warning("%s runs on the CPU: %s cannot open it", model, chosen[0])
            return _opened(path, model, [_CPU], is_quick=is_quick)
        raise user_error(error, not_onnx(model)) from error


def _options(*, is_quick: bool) -> ort.SessionOptions:
    """A call runs in the thread that makes it: the engine has as many of those as there are cores."""
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


def _agrees(shape: list[Dimension], value: Array) -> bool:
    """Whether an output is as it was described; where no shape was given, no family has looked at it either."""
    agree = all(said in (found, None) for said, found in zip(shape, value.shape, strict=False))
    return not shape or (agree and len(shape) == value.ndim and len(value) == 1)


def _of_one_picture(value: Array) -> Array:
    alone = value[0] if value.ndim else value
    return alone.astype(np.float32, copy=False) if alone.dtype.kind == "f" else alone


def _by_column(names: dict[str, str], model: str) -> dict[int, str]:
    try:
        return {int(column): name for column, name in sorted(names.items(), key=lambda item: int(item[0]))}
    except ValueError as error:
        raise ModelError(f"The names of {model} are not by number.", "Correct `names` in its model.json.") from error
