"""Small ONNX models in the layouts of real architectures that detect 48 px squares, bright in one channel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from frametally.engine.detectors.selection.inspection import Inspection, Inspector

SIZE_PX = 320
SQUARE_PX = 48
STRIDES = (8, 16, 32)
PLACES = sum((SIZE_PX // stride) ** 2 for stride in STRIDES)
FINE_PLACES = (SIZE_PX // STRIDES[0]) ** 2
Floats = npt.NDArray[np.float32]


Shape = tuple[int | str, ...]
KINDS: dict[Any, int] = {np.float32: TensorProto.FLOAT, np.float16: TensorProto.FLOAT16, np.uint8: TensorProto.UINT8}


class Graph:
    """Nodes and constants of a model from `images` (1, 3, 320, 320) to its outputs."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.input_shape: Shape = (1, 3, SIZE_PX, SIZE_PX)
        self.input_kind: type = np.float32
        self.more_inputs: list[onnx.ValueInfoProto] = []
        self.output_kinds: dict[str, int] = {}
        """Element types of the outputs that are not float32."""

    def constant(self, name: str, value: npt.ArrayLike, dtype: type = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def save(self, path: Path, outputs: dict[str, Shape], metadata: dict[str, str] | None = None) -> None:
        image = helper.make_tensor_value_info("images", KINDS[self.input_kind], self.input_shape)
        infos = [
            helper.make_tensor_value_info(name, self.output_kinds.get(name, TensorProto.FLOAT), shape)
            for name, shape in outputs.items()
        ]
        graph = helper.make_graph(self.nodes, "bright", [image, *self.more_inputs], infos, self.constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        helper.set_model_props(made, metadata or {})
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(made, str(path))


def save_ultralytics(
    path: Path,
    *,
    slow: bool = False,
    stuck: bool = False,
    inspected: bool = True,
    hungry_gib: int = 0,
    task: str = "detect",
) -> None:
    """A detect head with two classes, `dark` and `bright`, that reads the red channel, 0 to 1.

    `slow` adds about 50 ms per frame, `stuck` 100 times as much; if `inspected`, the result of the examination of
    such a model is stored beside it, which would take seconds. `hungry_gib` is the memory allocated per frame.
    """
    graph = Graph()
    score = _score(graph, red=0, full_scale=1.0, work=1 if slow else 100 if stuck else 0)
    if hungry_gib:
        score = _with_memory(graph, score, hungry_gib)
    boxes = np.concatenate([_centers(), np.full((PLACES, 2), SQUARE_PX)], axis=1)
    graph.constant("boxes", boxes.T[None])
    graph.constant("dark", np.zeros((1, 1, PLACES)))
    graph.node("Concat", ["boxes", "dark", score], "output0", axis=1)
    metadata = {"task": task, "names": "{0: 'dark', 1: 'bright'}", "imgsz": f"[{SIZE_PX}, {SIZE_PX}]", "stride": "32"}
    graph.save(path, {"output0": (1, 6, PLACES)}, metadata)
    if inspected and (slow or stuck):
        found = Inspection("yolov8", inference_type="object-detection", classes=("dark", "bright"))
        Inspector(lambda _: found).inspect(path)


def save_yolox(path: Path, *, decoded: bool = False) -> None:
    """A raw grid of two classes without names, or decoded boxes; it reads the red channel, 0 to 255."""
    graph = Graph()
    score = _score(graph, red=2, full_scale=255.0)
    strides = np.concatenate([np.full((SIZE_PX // stride) ** 2, stride) for stride in STRIDES])
    log_size = np.log(SQUARE_PX / strides)
    raw = np.stack([np.full(PLACES, 0.5), np.full(PLACES, 0.5), log_size, log_size])
    pixels = np.concatenate([_centers(), np.full((PLACES, 2), SQUARE_PX)], axis=1).T
    graph.constant("boxes", (pixels if decoded else raw)[None])
    graph.constant("classes", np.stack([np.zeros(PLACES), np.ones(PLACES)])[None])
    graph.node("Concat", ["boxes", score, "classes"], "columns", axis=1)
    graph.node("Transpose", ["columns"], "output", perm=[0, 2, 1])
    graph.save(path, {"output": (1, PLACES, 7)})


def save_unknown(path: Path) -> None:
    """A model of no supported architecture."""
    graph = Graph()
    graph.node("GlobalAveragePool", ["images"], "mean")
    graph.node("Flatten", ["mean"], "vector")
    graph.node("Identity", ["images"], "same")
    graph.save(path, {"vector": (1, 3), "same": (1, 3, SIZE_PX, SIZE_PX)})


def save_with_outside_weights(path: Path, location: str) -> None:
    """A model whose weights are in the external file `location`."""
    weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[1])
    weights.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "length": "4"}.items():
        weights.external_data.add(key=key, value=value)
    graph = Graph()
    graph.constants.append(weights)
    graph.node("Mul", ["images", "weights"], "output")
    graph.save(path, {"output": (1, 3, SIZE_PX, SIZE_PX)})


def _score(graph: Graph, *, red: int, full_scale: float, work: int = 0) -> str:
    """(1, 1, cells): near 1 where a square of 48 px around the cell is bright; only for the finest stride."""
    graph.constant("red", [red], np.int64)
    channel = graph.node("Gather", ["images", "red"], "channel", axis=1)
    if work:
        channel = _slowed(graph, channel, work)
    pad = (SQUARE_PX - STRIDES[0]) // 2
    window = {"kernel_shape": [SQUARE_PX] * 2, "strides": [STRIDES[0]] * 2, "pads": [pad] * 4}
    graph.node("AveragePool", [channel], "mean", **window)
    graph.constant("threshold", 0.85 * full_scale)
    graph.constant("steepness", 40 / full_scale)
    graph.node("Mul", [graph.node("Sub", ["mean", "threshold"], "above"), "steepness"], "logit")
    graph.node("Sigmoid", ["logit"], "fine")
    graph.constant("row", [1, 1, FINE_PLACES], np.int64)
    graph.node("Reshape", ["fine", "row"], "fine_row")
    graph.constant("coarse", np.zeros((1, 1, PLACES - FINE_PLACES)))
    return graph.node("Concat", ["fine_row", "coarse"], "score", axis=2)


def _slowed(graph: Graph, channel: str, times: int) -> str:
    """The same channel, delayed by this many convolutions of about 50 ms each."""
    graph.constant("widen", np.zeros((32, 1, 1, 1)))
    graph.constant("work", np.zeros((32, 32, 5, 5)))
    wide = graph.node("Conv", [channel, "widen"], "wide")
    for number in range(times):
        wide = graph.node("Conv", [wide, "work"], f"worked{number}", pads=[2] * 4)
    graph.node("ReduceMean", [wide], "nothing", axes=[1])
    return graph.node("Add", [channel, "nothing"], "slowed")


def _with_memory(graph: Graph, score: str, gib: int) -> str:
    """The same score, after allocating this much memory."""
    graph.constant("vast", [gib, 256, 1024, 1024], np.int64)
    graph.node("Expand", [graph.node("ReduceMax", ["images"], "top"), "vast"], "filled")
    graph.constant("zero", 0.0)
    nothing = graph.node("Mul", [graph.node("ReduceMin", ["filled"], "low", keepdims=0), "zero"], "nothing_of_it")
    return graph.node("Add", [score, nothing], "score_of_it")


def _centers() -> Floats:
    """(cells, 2) x and y of the centers of the cells of all strides, in pixels."""
    found = []
    for stride in STRIDES:
        rows, columns = np.mgrid[: SIZE_PX // stride, : SIZE_PX // stride]
        found.append(np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], axis=1) * stride)
    return np.concatenate(found).astype(np.float32)
