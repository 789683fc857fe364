"""Counts per point and class for every threshold k / 100, so that a browser can move the threshold by itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from frametally.analysis.timeline.points import MAX_CELLS, Points
from frametally.analysis.view import View
from frametally.results import Cube
from frametally.results.cube import STEPS, steps_of


def threshold_histogram(view: View, points: Points) -> npt.NDArray[np.uint32] | None:
    """(101, c, m) boxes by confidence step, class and point; summed from the highest step down, they are the counts.

    The threshold of the view is ignored. None if the table would have more than `MAX_CELLS` cells.

    Args:
        view: the view that the points are of.
        points: (m,) as in `count`.
    """
    classes, size = len(view.names), len(points.starts)
    if STEPS * classes * size > MAX_CELLS:
        return None
    if not size or not classes:
        return np.zeros((STEPS, classes, size), np.uint32)
    cube = view.results.cube(view.model)
    if cube is not None and points.length >= cube.span:
        return _from_cube(view, cube, points.starts, points.length)
    return _from_boxes(view, points)


def _from_cube(view: View, cube: Cube, starts: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.uint32]:
    per_point, first = length // cube.span, int(starts[0]) // cube.span
    buckets = cube.counts[:, :, first : first + len(starts) * per_point]
    points = np.add.reduceat(buckets, np.arange(0, buckets.shape[2], per_point), axis=2, dtype=np.uint32)
    points[:-1] -= points[1:].copy()
    merged = np.zeros((STEPS, len(view.names), len(starts)), np.uint32)
    for code, row in zip(view.codes.tolist(), points.transpose(1, 0, 2), strict=True):
        if code >= 0:
            merged[:, code] += row
    return merged


def _from_boxes(view: View, points: Points) -> npt.NDArray[np.uint32]:
    classes, size, codes = len(view.names), len(points.starts), view.codes
    boxes = np.zeros(STEPS * classes * size, np.int64)
    first, stop = int(points.starts[0]), int(points.stops[-1])
    for entry, box_class, confidence in view.results.confidence_pieces(view.model, first, stop):
        code = codes[box_class]
        kept = (confidence >= 0) & (code >= 0)
        point = points.of_entries(entry[kept].astype(np.int64))
        key = (steps_of(confidence[kept]) * classes + code[kept]) * size + point
        boxes += np.bincount(key, minlength=len(boxes))
    return boxes.reshape(STEPS, classes, size).astype(np.uint32)
