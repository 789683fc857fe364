"""Damaged and rearranged ONNX files, from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

import onnx
from onnx import TensorProto, helper

Mutation = Callable[[onnx.ModelProto, random.Random], None]


def mutated(original: bytes, seed: int) -> bytes:
    """The file with one to four mutations: of its bytes, or of its graph."""
    source = random.Random(seed)
    if source.random() < 0.3:
        return _damaged(original, source)
    model = onnx.ModelProto.FromString(original)
    for _ in range(source.randint(1, 4)):
        source.choice(_MUTATIONS)(model, source)
    return bytes(model.SerializeToString())


def _damaged(content: bytes, source: random.Random) -> bytes:
    damaged = bytearray(content)
    kind = source.choice(("flip", "cut", "repeat", "noise"))
    at = source.randrange(len(damaged))
    if kind == "cut":
        return bytes(damaged[:at])
    if kind == "repeat":
        return bytes(damaged[:at] + damaged[source.randrange(len(damaged)) :])
    for _ in range(source.randint(1, 20)):
        place = source.randrange(len(damaged))
        damaged[place] = source.randrange(256) if kind == "noise" else damaged[place] ^ (1 << source.randrange(8))
    return bytes(damaged)


def _size(source: random.Random) -> int:
    return source.choice((0, 1, -1, 2, 3, 7, 1 << 10, 1 << 20, 1 << 31, 1 << 40, -(1 << 40), 1 << 62))


def _change_shape(model: onnx.ModelProto, source: random.Random) -> None:
    value = source.choice([*model.graph.input, *model.graph.output])
    for dimension in value.type.tensor_type.shape.dim:
        if source.random() < 0.5:
            dimension.dim_value = _size(source)


def _change_rank(model: onnx.ModelProto, source: random.Random) -> None:
    shape = source.choice([*model.graph.input, *model.graph.output]).type.tensor_type.shape
    if shape.dim and source.random() < 0.5:
        del shape.dim[-1]
    else:
        shape.dim.add(dim_value=_size(source))


def _change_type(model: onnx.ModelProto, source: random.Random) -> None:
    tensors = [value.type.tensor_type for value in (*model.graph.input, *model.graph.output)]
    source.choice(tensors).elem_type = source.randrange(0, 24)


def _change_constant(model: onnx.ModelProto, source: random.Random) -> None:
    if not model.graph.initializer:
        return
    tensor = source.choice(model.graph.initializer)
    if source.random() < 0.4:
        tensor.data_type = source.randrange(0, 24)
    elif tensor.dims and source.random() < 0.5:
        tensor.dims[source.randrange(len(tensor.dims))] = _size(source)
    elif tensor.raw_data:
        tensor.raw_data = source.randbytes(len(tensor.raw_data))


def _change_attribute(model: onnx.ModelProto, source: random.Random) -> None:
    attributes = [attribute for node in model.graph.node for attribute in node.attribute]
    if not attributes:
        return
    attribute = source.choice(attributes)
    if attribute.ints:
        attribute.ints[source.randrange(len(attribute.ints))] = _size(source)
    else:
        attribute.i = _size(source)


def _change_operator(model: onnx.ModelProto, source: random.Random) -> None:
    names = ("Conv", "Reshape", "Resize", "TopK", "Loop", "If", "Gather", "Expand", "NonMaxSuppression", "Tile", "Pad")
    if model.graph.node:
        source.choice(model.graph.node).op_type = source.choice(names)


def _rewire(model: onnx.ModelProto, source: random.Random) -> None:
    nodes = [node for node in model.graph.node if node.input]
    outputs = [name for node in model.graph.node for name in node.output]
    if nodes and outputs:
        node = source.choice(nodes)
        node.input[source.randrange(len(node.input))] = source.choice(outputs)


def _remove_node(model: onnx.ModelProto, source: random.Random) -> None:
    if model.graph.node:
        del model.graph.node[source.randrange(len(model.graph.node))]


def _inflate(model: onnx.ModelProto, source: random.Random) -> None:
    """Let an output be computed with a huge intermediate value."""
    output = source.choice(model.graph.output)
    sizes = helper.make_tensor("huge_sizes", TensorProto.INT64, [2], [source.choice((1 << 14, 1 << 20)), 1 << 14])
    model.graph.initializer.append(sizes)
    first = model.graph.initializer[0].name
    model.graph.node.append(helper.make_node("Expand", [first, "huge_sizes"], ["huge"]))
    model.graph.node.append(helper.make_node("ReduceMax", ["huge"], ["least"], keepdims=0))
    model.graph.node.append(helper.make_node("Add", [output.name, "least"], ["raised"]))
    output.name = "raised"


def _change_metadata(model: onnx.ModelProto, source: random.Random) -> None:
    values = (
        "{" * 5000,
        "{0: 0}",
        "[1, 2]",
        "(" * 500,
        "\x00",
        "detect",
        "pose",
        "[99999999, 1]",
        "{'nms': True}",
        "True",
    )
    keys = ("names", "imgsz", "task", "kpt_shape", "end2end", "args", "stride", "kpt_names", "rfdetr_inference")
    helper.set_model_props(model, {key: source.choice(values) for key in source.sample(keys, 3)})


def _rename_output(model: onnx.ModelProto, source: random.Random) -> None:
    source.choice(model.graph.output).name = source.choice(
        ("dets", "labels", "boxes", "scores", "", "images", "\u202e")
    )


_MUTATIONS: tuple[Mutation, ...] = (
    _change_shape,
    _change_rank,
    _change_type,
    _change_constant,
    _change_attribute,
    _change_operator,
    _rewire,
    _remove_node,
    _inflate,
    _change_metadata,
    _rename_output,
)
