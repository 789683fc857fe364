"""Make boxes of a picture unreadable: what is left of each are the means of a few large fields."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from frametally.video.decoding import Image

FIELDS: Final = 5
"""Along each side; from so few, no detail can be computed back."""
MARGIN: Final = 0.15
"""By which boxes are enlarged at each side, as a share of the side."""
MIN_MARGIN_PX: Final = 4


def blur(image: Image, xyxy: npt.NDArray[np.float64]) -> None:
    """Blur (n, 4) boxes, in pixels of the picture, in place."""
    for left, top, right, bottom in xyxy.tolist():
        x = _grown(left, right, image.shape[1])
        y = _grown(top, bottom, image.shape[0])
        region = image[y, x]
        if region.size:
            height_px, width_px = region.shape[:2]
            fields = (min(FIELDS, width_px), min(FIELDS, height_px))
            small = cv2.resize(region, fields, interpolation=cv2.INTER_AREA)
            image[y, x] = cv2.resize(small, (width_px, height_px), interpolation=cv2.INTER_LINEAR)


def _grown(first: float, last: float, limit: int) -> slice:
    margin = max((last - first) * MARGIN, MIN_MARGIN_PX)
    start = min(max(math.floor(first - margin), 0), limit)
    return slice(start, max(min(math.ceil(last + margin), limit), start))
