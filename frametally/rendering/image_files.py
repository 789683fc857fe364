"""Pictures as image files."""

from __future__ import annotations

import cv2
import numpy as np

from frametally.video.decoding import Image


def to_jpeg(image: Image, quality: int = 90) -> bytes:
    """The picture as a JPEG file; `quality` 0 to 100."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def to_png(image: Image) -> bytes:
    """The picture as a PNG file."""
    _, data = cv2.imencode(".png", image)
    return data.tobytes()


def shrunk(image: Image, width_px: int) -> Image:
    """The picture in at most this width, in its proportions."""
    height_px, own_width_px = image.shape[:2]
    if own_width_px <= width_px:
        return image
    size = (width_px, max(round(height_px * width_px / own_width_px), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
