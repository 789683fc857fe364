"""Instance masks converted to polygons."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from frametally.engine.detectors.postprocessing import Candidates, Detail, Details, Floats, Outputs
from frametally.engine.detectors.preprocessing import Fit
from frametally.engine.picture import Picture
from frametally.engine.result_entries import Point

SMOOTH_PX: Final = 0.7
"""Tolerance of the polygon simplification (Douglas-Peucker), in pixels of the model's input."""


def from_prototypes(size_px: tuple[int, int]) -> Detail:
    """Polygons of objects whose masks are combined from the prototypes (k, h, w) in the second output.

    The mask logits of a box are the sum of the prototypes, weighted with its coefficients (YOLACT, Bolya et al. 2019).
    Pixels in the box with a logit above 0, a probability above 0.5, belong to the object.
    """

    def detail(outputs: Outputs, found: Candidates, fit: Fit, picture: Picture) -> list[Details]:
        prototypes = outputs[1]
        masks = found.extra @ prototypes.reshape(len(prototypes), -1)
        return mask_polygons(masks.reshape(-1, *prototypes.shape[1:]), found.xyxy, size_px, fit, picture)

    return detail


def mask_polygons(masks: Floats, xyxy: Floats, size_px: tuple[int, int], fit: Fit, picture: Picture) -> list[Details]:
    """The contour of the largest connected part of each mask, within its box.

    Args:
        masks: (n, h, w) logits, above 0 where the object is; they cover the whole input.
        xyxy: (n, 4) corners of the boxes, in pixels of the model's input.
        size_px: width and height of the model's input.
        fit: how the picture was placed in the input.
        picture: the points are in pixels of this picture.
    """
    return [
        Details(points=_points(*_in_box(mask, box, size_px), fit, picture))
        for mask, box in zip(masks, xyxy, strict=True)
    ]


def _in_box(mask: Floats, box: Floats, size_px: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], int, int]:
    """The part of a mask inside the box, scaled to pixels of the model's input, and its left and top edge."""
    edges = np.clip(np.ceil(box), 0, size_px * 2).astype(int)
    ratio = np.array(size_px) / mask.shape[::-1]
    # One more pixel on each side: interpolation uses the neighbors.
    low = np.maximum(np.floor(edges[:2] / ratio).astype(int) - 1, 0)
    high = np.minimum(np.ceil(edges[2:] / ratio).astype(int) + 1, mask.shape[::-1])
    part = mask[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return np.zeros((0, 0), dtype=np.uint8), 0, 0
    width, height = np.maximum(np.rint((high - low) * ratio).astype(int), 1).tolist()
    enlarged = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)
    left, top, right, bottom = (edges - np.tile(np.rint(low * ratio).astype(int), 2)).tolist()
    return (enlarged[top:bottom, left:right] > 0).astype(np.uint8), int(edges[0]), int(edges[1])


def _points(inside: npt.NDArray[np.uint8], left: int, top: int, fit: Fit, picture: Picture) -> list[Point] | None:
    found = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0] if inside.size else ()
    if not found:
        return None
    largest = max(found, key=lambda outline: (cv2.contourArea(outline), len(outline)))
    smooth = cv2.approxPolyDP(largest, SMOOTH_PX, True)
    corners = (smooth if len(smooth) > 2 else largest).reshape(-1, 2)
    # A contour runs through pixel centers.
    xy = fit.to_picture(corners.astype(np.float32) + np.array((left + 0.5, top + 0.5), dtype=np.float32))
    within = np.clip(xy, 0, (picture.width_px, picture.height_px)).astype(np.float64).round(1)
    return [Point(x, y) for x, y in within.tolist()]
