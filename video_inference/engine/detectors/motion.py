"""`motion/1`: whatever moves before a camera that stands still. Needs no file, no training and no network."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from video_inference.contract import Prediction
from video_inference.engine.detectors.detector import InferenceParams
from video_inference.video import Image

WORK_SIZE_PX: Final = 480
"""The longer side of the picture that is looked at: a blob of some pixels means the same in every video."""
HISTORY_FRAMES: Final = 200
"""What stands still becomes background after about a tenth of it."""
MIN_AREA_SHARE: Final = 0.0008
"""Smaller blobs, as a share of the picture, are noise."""
DEFAULT_CONFIDENCE: Final = 0.25
_SHADOW: Final = 127
Pixels = cv2.typing.MatLike
_OPEN: Final = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_CLOSE: Final = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))


class MotionDetector:
    """Background subtraction (MOG2, Zivkovic 2004) over the analysed frames; one instance a video.

    The first frame only teaches it the background. `confidence` is the fill ratio: the share of the box that differs
    from the background, 1 for a solid rectangle and about 0.5 to 0.8 for people and cars.
    """

    def __init__(self, params: InferenceParams) -> None:
        self.classes = ["moving"]
        self._params = params
        self._min_confidence = DEFAULT_CONFIDENCE if params.confidence is None else params.confidence
        self._background = cv2.createBackgroundSubtractorMOG2(HISTORY_FRAMES, 25, True)
        self._has_background = False

    def infer(self, image: Image) -> list[Prediction]:
        scale = min(1.0, WORK_SIZE_PX / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        # Its own learning rate is so high at first that a slow object becomes background within two frames.
        mask = self._background.apply(small, learningRate=1 / HISTORY_FRAMES if self._has_background else 1)
        if not self._has_background:
            self._has_background = True
            return []
        moving = _solid(mask)
        boxes = [_blob_box(contour, moving) for contour in _contours(moving)]
        confident = [(box, fill) for box, fill in boxes if fill >= self._min_confidence]
        confident.sort(key=lambda found: -found[1])
        width, height = image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]
        return [_prediction(box, fill, width, height) for box, fill in confident[: self._params.max_detections]]


def _solid(mask: Pixels) -> Pixels:
    """Foreground without shadows and specks, with its holes closed."""
    foreground = (mask > _SHADOW).astype(np.uint8)
    opened = cv2.morphologyEx(foreground, cv2.MORPH_OPEN, _OPEN)
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _CLOSE)


def _contours(moving: Pixels) -> list[Pixels]:
    contours, _ = cv2.findContours(moving, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [contour for contour in contours if cv2.contourArea(contour) >= MIN_AREA_SHARE * moving.size]


def _blob_box(contour: Pixels, moving: Pixels) -> tuple[tuple[int, int, int, int], float]:
    """The box (left, top, width, height) of a blob in pixels, and how much of it is foreground."""
    left, top, width, height = cv2.boundingRect(contour)
    return (left, top, width, height), float(moving[top : top + height, left : left + width].mean())


def _prediction(box: tuple[int, int, int, int], fill: float, x_scale: float, y_scale: float) -> Prediction:
    left, top, width, height = box
    return Prediction(
        x=round((left + width / 2) * x_scale, 2),
        y=round((top + height / 2) * y_scale, 2),
        width=round(width * x_scale, 2),
        height=round(height * y_scale, 2),
        confidence=round(fill, 4),
        class_name="moving",
        class_id=0,
    )
