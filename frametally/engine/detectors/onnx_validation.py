"""What an ONNX file holds, looked at before anything runs it: files come from strangers.

Nothing here follows a path or believes a number of the file.
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
"""Real models have some hundred to a few thousand; opening takes half a millisecond and 5 kB for each."""
MAX_OUTPUTS: Final = 100
"""Real models have one to some ten; looking for what makes them takes a walk through the graph for each."""
MAX_ELEMENTS: Final = 1 << 28
"""Of one input or output."""
_NO_MEMORY: Final = ("bad_alloc", "Failed to allocate memory", "Arena alloc failed")
"""What ONNX Runtime and protobuf say then."""
_KEEPS_VALUES: Final = frozenset(
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
_NAMES_A_FILE: Final = "EPContext"
"""The one operator whose attribute is a path: a provider's own compiled model."""


def last_operators(path: Path, model: str) -> dict[str, str]:
    """The operator that makes the values of each output, by the output's name, once the file is found harmless.

    Raises:
        ModelError: it is no ONNX file, too large, or would make whoever runs it read files that are not its own.
    """
    proto = _parsed(path, model)
    graph = proto.graph
    for tensor in _messages(proto, onnx.TensorProto):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            _check_outside(tensor, path.parent, model)
        # ONNX Runtime makes room for as many strings as are promised, and looks only then.
        if tensor.data_type == onnx.TensorProto.STRING and math.prod(tensor.dims) != len(tensor.string_data):
            raise not_onnx(model)
    if any(_messages(proto, onnx.SparseTensorProto)):  # a few bytes that stand for gigabytes
        raise ModelError(f"{model} has sparse weights.", "Export it with dense ones.")
    if any(node.op_type == _NAMES_A_FILE for node in _messages(proto, onnx.NodeProto)):
        raise ModelError(f"{model} is compiled for one provider.", "Export it as plain ONNX.")
    if _nodes_to_run(proto) > MAX_NODES:
        raise ModelError(f"{model} has more than {MAX_NODES} nodes.", "This engine does not run graphs so large.")
    if len(graph.output) > MAX_OUTPUTS:
        raise ModelError(f"{model} has more than {MAX_OUTPUTS} outputs.", "Export it with those that are to be read.")
    for value in (*graph.input, *graph.output):
        _check_size(value, model)
    return _makers(graph)


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
    """What is said of a file that is no model."""
    return ModelError(f"{model} is not an ONNX file that can be opened.", "Export the model again.")


def user_error(error: Exception, model_error: ModelError) -> FrametallyError:
    """What to tell of a failure: a lack of memory is no fault of the file."""
    lacks_memory = isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)
    return OutOfMemory() if lacks_memory else model_error


def _messages(message: Message, kind: type[Any]) -> Iterator[Any]:
    """Every message of a kind, however deep: in subgraphs, functions, attributes, training data."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for item in value if field.is_repeated else (value,):
            if isinstance(item, kind):
                yield item
            yield from _messages(item, kind)


def _nodes_to_run(proto: onnx.ModelProto) -> float:
    """How many nodes there are once every function of the model's own is written out where it is called.

    A few functions that call each other ten times each would fill any memory; infinite where one calls itself.
    """
    functions = {(one.domain, one.name): one for one in proto.functions}
    sizes: dict[tuple[str, str], float] = {}

    def size(holder: Message) -> float:
        nodes = list(islice(_messages(holder, onnx.NodeProto), MAX_NODES + 1))
        return len(nodes) + sum(size_of((node.domain, node.op_type)) for node in nodes)

    def size_of(function: tuple[str, str]) -> float:
        if function in functions and function not in sizes:
            sizes[function] = math.inf  # as long as it is not known: for calls of itself
            sizes[function] = size(functions[function])
        return sizes.get(function, 0)

    try:
        return size(proto.graph)
    except RecursionError:
        return math.inf


def _check_outside(tensor: onnx.TensorProto, folder: Path, model: str) -> None:
    """Refuse weights that are kept anywhere but in a plain file of the model's own folder."""
    said = [entry.value for entry in tensor.external_data if entry.key == "location"]
    for location in said or [""]:
        if not _is_own_file(folder, location):
            raise ModelError(
                f"{model} wants to read weights that are no file of its own folder.",
                "Export it as one file, or put the weights beside it as they were exported (no links).",
            )


def _is_own_file(folder: Path, location: str) -> bool:
    parts = Path(location).parts
    if not parts or "\0" in location or Path(location).is_absolute() or ".." in parts:
        return False
    path = folder / location
    try:
        facts = path.lstat()
        inside = path.resolve(strict=True) == folder.resolve(strict=True).joinpath(*parts)
    except OSError:
        return False
    # A second name of the same file: an archive can make one for a file from elsewhere.
    return inside and path.is_file() and facts.st_nlink == 1


def _check_size(value: onnx.ValueInfoProto, model: str) -> None:
    elements = 1
    for dimension in value.type.tensor_type.shape.dim:
        elements *= max(dimension.dim_value, 1)
    if elements > MAX_ELEMENTS:
        raise ModelError(f"{model} has an input or output of {elements:.0e} values.", "Export it for smaller pictures.")


def _makers(graph: onnx.GraphProto) -> dict[str, str]:
    """For each output the operator behind it, past those that only hand on what they are given."""
    makers = {output: node for node in graph.node for output in node.output}
    found: dict[str, str] = {}
    for output in graph.output:
        node = makers.get(output.name)
        for _ in graph.node:
            if node is None or node.op_type not in _KEEPS_VALUES or not node.input:
                break
            node = makers.get(node.input[0])
        found[output.name] = node.op_type if node is not None else ""
    return found
