"""A scene made once and laid on many frames, on their YUV planes: no conversion to colors and back for each frame."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np

from frametally.rendering.annotate import Scene, draw
from frametally.video.decoding import Image

_UNTOUCHED = (1, 2, 3)
"""A color, B G R, that nothing is drawn in."""


class Overlay:
    """What is drawn for a scene, and where. For `is_opaque` scenes only: nothing shines through."""

    def __init__(self, scene: Scene, width_px: int, height_px: int, colors: Mapping[str, str]) -> None:
        canvas = draw(_untouched(width_px, height_px), scene, colors)
        drawn = cv2.bitwise_not(cv2.inRange(canvas, _UNTOUCHED, _UNTOUCHED))
        coarse = np.ascontiguousarray(drawn[::2, ::2]).ravel()
        self._planes = cv2.cvtColor(canvas, cv2.COLOR_BGR2YUV_I420)
        self._mask = np.concatenate([drawn.ravel(), coarse, coarse]).reshape(self._planes.shape)

    def blend_into(self, planes: Image) -> None:
        """Draw on (height_px * 3 / 2, width_px) planes in the order Y, U, V, as OpenCV calls I420."""
        cv2.copyTo(self._planes, self._mask, planes)


@lru_cache(maxsize=1)
def _untouched(width_px: int, height_px: int) -> Image:
    return np.full((height_px, width_px, 3), _UNTOUCHED, dtype=np.uint8)


def is_opaque(scene: Scene) -> bool:
    """Whether the scene hides what it is drawn on, or leaves it as it is."""
    return scene.mask is None and scene.keypoints is None and scene.gaze is None and not len(scene.polygons)


def is_blank(scene: Scene) -> bool:
    """Whether there is nothing to draw."""
    return is_opaque(scene) and not len(scene.xyxy) and not scene.banner
