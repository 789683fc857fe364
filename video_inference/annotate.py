"""Drawing detections on a frame, with supervision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import supervision as sv

from video_inference.video import Image

_MOST_MOVED_LABELS = 50
"""Labels are moved into the picture and off each other up to so many; the time for it grows with their square."""


def annotate(
    image: Image,
    xyxy: npt.NDArray[np.float32],
    class_names: Sequence[str],
    confidence: npt.NDArray[np.float64],
    colors: Mapping[str, str],
) -> Image:
    """A copy of the frame with a box and a label for each detection.

    Args:
        image: (height_px, width_px, 3) BGR.
        xyxy: (n, 4) corners in pixels of `image`.
        class_names: n names.
        confidence: (n,) 0 to 1.
        colors: hex colour by class name.
    """
    if not len(xyxy):
        return image.copy()
    names = sorted(set(class_names))
    detections = sv.Detections(
        xyxy=xyxy.astype(np.float32),
        confidence=confidence,
        class_id=np.array([names.index(name) for name in class_names]),
    )
    palette = sv.ColorPalette.from_hex([colors[name] for name in names])
    height_px, width_px = image.shape[:2]
    scale = sv.calculate_optimal_text_scale((width_px, height_px))
    thickness = sv.calculate_optimal_line_thickness((width_px, height_px))
    labels = [f"{name} {value:.2f}" for name, value in zip(class_names, confidence, strict=True)]
    drawn = sv.BoxAnnotator(color=palette, thickness=thickness).annotate(image.copy(), detections)
    labeller = sv.LabelAnnotator(
        color=palette,
        text_scale=scale,
        text_thickness=max(thickness // 2, 1),
        text_padding=4,
        smart_position=len(xyxy) <= _MOST_MOVED_LABELS,
    )
    return np.asarray(labeller.annotate(drawn, detections, labels=labels), dtype=np.uint8)


def to_jpeg(image: Image, quality: int = 90) -> bytes:
    """The picture as a JPEG file."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
