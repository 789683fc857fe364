"""Validation of ONNX files before they are loaded: model files are untrusted.

No file that the model references is opened, and no memory is allocated by a number in the file. `onnx.checker` does not
suffice: it validates the graph, but opens external data and sets no limit on sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import onnx
from google.protobuf.message import DecodeError, Message

from frametally.errors import FrametallyError, ModelError, OutOfMemory

MAX_NODES: Final = 50_000
"""Real models have a few hundred to a few thousand; loading takes half a millisecond and 5 kB for each."""
MAX_OUTPUTS: Final = 100
"""Real models have up to about ten; finding the operator of each takes a pass over the graph."""
MAX_ELEMENTS: Final = 1 << 28
"""Maximum number of values of one input or output."""
_NO_MEMORY: Final = ("bad_alloc", "Failed to allocate memory", "Arena alloc failed")
"""Error messages of ONNX Runtime and protobuf when memory runs out."""
_VALUE_PRESERVING: Final = frozenset(
    (
        "Identity",
        "Reshape",
        "Flatten",
        "Squeeze",
        "Unsqueeze",
        "Transpose",
        "Cast",
        "QuantizeLinear",
        "DequantizeLinear",
    )
)
_FILE_OPERATOR: Final = "EPContext"
"""The only operator with a path as its attribute: a model compiled for one provider."""


_KNOWN_DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc", "org.pytorch.aten")
"""Domains of the operators that ONNX Runtime contains."""


def last_operators(path: Path, model: str) -> dict[str, str]:
    """Validate a file; returns the operator that computes the values of each output, by name of the output.

    Raises:
        ModelError: it is not an ONNX file, exceeds a limit, has sparse weights, is compiled for one provider, needs
            operators that ONNX Runtime does not have, or references files outside of its folder.
        OutOfMemory: memory ran out while it was read.
    """
    proto = _parsed(path, model)
    graph = proto.graph
    for tensor in _messages(proto, onnx.TensorProto):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            _check_external(tensor, path.parent, model)
        # ONNX Runtime allocates the declared number of strings before it checks the number.
        if tensor.data_type == onnx.TensorProto.STRING and math.prod(tensor.dims) != len(tensor.string_data):
            raise not_onnx(model)
    if any(_messages(proto, onnx.SparseTensorProto)):  # a few bytes can expand to gigabytes
        raise ModelError(f"{model} has sparse weights.", "Export it with dense weights.")
    _check_operators(proto, model)
    if _nodes_to_run(proto) > MAX_NODES:
        raise ModelError(f"{model} has more than {MAX_NODES} nodes.", "Larger graphs are not supported.")
    if len(graph.output) > MAX_OUTPUTS:
        raise ModelError(f"{model} has more than {MAX_OUTPUTS} outputs.", "Export it with fewer outputs.")
    for value in (*graph.input, *graph.output):
        _check_size(value, model)
    return _output_operators(graph)


def _check_operators(proto: onnx.ModelProto, model: str) -> None:
    """Reject operators that no installation of ONNX Runtime has."""
    own_domains = {function.domain for function in proto.functions}
    for node in _messages(proto, onnx.NodeProto):
        if node.op_type == _FILE_OPERATOR:
            raise ModelError(f"{model} is compiled for one provider.", "Export it as plain ONNX.")
        if node.op_type.endswith("_TRT") or node.domain == "TRT":
            raise ModelError(
                f"{model} contains the TensorRT plug-in {node.op_type[:60]}, which only TensorRT can run.",
                "Export it for ONNX Runtime: without TensorRT, and without NMS or with `--max-wh`.",
            )
        if node.domain not in _KNOWN_DOMAINS and node.domain not in own_domains:
            raise ModelError(
                f"{model} contains the operator {node.op_type[:60]} of {node.domain[:60]}, which ONNX Runtime lacks.",
                "Export it with standard ONNX operators.",
            )


def _parsed(path: Path, model: str) -> onnx.ModelProto:
    proto = onnx.ModelProto()
    try:
        if path.stat().st_size > onnx.checker.MAXIMUM_PROTOBUF:
            raise not_onnx(model)
        proto.ParseFromString(path.read_bytes())
    except (DecodeError, OSError, ValueError, MemoryError) as error:
        raise user_error(error, not_onnx(model)) from error
    if not proto.graph.node:
        raise not_onnx(model)
    return proto


def not_onnx(model: str) -> ModelError:
    """The error for a file that is not a valid model."""
    return ModelError(f"{model} is not a valid ONNX file.", "Export the model again.")


def user_error(error: Exception, model_error: ModelError) -> FrametallyError:
    """The error to report: `OutOfMemory` if memory ran out, otherwise the given one."""
    lacks_memory = isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)
    return OutOfMemory() if lacks_memory else model_error


def _messages(message: Message, kind: type[Any]) -> Iterator[Any]:
    """Every message of a type at any depth: in subgraphs, functions, attributes, training data."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for item in value if field.is_repeated else (value,):
            if isinstance(item, kind):
                yield item
            yield from _messages(item, kind)


