"""NanoDet, NanoDet-Plus and PicoDet: class scores and, for each side of a box, a distribution over distances.

The distance of a side is the mean of its distribution, in strides (generalized focal loss, Li et al. 2020). NanoDet
has three strides and measures from cell centers, NanoDet-Plus has four, in one output, and measures from cell corners.
PicoDet (PaddleDetection, exported with `export.benchmark=True`) has four and measures from cell centers.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import STRIDES, cell_count, grid_cells
from frametally.engine.detectors.model_config import Resize
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import BoxDetector, BoxHead, Candidates, Floats, Outputs, no_extra
from frametally.engine.detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from frametally.errors import ModelError

DEFAULT_IOU: Final = 0.6
"""The default of NanoDet (`iou_threshold`)."""
MEAN: Final = (103.53 / 255, 116.28 / 255, 123.675 / 255)
STD: Final = (57.375 / 255, 57.12 / 255, 58.395 / 255)
"""BGR, of values 0 to 1, as in NanoDet's configurations."""
BINS: Final = 8
"""Bins of a distribution: distances of 0 to 7 strides (`reg_max` 7)."""
_PLUS_STRIDES: Final = (*STRIDES, 64)


class Layout(NamedTuple):
    """Indices of the outputs with scores and with sides; in a combined output the scores come first."""

    scores: list[int]
    sides: list[int]
    classes: int
    strides: tuple[int, ...]

    @property
    def is_in_pairs(self) -> bool:
        return self.scores != self.sides


def matches(file: OnnxFile) -> bool:
    """Whether there is a pair of outputs for each of three strides, or a single output."""
    layout = _layout(file)
    return layout is not None and (not layout.is_in_pairs or len(layout.strides) == len(STRIDES))


def is_picodet(file: OnnxFile) -> bool:
    """Whether there is a pair of outputs for each of four strides."""
    layout = _layout(file)
    return layout is not None and layout.is_in_pairs and len(layout.strides) > len(STRIDES)


def detector(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """BGR normalized as for ImageNet; NanoDet uses a black letterbox, NanoDet-Plus is stretched."""
    layout = _known_layout(file)
    is_plus = len(layout.strides) > len(STRIDES)
    resize: Resize = "stretch" if is_plus else "letterbox"
    preprocessing = Preprocessing(file.size_px(), resize, pad_value=0, color_order="BGR", mean=MEAN, std=STD)
    return _detector(file, params, layout, preprocessing, offset=0 if is_plus else 0.5)


def picodet(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Stretched, RGB normalized as for ImageNet."""
    preprocessing = Preprocessing(file.size_px(), "stretch", mean=IMAGENET_MEAN, std=IMAGENET_STD)
    return _detector(file, params, _known_layout(file), preprocessing, offset=0.5)


def _detector(
    file: OnnxFile, params: InferenceParams, layout: Layout, defaults: Preprocessing, offset: float
) -> BoxDetector:
    """`offset` is where in its cell the distances are measured from: 0 for the corner, 0.5 for the center."""
    preprocessing = defaults.overridden_by(file.config)
    classes = file.class_names(layout.classes)
    corner, stride = grid_cells(preprocessing.size_px, layout.strides)
    center = (corner + offset) * stride

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        scores = _joined(outputs, layout.scores)[:, : layout.classes]
        confidence = scores.max(axis=1)
        kept = np.flatnonzero(confidence >= min_confidence)
        sides = _joined(outputs, layout.sides)[kept, -4 * BINS :]
        reach = _means(sides) * stride[kept]
        xyxy = np.concatenate([center[kept] - reach[:, :2], center[kept] + reach[:, 2:]], axis=1)
        return Candidates(xyxy, confidence[kept], np.argmax(scores[kept], axis=1), no_extra(len(kept)))

    return BoxDetector(file, BoxHead(preprocessing, classes, read, DEFAULT_IOU, strides=(layout.strides,)), params)


def _known_layout(file: OnnxFile) -> Layout:
    layout = _layout(file)
    if layout is None:
        raise ModelError(f"{file.name} does not have the outputs of NanoDet.", "Correct `family` in its model.json.")
    return layout


def _layout(file: OnnxFile) -> Layout | None:
    shapes = [output.shape[1:] for output in file.outputs]
    if file.fixed_size_px is None or any(len(shape) != 2 for shape in shapes):
        return None
    for strides in (STRIDES, _PLUS_STRIDES):
        counts = [cell_count(file.fixed_size_px, [stride]) for stride in strides]
        columns = [shape[1] or 0 for shape in shapes]
        if [shape[0] for shape in shapes] == [sum(counts)] and columns[0] > 4 * BINS:
            return Layout([0], [0], columns[0] - 4 * BINS, strides)
        pairs = [[at for at, shape in enumerate(shapes) if shape[0] == count] for count in counts]
        if len(shapes) == 2 * len(strides) and all(len(pair) == 2 for pair in pairs):
            scores, sides = ([pair[which] for pair in pairs] for which in (0, 1))
            is_even = {columns[at] for at in sides} == {4 * BINS} and len({columns[at] for at in scores}) == 1
            return Layout(scores, sides, columns[scores[0]], strides) if is_even else None
    return None


def _joined(outputs: Outputs, which: list[int]) -> Floats:
    return outputs[which[0]] if len(which) == 1 else np.concatenate([outputs[at] for at in which])


def _means(sides: Floats) -> npt.NDArray[np.float32]:
    """(n, 4) mean of the distribution of each side, given as logits (n, 4 * BINS)."""
    logits = sides.reshape(-1, 4, BINS)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    mean = weights @ np.arange(BINS, dtype=np.float32) / weights.sum(axis=2)
    return np.asarray(mean, dtype=np.float32)
