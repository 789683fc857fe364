"""Draw lines and zones on a picture: opaque, with an arrow to where a line counts "in"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from frametally.rendering.plates import TextStyle, plate
from frametally.rendering.regions.shown_region import ShownRegion
from frametally.rendering.text import cut
from frametally.video.decoding import Image

_ARROW: Final = 0.03
"""Length as a share of the width."""
_SHADE: Final = (40, 40, 40)
_MAX_LETTERS: Final = 60


def draw_regions(canvas: Image, regions: Sequence[ShownRegion], style: TextStyle, thickness_px: int) -> None:
    """Draw outlines first, so that no line crosses a text."""
    size = np.array([canvas.shape[1], canvas.shape[0]])
    outlines = [np.array(region.points) * size for region in regions]
    for region, xy in zip(regions, outlines, strict=True):
        for color, width_px in ((_SHADE, thickness_px * 2 + 2), (bgr_of(region.color), thickness_px + 1)):
            cv2.polylines(canvas, [xy.round().astype(np.int32)], region.is_zone, color, width_px)
            if not region.is_zone:
                tip = _tip(xy, size)
                cv2.arrowedLine(canvas, _pixel(xy.mean(axis=0)), _pixel(tip), color, width_px, tipLength=0.35)
    for region, xy in zip(regions, outlines, strict=True):
        row = plate((cut(region.name, _MAX_LETTERS), region.count), style, max(round(8 * style.scale), 3))
        at = _beside(region, xy, np.array(row.wh), _tip(xy, size))
        corner = np.clip((at - np.array(row.wh) / 2).round(), 0, np.maximum(size - row.wh, 0)).astype(int).tolist()
        row.draw(canvas, corner[0], corner[1], bgr_of(region.color))


def _beside(
    region: ShownRegion, xy: npt.NDArray[np.float64], wh: npt.NDArray[np.int_], tip: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The middle of the text: at the top of a zone, and where no arrow is at a line."""
    middle = xy.mean(axis=0)
    if region.is_zone:
        return np.array([middle[0], xy[:, 1].min() + wh[1]])
    away = (middle - tip) / max(float(np.hypot(*(middle - tip))), 1e-9)
    return np.asarray(middle + away * (wh / 2 + wh[1] / 2))


def _tip(xy: npt.NDArray[np.float64], size: npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
    """To the right of the way from start to end."""
    along = xy[1] - xy[0]
    right = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
    return np.asarray(xy.mean(axis=0) + right * _ARROW * size[0])


def _pixel(point: npt.NDArray[np.float64]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def bgr_of(color: str) -> tuple[int, int, int]:
    """Blue, green and red of a hex color."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return blue, green, red
