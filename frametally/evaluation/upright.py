"""Boxes of a service that analyzed the stored picture without turning it, on the upright one that people label."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from frametally.analysis.unturned import is_unturned
from frametally.evaluation.truth import Floats
from frametally.results import Boxes
from frametally.video.orientation import Orientation


class Picture(NamedTuple):
    """The frames of a video."""

    wh: tuple[int, int]
    """Size of the upright picture that models analyze."""
    orientation: Orientation


def turned_upright(found: Boxes, sizes: Floats, picture: Picture | None) -> tuple[Boxes, Floats]:
    """The boxes on the upright picture, and (p, 2) the sizes that they then refer to.

    Args:
        found: `entry` is the number of the frame.
        sizes: (p, 2) sizes that the coordinates of each frame refer to; NaN where they are not known, which then is the
            size of the picture.
        picture: of the video; None: not known, so nothing is turned.
    """
    if picture is None:
        return found, sizes
    sizes = np.where((sizes > 0).all(axis=1, keepdims=True), sizes, picture.wh)
    upright, xyxy = sizes.copy(), found.xyxy.copy()
    for width, height in np.unique(sizes, axis=0).tolist():
        if is_unturned((width, height), picture.wh, picture.orientation):
            frames = (sizes == (width, height)).all(axis=1)
            upright[frames] = height, width
            boxes = frames[found.entry]
            points = picture.orientation.applied_to_points(xyxy[boxes].reshape(-1, 2, 2), width, height)
            xyxy[boxes] = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    return replace(found, xyxy=xyxy), upright
