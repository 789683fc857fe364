"""A scene drawn once and copied onto many frames, in YUV: no conversion to BGR and back per frame."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from frametally.rendering.annotate import draw
from frametally.rendering.scene import Scene
from frametally.video.decoding import Image

_UNUSED_BGR: Final = (1, 2, 3)
"""Marks pixels that stay unchanged; no class has this color."""


class Overlay:
    """The drawing of an opaque scene (`Scene.is_opaque`) with the mask of its pixels."""

    def __init__(self, scene: Scene, width_px: int, height_px: int, colors: Mapping[str, str]) -> None:
        canvas = draw(_unused(width_px, height_px), scene, colors)
        drawn = cv2.bitwise_not(cv2.inRange(canvas, _UNUSED_BGR, _UNUSED_BGR))
        coarse = np.ascontiguousarray(drawn[::2, ::2]).ravel()
        self._planes = cv2.cvtColor(canvas, cv2.COLOR_BGR2YUV_I420)
        self._mask = np.concatenate([drawn.ravel(), coarse, coarse]).reshape(self._planes.shape)

    def blend_into(self, planes: Image) -> None:
        """Draw on (height_px * 3 / 2, width_px) planes in the order Y, U, V (I420 in OpenCV)."""
        cv2.copyTo(self._planes, self._mask, planes)


@lru_cache(maxsize=1)
def _unused(width_px: int, height_px: int) -> Image:
    return np.full((height_px, width_px, 3), _UNUSED_BGR, dtype=np.uint8)
