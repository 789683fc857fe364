"""Small ONNX models in the layouts of real exports. The detectors find 48 px red squares centered on a grid cell.

At stride 32, one square exceeds the threshold in one cell only, so no non-maximum suppression is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from frametally.engine.detectors.architectures.nanodet import MEAN as NANODET_MEAN
from frametally.engine.detectors.architectures.nanodet import STD as NANODET_STD
from frametally.engine.detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from tests.support.onnx_models import SIZE_PX, SQUARE_PX, Graph, Shape

NAMES = "{0: 'dark', 1: 'bright'}"
KEYPOINTS = 3
MASK_PX = SIZE_PX // 4
Floats = npt.NDArray[np.float32]


def save_yolov8_more(path: Path, task: str, *, metadata: dict[str, str] | None = None) -> None:
    """A YOLOv8 head for `segment` or `pose`: only stride 32 of the three grids has detections."""
    graph = Graph()
    red = channel(graph, 0)
    score = _among_all_places(graph, logit_to_score(graph, square_logit(graph, red, 32)))
    places = _all_places()
    boxes = np.concatenate([places, np.full_like(places, SQUARE_PX)], axis=1)
    rows = [graph.constant("boxes", boxes.T[None]), graph.constant("dark", np.zeros((1, 1, len(places)))), score]
    rows.append(_beside(graph, task, places))
    graph.node("Concat", rows, "output0", axis=1)
    outputs: dict[str, Shape] = {"output0": (1, 6 + _beside_count(task), len(places)), **_prototypes(graph, task, red)}
    graph.save(path, outputs, _metadata(task) if metadata is None else metadata)


def save_yolov5(path: Path, task: str = "detect", *, is_open: bool = False) -> None:
    """Three rows per cell, of which the first detects the square; the metadata has class names but no task."""
    graph = Graph()
    red = channel(graph, 0)
    score = logit_to_score(graph, square_logit(graph, red, 32))
    places = np.concatenate([np.tile(_places(stride), (3, 1)) for stride in (8, 16, 32)])
    count = len(places) // 3
    coarse = len(_places(32))
    graph.constant("finer_anchors", np.zeros((1, 1, 3 * (count - coarse))))
    graph.constant("others", np.zeros((1, 1, 2 * coarse)))
    graph.node("Concat", ["finer_anchors", score, "others"], "objectness", axis=2)
    boxes = np.concatenate([places, np.full_like(places, SQUARE_PX)], axis=1)
    classes = np.tile([[0.1], [0.9]], (1, 1, 3 * count))
    rows = [graph.constant("boxes", boxes.T[None]), "objectness", graph.constant("classes", classes)]
    if task == "segment":
        rows.append(_beside(graph, task, places))
    graph.node("Concat", rows, "columns", axis=1)
    graph.node("Transpose", ["columns"], "output0", perm=[0, 2, 1])
    more = _beside_count(task) if task == "segment" else 0
    shape: Shape = (1, "anchors" if is_open else 3 * count, 7 + more)
    graph.save(path, {"output0": shape, **_prototypes(graph, task, red)}, {"stride": "32", "names": NAMES})


def save_nms_free(path: Path, task: str = "detect", *, metadata: dict[str, str] | None = None) -> None:
    """A row for each cell of stride 32: corners, confidence, class, extra columns."""
    graph = Graph()
    red = channel(graph, 0)
    score = logit_to_score(graph, square_logit(graph, red, 32))
    places = _places(32)
    half = SQUARE_PX / 2
    graph.constant("corners", np.concatenate([places - half, places + half], axis=1).T[None])
    rows = ["corners", score, graph.constant("class", np.ones((1, 1, len(places))))]
    if task != "detect":
        rows.append(_beside(graph, task, places))
    graph.node("Concat", rows, "columns", axis=1)
    graph.node("Transpose", ["columns"], "output0", perm=[0, 2, 1])
    more = _beside_count(task) if task != "detect" else 0
    outputs: dict[str, Shape] = {"output0": (1, len(places), 6 + more), **_prototypes(graph, task, red)}
    graph.save(path, outputs, {**_metadata(task), "end2end": "True"} if metadata is None else metadata)


def save_nanodet(path: Path, *, strides: tuple[int, ...] = (8, 16, 32, 64), joined: bool = True) -> None:
    """Scores of two classes and distributions of distances: from the top left corners of the cells if four strides."""
    graph = Graph()
    red = channel(graph, 2, mean=NANODET_MEAN, std=NANODET_STD)
    at_corners = len(strides) > 3
    outputs: dict[str, Shape] = {}
    for stride in strides:
        cells = (SIZE_PX // stride) ** 2
        score = graph.constant(f"none{stride}", np.zeros((1, 1, cells)))
        if stride == 8:
            score = logit_to_score(graph, square_logit(graph, red, stride, shift_px=-4 if at_corners else 0))
        graph.constant(f"dark{stride}", np.zeros((1, 1, cells)))
        graph.node("Concat", [f"dark{stride}", score], f"rows{stride}", axis=1)
        graph.node("Transpose", [f"rows{stride}"], f"scores{stride}", perm=[0, 2, 1])
        graph.constant(f"sides{stride}", np.tile(30.0 * (np.arange(8) == SQUARE_PX / 2 / 8), (1, cells, 4)))
        graph.node("Concat", [f"scores{stride}", f"sides{stride}"], f"both{stride}", axis=2)
        outputs |= {f"scores{stride}": (1, cells, 2)}
    if joined:
        graph.node("Concat", [f"both{stride}" for stride in strides], "output", axis=1)
        outputs = {"output": (1, sum((SIZE_PX // stride) ** 2 for stride in strides), 34)}
    else:
        for stride in strides:
            graph.node("Identity", [f"sides{stride}"], f"distances{stride}")
            outputs |= {f"distances{stride}": (1, (SIZE_PX // stride) ** 2, 32)}
    graph.save(path, outputs)


def save_fastestdet(path: Path) -> None:
    """One grid of stride 16 with raw boxes; the input is BGR, 0 to 1."""
    graph = Graph()
    score = logit_to_score(graph, square_logit(graph, channel(graph, 2), 16))
    side = SIZE_PX // 16
    share = SQUARE_PX / SIZE_PX
    raw = [np.arctanh(0.5), np.arctanh(0.5), np.log(share / (1 - share)), np.log(share / (1 - share))]
    graph.constant("shape", [1, 1, side, side], np.int64)
    graph.node("Reshape", [score, "shape"], "objectness")
    graph.constant("boxes", np.tile(np.reshape(raw, (1, 4, 1, 1)), (1, 1, side, side)))
    graph.constant("classes", np.tile(np.reshape([0.1, 0.9], (1, 2, 1, 1)), (1, 1, side, side)))
    graph.node("Concat", ["objectness", "boxes", "classes"], "758", axis=1)
    graph.save(path, {"758": (1, 7, side, side)})


def save_rf_detr(
    path: Path, *, columns: int = 3, bright: int = 1, masks: bool = False, metadata: dict[str, str] | None = None
) -> None:
    """A query for each cell of stride 32: relative boxes, and logits of which one column detects squares."""
    graph = Graph()
    red = channel(graph, 0, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    logit = square_logit(graph, red, 32)
    places = _places(32)
    dets = np.concatenate([places, np.full_like(places, SQUARE_PX)], axis=1) / SIZE_PX
    graph.constant("boxes", dets[None])
    graph.node("Identity", ["boxes"], "dets")
    before, after = bright, columns - bright - 1
    rows = [graph.constant("before", np.full((1, before, len(places)), -20.0))] if before else []
    rows += [logit] + ([graph.constant("after", np.full((1, after, len(places)), -20.0))] if after else [])
    graph.node("Concat", rows, "rows", axis=1)
    graph.node("Transpose", ["rows"], "labels", perm=[0, 2, 1])
    outputs: dict[str, Shape] = {"dets": (1, len(places), 4), "labels": (1, len(places), columns)}
    if masks:
        graph.constant("each", np.zeros((1, len(places), 1, 1)))
        graph.node("Add", [_coarse(graph, red), "each"], "masks")
        outputs["masks"] = (1, len(places), MASK_PX, MASK_PX)
    graph.save(path, outputs, metadata)


def save_rt_detr(path: Path) -> None:
    """Relative boxes and decoded scores for each cell of stride 32 in one output, as exported by ultralytics."""
    graph = Graph()
    score = logit_to_score(graph, square_logit(graph, channel(graph, 0), 32))
    places = _places(32)
    graph.constant("boxes", np.concatenate([places, np.full_like(places, SQUARE_PX)], axis=1).T[None] / SIZE_PX)
    graph.constant("dark", np.zeros((1, 1, len(places))))
    graph.node("Concat", ["boxes", "dark", score], "columns", axis=1)
    graph.node("Transpose", ["columns"], "output0", perm=[0, 2, 1])
    graph.save(path, {"output0": (1, len(places), 6)}, _metadata("detect"))


def save_d_fine(path: Path, *, label: int = 1) -> None:
    """Labels, boxes and scores; the boxes are scaled to the size in the second input, `orig_target_sizes`."""
    graph = Graph()
    graph.more_inputs = [helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, (1, 2))]
    score = logit_to_score(graph, square_logit(graph, channel(graph, 0), 32))
    places = _places(32)
    half = SQUARE_PX / 2
    graph.constant("shares", np.concatenate([places - half, places + half], axis=1)[None] / SIZE_PX)
    graph.node("Cast", ["orig_target_sizes"], "sizes", to=TensorProto.FLOAT)
    graph.node("Concat", ["sizes", "sizes"], "scale", axis=1)
    graph.node("Mul", ["shares", "scale"], "boxes")
    graph.constant("label", np.full((1, len(places)), label), np.int64)
    graph.node("Identity", ["label"], "labels")
    graph.constant("flat", [1, len(places)], np.int64)
    graph.node("Reshape", [score, "flat"], "scores")
    graph.output_kinds = {"labels": TensorProto.INT64}
    graph.save(path, {"labels": (1, len(places)), "boxes": (1, len(places), 4), "scores": (1, len(places))})


def save_classifier(path: Path, *, last: str = "", metadata: dict[str, str] | None = None) -> None:
    """Three logits: four times the means of the red, green and blue channel, which are 0 to 1."""
    graph = Graph()
    known = metadata is not None
    image = _levels(graph, (0.0,) * 3 if known else IMAGENET_MEAN, (1.0,) * 3 if known else IMAGENET_STD)
    graph.node("GlobalAveragePool", [image], "means")
    graph.constant("four", 4.0)
    graph.node("Flatten", [graph.node("Mul", ["means", "four"], "scaled")], "logits")
    graph.node(last or "Identity", ["logits"], "output")
    graph.save(path, {"output": (1, 3)}, metadata)


def save_semantic(path: Path, *, ids: bool = False, shrink: int = 1, planes: int = 3) -> None:
    """Logits of background 0, red - 0.5 and blue - 0.5, or the class ids; with `planes=1` only red - 0.5."""
    graph = Graph()
    image = _levels(graph, IMAGENET_MEAN, IMAGENET_STD)
    graph.constant("at", [0, 2] if planes == 3 else [0], np.int64)
    graph.node("Gather", [image, "at"], "colors", axis=1)
    graph.constant("half", -0.5)
    graph.node("Add", ["colors", "half"], "above")
    graph.constant("background", np.zeros((1, 1, SIZE_PX, SIZE_PX)))
    logits = graph.node("Concat", ["background", "above"], "logits", axis=1) if planes == 3 else "above"
    side = SIZE_PX // shrink
    if ids:
        graph.node("ArgMax", [logits], "map", axis=1, keepdims=0)
        graph.output_kinds = {"map": TensorProto.INT64}
        graph.save(path, {"map": (1, SIZE_PX, SIZE_PX)})
        return
    graph.node("AveragePool", [logits], "map", kernel_shape=[shrink] * 2, strides=[shrink] * 2)
    graph.save(path, {"map": (1, planes, side, side)})


def save_ultralytics_as(path: Path, kind: type, *, dynamic: bool = False) -> None:
    """A YOLOv8 detect head with other element types or dynamic sizes."""
    graph = Graph()
    graph.input_kind = kind
    graph.input_shape = ("batch", 3, "height", "width") if dynamic else graph.input_shape
    graph.node("Cast", ["images"], "real", to=TensorProto.FLOAT)
    score = _among_all_places(graph, logit_to_score(graph, square_logit(graph, _plane(graph, "real", 0, kind), 32)))
    places = _all_places()
    graph.constant("boxes", np.concatenate([places, np.full_like(places, SQUARE_PX)], axis=1).T[None])
    graph.constant("dark", np.zeros((1, 1, len(places))))
    graph.node("Concat", ["boxes", "dark", score], "wide", axis=1)
    graph.node("Cast", ["wide"], "output0", to=TensorProto.FLOAT16 if kind == np.float16 else TensorProto.FLOAT)
    graph.output_kinds = {"output0": TensorProto.FLOAT16} if kind == np.float16 else {}
    shape: Shape = ("batch", 6, "anchors") if dynamic else (1, 6, len(places))
    graph.save(path, {"output0": shape}, _metadata("detect"))


def channel(
    graph: Graph, plane: int, *, mean: tuple[float, ...] = (0.0,) * 3, std: tuple[float, ...] = (1.0,) * 3
) -> str:
    """(1, 1, 320, 320) one plane of the input, 0 to 1, with the normalization by `mean` and `std` reverted."""
    return _plane(graph, _levels(graph, mean, std), plane, np.float32)


def square_logit(graph: Graph, plane: str, stride: int, *, shift_px: int = 0) -> str:
    """(1, 1, cells), above 0 if most of a 48 px square around the center of the cell is bright."""
    pad = (SQUARE_PX - stride) // 2
    pads = [pad - shift_px, pad - shift_px, pad + shift_px, pad + shift_px]
    window = {"kernel_shape": [SQUARE_PX] * 2, "strides": [stride] * 2, "pads": pads, "count_include_pad": 1}
    graph.node("AveragePool", [plane], f"mean{stride}", **window)
    graph.constant(f"threshold{stride}", 0.85)
    graph.constant(f"steepness{stride}", 40.0)
    graph.constant(f"row{stride}", [1, 1, (SIZE_PX // stride) ** 2], np.int64)
    graph.node("Sub", [f"mean{stride}", f"threshold{stride}"], f"above{stride}")
    graph.node("Mul", [f"above{stride}", f"steepness{stride}"], f"steep{stride}")
    return graph.node("Reshape", [f"steep{stride}", f"row{stride}"], f"logit{stride}")


def logit_to_score(graph: Graph, logit: str) -> str:
    return graph.node("Sigmoid", [logit], f"score_of_{logit}")


def _levels(graph: Graph, mean: tuple[float, ...], std: tuple[float, ...]) -> str:
    graph.constant("std", np.reshape(std, (1, 3, 1, 1)))
    graph.constant("mean_level", np.reshape(mean, (1, 3, 1, 1)))
    return graph.node("Add", [graph.node("Mul", ["images", "std"], "spread"), "mean_level"], "levels")


def _plane(graph: Graph, image: str, plane: int, kind: type) -> str:
    graph.constant("plane", [plane], np.int64)
    graph.constant("full_scale", 1 / 255 if kind == np.uint8 else 1.0)
    graph.node("Gather", [image, "plane"], "gathered", axis=1)
    return graph.node("Mul", ["gathered", "full_scale"], "seen")


def _among_all_places(graph: Graph, coarse_score: str) -> str:
    """The scores of stride 32 as the last cells of all three strides."""
    graph.constant("finer", np.zeros((1, 1, len(_all_places()) - len(_places(32)))))
    return graph.node("Concat", ["finer", coarse_score], "score", axis=2)


def _coarse(graph: Graph, plane: str) -> str:
    """(1, 1, 80, 80), above 0 where the plane is bright."""
    graph.node("AveragePool", [plane], "quarter", kernel_shape=[4, 4], strides=[4, 4])
    graph.constant("middle", 0.676)  # between the red of a square, 1, and the gray around it, 90 of 255
    return graph.node("Sub", ["quarter", "middle"], "mask")


def _beside_count(task: str) -> int:
    return {"segment": 2, "pose": 3 * KEYPOINTS}[task]


def _beside(graph: Graph, task: str, places: Floats) -> str:
    """Mask coefficients that select the first prototype, or keypoints down and right of the center."""
    if task == "segment":
        return graph.constant("coefficients", np.tile([[1.0], [0.0]], (1, 1, len(places))))
    points = [[places[:, 0] + 4 * at, places[:, 1] + 8 * at, np.full(len(places), 0.9)] for at in range(KEYPOINTS)]
    return graph.constant("points", np.reshape(points, (1, 3 * KEYPOINTS, len(places))))


def _prototypes(graph: Graph, task: str, plane: str) -> dict[str, Shape]:
    if task != "segment":
        return {}
    graph.constant("second", np.ones((1, 1, MASK_PX, MASK_PX)))
    graph.node("Concat", [_coarse(graph, plane), "second"], "output1", axis=1)
    return {"output1": (1, 2, MASK_PX, MASK_PX)}


def _metadata(task: str) -> dict[str, str]:
    said: dict[str, Any] = {"task": task, "names": NAMES, "imgsz": [SIZE_PX, SIZE_PX], "stride": 32, "end2end": False}
    if task == "pose":
        said["kpt_shape"] = [KEYPOINTS, 3]
    return {key: str(value) for key, value in said.items()}


def _places(stride: int) -> Floats:
    """(cells, 2) x and y of the centers of the cells, in pixels."""
    rows, columns = np.mgrid[: SIZE_PX // stride, : SIZE_PX // stride]
    return np.asarray(np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], axis=1) * stride, dtype=np.float32)


def _all_places() -> Floats:
    return np.concatenate([_places(stride) for stride in (8, 16, 32)])
