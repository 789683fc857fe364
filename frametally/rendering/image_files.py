"""Encode pictures as image files."""

from __future__ import annotations

import cv2

from frametally.video.decoding import Image


def to_jpeg(image: Image, quality: int = 90) -> bytes:
    """The picture as a JPEG file; `quality` 0 to 100."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def to_png(image: Image) -> bytes:
    """The picture as a PNG file."""
    _, data = cv2.imencode(".png", image)
    return data.tobytes()
