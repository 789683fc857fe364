"""Average precision of boxes, as COCO defines it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

OVERLAPS: Final = np.linspace(0.5, 0.95, 10)
"""IoU thresholds of mAP50-95."""
_RECALLS: Final = np.linspace(0, 1, 101)


class Scene(NamedTuple):
    """One class in one frame: n detections, k objects."""

    boxes: Floats
    """(n, 4) left, top, right, bottom."""
    confidence: Floats
    """(n,)"""
    objects: Floats
    """(k, 4) left, top, right, bottom."""
    counts: npt.NDArray[np.bool_]
    """(k,) whether an object counts. The others are mostly hidden and ignored, as COCO ignores crowds."""


def average_precision(scenes: list[Scene], overlap: float) -> float:
    """Mean of the interpolated precision at 101 recall values; 0 without detections or without objects that count."""
    judged = [judge(scene, overlap) for scene in scenes]
    confidence = np.concatenate([scene.confidence for scene in scenes])
    true_positive, excluded = (np.concatenate(part) for part in zip(*judged, strict=True))
    order = np.argsort(-confidence[~excluded], kind="stable")
    found = np.cumsum(true_positive[~excluded][order])
    total = sum(int(scene.counts.sum()) for scene in scenes)
    if not len(found) or not total:
        return 0.0
    precision = np.maximum.accumulate((found / np.arange(1, len(found) + 1))[::-1])[::-1]
    at = np.searchsorted(found / total, _RECALLS)
    return float(np.append(precision, 0.0)[at].mean())


def judge(scene: Scene, overlap: float) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For each detection, whether it is a true positive, and whether it is ignored."""
    true_positive, excluded = np.zeros(len(scene.boxes), dtype=bool), np.zeros(len(scene.boxes), dtype=bool)
    shared = overlaps(scene.boxes, scene.objects)
    free = np.ones(len(scene.objects), dtype=bool)
    for at in np.argsort(-scene.confidence, kind="stable"):
        fit = np.where(free & (shared[at] >= overlap), shared[at] + scene.counts, -1.0)
        if fit.size and fit.max() >= 0:
            best = int(fit.argmax())
            true_positive[at], excluded[at] = scene.counts[best], not scene.counts[best]
            free[best] = not scene.counts[best]
    return true_positive, excluded


def overlaps(boxes: Floats, objects: Floats) -> Floats:
    """(n, k) intersection over union."""
    low = np.maximum(boxes[:, None, :2], objects[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], objects[None, :, 2:])
    shared = (high - low).clip(0).prod(axis=2)
    areas = [(some[:, 2:] - some[:, :2]).prod(axis=1) for some in (boxes, objects)]
    return np.asarray(shared / (areas[0][:, None] + areas[1] - shared + 1e-9), dtype=np.float64)