def _nodes_to_run(proto: onnx.ModelProto) -> float:
    """Number of nodes after all functions of the model are inlined.

    A few functions that call each other ten times each would exceed any memory. Infinite for recursive functions.
    """
    functions = {(one.domain, one.name): one for one in proto.functions}
    sizes: dict[tuple[str, str], float] = {}

    def size(holder: Message) -> float:
        nodes = list(islice(_messages(holder, onnx.NodeProto), MAX_NODES + 1))
        return len(nodes) + sum(size_of((node.domain, node.op_type)) for node in nodes)

    def size_of(function: tuple[str, str]) -> float:
        if function in functions and function not in sizes:
            sizes[function] = math.inf  # until it is computed, so that a recursive call counts as infinite
            sizes[function] = size(functions[function])
        return sizes.get(function, 0)

    try:
        return size(proto.graph)
    except RecursionError:
        return math.inf


def _check_external(tensor: onnx.TensorProto, folder: Path, model: str) -> None:
    """Reject external weights that are not a regular file in the model's folder."""
    locations = [entry.value for entry in tensor.external_data if entry.key == "location"]
    for location in locations or [""]:
        if not _is_own_file(folder, location):
            raise ModelError(
                f"{model} references weights outside of its folder.",
                "Export it as one file, or put the exported weights next to it (no links).",
            )


def _is_own_file(folder: Path, location: str) -> bool:
    parts = Path(location).parts
    if not parts or "\0" in location or Path(location).is_absolute() or ".." in parts:
        return False
    path = folder / location
    try:
        status = path.lstat()
        inside = path.resolve(strict=True) == folder.resolve(strict=True).joinpath(*parts)
    except OSError:
        return False
    # Reject hard links: an extracted archive can contain a hard link to a file elsewhere.
    return inside and path.is_file() and status.st_nlink == 1


def _check_size(value: onnx.ValueInfoProto, model: str) -> None:
    elements = 1
    for dimension in value.type.tensor_type.shape.dim:
        elements *= max(dimension.dim_value, 1)
    if elements > MAX_ELEMENTS:
        raise ModelError(f"{model} has an input or output of {elements:.0e} values.", "Export it with a smaller input.")


def _output_operators(graph: onnx.GraphProto) -> dict[str, str]:
    """The operator of each output, skipping operators that do not change the values."""
    producers = {output: node for node in graph.node for output in node.output}
    operators: dict[str, str] = {}
    for output in graph.output:
        node = producers.get(output.name)
        for _ in graph.node:
            if node is None or node.op_type not in _VALUE_PRESERVING or not node.input:
                break
            node = producers.get(node.input[0])
        operators[output.name] = node.op_type if node is not None else ""
    return operators
