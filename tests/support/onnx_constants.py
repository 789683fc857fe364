"""Models that return the same values for every picture: the formats of exports without anything computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from tests.support.onnx_models import Graph, Shape

Values = dict[str, npt.NDArray[np.float32] | npt.NDArray[np.int64]]


def save_constants(
    path: Path, values: Values, metadata: dict[str, str] | None = None, *, dynamic: dict[str, Shape] | None = None
) -> None:
    """Outputs of these values; `dynamic` declares other shapes for some of them, and a dynamic input size."""
    graph = Graph()
    graph.input_shape = ("batch", 3, "height", "width") if dynamic else graph.input_shape
    graph.constant("zero", 0.0)
    graph.node("ReduceMean", ["images"], "mean", keepdims=0)
    graph.node("Mul", ["mean", "zero"], "nothing")
    shapes: dict[str, Shape] = {}
    for name, value in values.items():
        is_integer = value.dtype.kind == "i"
        graph.constant(f"{name}_values", value, np.int64 if is_integer else np.float32)
        kind = TensorProto.INT64 if is_integer else TensorProto.FLOAT
        graph.node("Cast", ["nothing"], f"{name}_nothing", to=kind)
        graph.node("Add", [f"{name}_values", f"{name}_nothing"], name)
        graph.output_kinds |= {name: kind} if is_integer else {}
        shapes[name] = (dynamic or {}).get(name, value.shape)
    graph.save(path, shapes, metadata)


def rows(count: int, one: list[float], background: list[float] | None = None, at: int = 0) -> npt.NDArray[np.float32]:
    """(1, count, k): one row, and all others zero or this background."""
    values = np.tile(np.array(background or [0.0] * len(one), dtype=np.float32), (1, count, 1))
    values[0, at] = one
    return values
