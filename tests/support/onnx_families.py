"""A detector of bright spots in the output format of every family, and wrong twins of it.

Unlike the models in `onnx_architectures`, these find something in every picture, so that a check of what they compute
has something to look at: each cell reports the centroid of the bright pixels in a window around it, as the center of a
box of 48 px, and is confident where the window is brighter than the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from frametally.engine.detectors.architectures.nanodet import MEAN as NANODET_MEAN
from frametally.engine.detectors.architectures.nanodet import STD as NANODET_STD
from frametally.engine.detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from tests.support.onnx_architectures import channel
from tests.support.onnx_models import SIZE_PX, Graph, Shape

BOX_PX = 48
WINDOW_PX = 64
Twin = Literal["", "transposed", "half", "double", "relative", "offset", "swapped", "grid units", "logits"]
TWINS: tuple[Twin, ...] = ("transposed", "half", "double", "relative", "offset", "swapped", "grid units", "logits")
ULTRALYTICS = {
    "task": "detect",
    "names": "{0: 'dark', 1: 'bright'}",
    "imgsz": f"[{SIZE_PX}, {SIZE_PX}]",
    "stride": "32",
}
Floats = npt.NDArray[np.float64]


class Spots:
    """The tensors from which every format is made, for the cells of these strides: (1, k, cells) each."""

    def __init__(
        self,
        twin: Twin,
        strides: tuple[int, ...],
        *,
        plane: int = 0,
        mean: tuple[float, ...] = (0.0,) * 3,
        std: tuple[float, ...] = (1.0,) * 3,
        at_corners: bool = False,
    ) -> None:
        self.twin: Twin = twin
        self.graph = Graph()
        self._count = 0
        self.strides = strides
        self._plane = channel(self.graph, plane, mean=mean, std=std)
        self._weights = self.op("Exp", self.op("Mul", self._plane, self.number(12.0)))
        self._overall = self.op("ReduceMean", self._plane, keepdims=1)
        self.points = _points(strides, 0.0 if at_corners else 0.5)
        """(cells, 2) from where in its cell the distances to the sides of a box are measured, in pixels."""
        self.stride = np.concatenate([np.full((SIZE_PX // one) ** 2, one) for one in strides])
        levels = [self._level(stride) for stride in strides]
        middles = self.number(_points(strides, 0.5).T[None])
        centers = self.op("Add", self.join(*[level[0] for level in levels], axis=2), middles)
        self.logit = self.join(*[level[1] for level in levels], axis=2)
        self.score = self.logit if twin == "logits" else self.op("Sigmoid", self.logit)
        self.center, self.size = self._as_twin(centers)
        self.dark = self.row(0.0)
        self.bright = self.row(1.0)

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        self._count += 1
        return self.graph.node(kind, list(inputs), f"t{self._count}", **attributes)

    def number(self, value: npt.ArrayLike, dtype: type = np.float32) -> str:
        self._count += 1
        return self.graph.constant(f"c{self._count}", value, dtype)

    def join(self, *parts: str, axis: int = 1) -> str:
        return self.op("Concat", *parts, axis=axis)

    def row(self, value: float) -> str:
        return self.number(np.full((1, 1, len(self.points)), value))

    def corners(self) -> str:
        half = self.op("Mul", self.size, self.number(0.5))
        return self.join(self.op("Sub", self.center, half), self.op("Add", self.center, half))

    def rows(self, *parts: str) -> str:
        """(1, cells, k)"""
        return self.op("Transpose", self.join(*parts), perm=[0, 2, 1])

    def save(self, path: Path, outputs: dict[str, tuple[str, Shape]], metadata: dict[str, str] | None = None) -> None:
        """Write the model with these outputs: the tensor and the shape of each."""
        shapes: dict[str, Shape] = {}
        for name, (tensor, shape) in outputs.items():
            if self.twin == "transposed" and len(shape) == 3:
                tensor, shape = self.op("Transpose", tensor, perm=[0, 2, 1]), (shape[0], shape[2], shape[1])
            self.graph.node("Identity", [tensor], name)
            shapes[name] = shape
        self.graph.save(path, shapes, metadata)

    def _level(self, stride: int) -> tuple[str, str]:
        """(1, 2, cells) offset of the centroid from the center of the cell, and (1, 1, cells) logit of the score."""
        window = {"strides": [stride] * 2, "pads": [(WINDOW_PX - stride) // 2] * 4}
        offset = np.arange(WINDOW_PX) + 0.5 - WINDOW_PX / 2
        kernel = np.stack([np.ones((WINDOW_PX,) * 2), *np.meshgrid(offset, offset)])[:, None]
        sums = self.op("Conv", self._weights, self.number(kernel), **window)
        sums = self.op("Reshape", sums, self.number([1, 3, (SIZE_PX // stride) ** 2], np.int64))
        total = self.op("Gather", sums, self.number([0], np.int64), axis=1)
        moments = self.op("Gather", sums, self.number([1, 2], np.int64), axis=1)
        mean = self.op("AveragePool", self._plane, kernel_shape=[WINDOW_PX] * 2, count_include_pad=1, **window)
        above = self.op("Sub", self.op("Sub", mean, self._overall), self.number(0.15))
        logit = self.op("Mul", above, self.number(20.0))
        cells = self.number([1, 1, (SIZE_PX // stride) ** 2], np.int64)
        return self.op("Div", moments, total), self.op("Reshape", logit, cells)

    def _as_twin(self, centers: str) -> tuple[str, str]:
        size = self.number(np.full((1, 2, len(self.points)), BOX_PX))
        if self.twin == "offset":
            return self.op("Add", centers, self.number((-self.stride / 2)[None, None])), size
        if self.twin == "swapped":
            return self.op("Gather", centers, self.number([1, 0], np.int64), axis=1), size
        factors: dict[str, Floats | float] = {"half": 0.5, "double": 2.0, "relative": 1 / SIZE_PX}
        factor = 1 / self.stride[None, None] if self.twin == "grid units" else factors.get(self.twin)
        if factor is None:
            return centers, size
        return self.op("Mul", centers, self.number(factor)), self.op("Mul", size, self.number(factor))


def save_yolov8(path: Path, twin: Twin) -> None:
    spots = Spots(twin, (8, 16, 32))
    rows = spots.join(spots.center, spots.size, spots.dark, spots.score)
    spots.save(path, {"output0": (rows, (1, 6, len(spots.points)))}, ULTRALYTICS)


def save_yolov5(path: Path, twin: Twin) -> None:
    """In each level the first anchor of every cell, then the second, then the third."""
    spots = Spots(twin, (8, 16, 32))
    order = _with_anchors(spots)
    columns = spots.join(spots.center, spots.size, spots.score, spots.dark, spots.bright)
    columns = spots.op("Gather", columns, spots.number(order, np.int64), axis=2)
    rows = spots.op("Transpose", columns, perm=[0, 2, 1])
    metadata = {"stride": "32", "names": ULTRALYTICS["names"]}
    spots.save(path, {"output0": (rows, (1, len(order), 7))}, metadata)


def save_yolov6(path: Path, twin: Twin) -> None:
    spots = Spots(twin, (8, 16, 32))
    rows = spots.rows(spots.center, spots.size, spots.bright, spots.dark, spots.score)
    spots.save(path, {"outputs": (rows, (1, len(spots.points), 7))})


def save_yolox(path: Path, twin: Twin, *, decoded: bool = False) -> None:
    spots = Spots(twin, (8, 16, 32), plane=2, std=(1 / 255,) * 3)
    stride = spots.number(spots.stride[None, None])
    cell = spots.number((_points(spots.strides, 0.0) / spots.stride[:, None]).T[None])
    center = spots.op("Sub", spots.op("Div", spots.center, stride), cell)
    size = spots.op("Log", spots.op("Div", spots.size, stride))
    box = (spots.center, spots.size) if decoded else (center, size)
    rows = spots.rows(*box, spots.score, spots.dark, spots.bright)
    spots.save(path, {"output": (rows, (1, len(spots.points), 7))})


def save_deepstream(path: Path, twin: Twin, *, outputs: int = 1, as_centers: bool = False) -> None:
    spots = Spots(twin, (8, 16, 32))
    count = len(spots.points)
    box = spots.join(spots.center, spots.size) if as_centers else spots.corners()
    if outputs == 1:
        spots.save(path, {"output": (spots.rows(box, spots.score, spots.bright), (1, count, 6))})
        return
    parts = {"boxes": (box, 4), "scores": (spots.score, 1), "classes": (spots.bright, 1)}
    spots.save(path, {name: (spots.rows(part), (1, count, width)) for name, (part, width) in parts.items()})


def save_nms_free(path: Path, twin: Twin) -> None:
    spots = Spots(twin, (32,))
    rows = spots.rows(spots.corners(), spots.score, spots.bright)
    spots.save(path, {"output0": (rows, (1, len(spots.points), 6))}, ULTRALYTICS | {"end2end": "True"})


def save_yolov7_end2end(path: Path, twin: Twin) -> None:
    spots = Spots(twin, (32,))
    rows = spots.rows(spots.dark, spots.corners(), spots.bright, spots.score)
    rows = spots.op("Reshape", rows, spots.number([len(spots.points), 7], np.int64))
    spots.save(path, {"output": (rows, ("boxes", 7))})


def save_rt_detr(path: Path, twin: Twin) -> None:
    spots = Spots(twin, (32,))
    side = spots.number(SIZE_PX)
    box = (spots.op("Div", spots.center, side), spots.op("Div", spots.size, side))
    rows = spots.rows(*box, spots.dark, spots.score)
    spots.save(path, {"output0": (rows, (1, len(spots.points), 6))}, ULTRALYTICS)


def save_rf_detr(path: Path, twin: Twin) -> None:
    spots = Spots(twin, (32,), mean=IMAGENET_MEAN, std=IMAGENET_STD)
    dets = spots.op("Div", spots.rows(spots.center, spots.size), spots.number(SIZE_PX))
    never = spots.row(-20.0)
    count = len(spots.points)
    labels = spots.rows(never, spots.logit, never)
    spots.save(path, {"dets": (dets, (1, count, 4)), "labels": (labels, (1, count, 3))})


def save_d_fine(path: Path, twin: Twin, *, squeezed: bool = False) -> None:
    spots = Spots(twin, (32,))
    graph, count = spots.graph, len(spots.points)
    graph.more_inputs = [helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, (1, 2))]
    sizes = spots.op("Cast", "orig_target_sizes", to=TensorProto.FLOAT)
    share = spots.op("Div", spots.rows(spots.corners()), spots.number(SIZE_PX))
    boxes = spots.op("Mul", share, spots.op("Concat", sizes, sizes, axis=1))
    batch = [] if squeezed else [1]
    parts = {
        "labels": (spots.number(np.ones((1, count)), np.int64), [*batch, count]),
        "boxes": (boxes, [*batch, count, 4]),
        "scores": (spots.score, [*batch, count]),
    }
    graph.output_kinds = {"labels": TensorProto.INT64}
    made = {name: spots.op("Reshape", part, spots.number(shape, np.int64)) for name, (part, shape) in parts.items()}
    spots.save(path, {name: (made[name], tuple(shape)) for name, (_, shape) in parts.items()})


def save_nanodet(path: Path, twin: Twin, kind: Literal["nanodet", "plus", "picodet"]) -> None:
    """Distributions of the distances from the point of a cell to the sides of its box, in bins of one stride."""
    is_picodet = kind == "picodet"
    spots = Spots(
        twin,
        (8, 16, 32) if kind == "nanodet" else (8, 16, 32, 64),
        plane=0 if is_picodet else 2,
        mean=IMAGENET_MEAN if is_picodet else NANODET_MEAN,
        std=IMAGENET_STD if is_picodet else NANODET_STD,
        at_corners=kind == "plus",
    )
    count = len(spots.points)
    point = spots.number(spots.points.T[None])
    low, high = (
        spots.op("Gather", spots.corners(), spots.number(which, np.int64), axis=1) for which in ([0, 1], [2, 3])
    )
    sides = spots.join(spots.op("Sub", point, low), spots.op("Sub", high, point))
    sides = spots.op("Div", sides, spots.number(spots.stride[None, None]))
    each = spots.op("Reshape", spots.op("Transpose", sides, perm=[0, 2, 1]), spots.number([1, count, 4, 1], np.int64))
    off = spots.op("Sub", each, spots.number(np.arange(8).reshape(1, 1, 1, 8)))
    logits = spots.op("Mul", spots.op("Mul", off, off), spots.number(-2.0))
    distances = spots.op("Reshape", logits, spots.number([1, count, 32], np.int64))
    scores = spots.rows(spots.dark, spots.score)
    if kind == "plus":
        joined = spots.op("Concat", scores, distances, axis=2)
        spots.save(path, {"output": (joined, (1, count, 34))})
        return
    spots.save(path, _levels(spots, {"scores": (scores, 2), "distances": (distances, 32)}))


def save_fastestdet(path: Path, twin: Twin) -> None:
    spots = Spots(twin, (16,), plane=2)
    cell = spots.number((_points((16,), 0.0) / 16).T[None])
    off = spots.op("Sub", spots.op("Div", spots.center, spots.number(16.0)), cell)
    off = spots.op("Clip", off, spots.number(-0.95), spots.number(0.95))
    # The inverse of tanh, and of the logistic function.
    one = spots.number(1.0)
    raw = spots.op("Log", spots.op("Div", spots.op("Add", one, off), spots.op("Sub", one, off)))
    share = spots.op(
        "Clip", spots.op("Div", spots.size, spots.number(SIZE_PX)), spots.number(0.001), spots.number(0.999)
    )
    size = spots.op("Log", spots.op("Div", share, spots.op("Sub", one, share)))
    planes = spots.join(spots.score, spots.op("Mul", raw, spots.number(0.5)), size, spots.dark, spots.bright)
    side = SIZE_PX // 16
    grid = spots.op("Reshape", planes, spots.number([1, 7, side, side], np.int64))
    if twin == "transposed":
        grid = spots.op("Transpose", grid, perm=[0, 1, 3, 2])
    spots.save(path, {"758": (grid, (1, 7, side, side))})


Save = Callable[[Path, Twin], None]
FAMILIES: dict[str, Save] = {
    "yolov8": save_yolov8,
    "yolov5": save_yolov5,
    "yolov6": save_yolov6,
    "yolox": save_yolox,
    "yolox decoded": lambda path, twin: save_yolox(path, twin, decoded=True),
    "deepstream": save_deepstream,
    "deepstream in three outputs": lambda path, twin: save_deepstream(path, twin, outputs=3),
    "deepstream with centers": lambda path, twin: save_deepstream(path, twin, outputs=3, as_centers=True),
    "yolo-nms-free": save_nms_free,
    "yolov7-end2end": save_yolov7_end2end,
    "rt-detr": save_rt_detr,
    "rf-detr": save_rf_detr,
    "d-fine": save_d_fine,
    "d-fine without batch": lambda path, twin: save_d_fine(path, twin, squeezed=True),
    "nanodet": lambda path, twin: save_nanodet(path, twin, "nanodet"),
    "nanodet-plus": lambda path, twin: save_nanodet(path, twin, "plus"),
    "picodet": lambda path, twin: save_nanodet(path, twin, "picodet"),
    "fastestdet": save_fastestdet,
}
"""Every format; without a twin it is an export as the family's own exporter writes it."""


def _points(strides: tuple[int, ...], share: float) -> Floats:
    found = []
    for stride in strides:
        row, column = np.mgrid[: SIZE_PX // stride, : SIZE_PX // stride]
        found.append((np.stack([column.ravel(), row.ravel()], axis=1) + share) * stride)
    return np.concatenate(found)


def _with_anchors(spots: Spots) -> list[int]:
    order, start = [], 0
    for stride in spots.strides:
        cells = list(range(start, start + (SIZE_PX // stride) ** 2))
        order += cells * 3
        start += len(cells)
    return order


def _levels(spots: Spots, parts: dict[str, tuple[str, int]]) -> dict[str, tuple[str, Shape]]:
    """Each part (1, cells, k) cut into one output for each stride."""
    outputs: dict[str, tuple[str, Shape]] = {}
    for name, (part, width) in parts.items():
        start = 0
        for stride in spots.strides:
            count = (SIZE_PX // stride) ** 2
            ends = [spots.number([value], np.int64) for value in (start, start + count, 1)]
            outputs[f"{name}{stride}"] = (spots.op("Slice", part, *ends), (1, count, width))
            start += count
    return outputs
