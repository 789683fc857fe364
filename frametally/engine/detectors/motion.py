"""`motion/1`: detects moving objects in the video of a fixed camera. Needs no model file, training or network."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry, ImageSize, Prediction

WORK_SIZE_PX: Final = 480
"""Larger pictures are scaled down to this longer side, so that the limits in pixels apply equally to every video."""
HISTORY_FRAMES: Final = 200
"""A static object becomes background after about a tenth of this."""
CHANGE_LEVELS: Final = 20
"""A pixel has changed if a channel (0 to 255) differs by more than this from the previous frame."""
MIN_CHANGED_SHARE: Final = 0.07
"""A blob counts as moving if at least this share of it changed since the previous frame. This excludes objects that
have stopped and areas they have left, both of which differ from the background for many frames."""
MIN_AREA_SHARE: Final = 0.0008
"""Smaller blobs, as a share of the picture, are treated as noise."""
DEFAULT_CONFIDENCE: Final = 0.25
_SHADOW: Final = 127
Pixels = cv2.typing.MatLike
_OPEN: Final = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_CLOSE: Final = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))


class MotionDetector:
    """Background subtraction (MOG2, Zivkovic 2004) on the analyzed frames; one instance per video.

    The first frame only initializes the background, as does a frame of another size than the one before. Shadows are
    ignored. `confidence` is the fill ratio: the share of the box that differs from the background, 1 for a solid
    rectangle and about 0.5 to 0.8 for people and cars.
    """

    is_stateful = True

    def __init__(self, params: InferenceParams) -> None:
        self.classes = ["moving"]
        self._params = params
        self._min_confidence = DEFAULT_CONFIDENCE if params.confidence is None else params.confidence
        self._background = cv2.createBackgroundSubtractorMOG2(HISTORY_FRAMES, 25, True)
        self._previous: Pixels | None = None
        self._size: ImageSize | None = None

    def infer(self, picture: Picture) -> DetectionEntry:
        return DetectionEntry(picture.size, self._moving(picture))

    def _moving(self, picture: Picture) -> list[Prediction]:
        image = picture.bgr()
        scale = min(1.0, WORK_SIZE_PX / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        previous, self._previous = self._previous if picture.size == self._size else None, small
        self._size = picture.size
        # With MOG2's automatic learning rate a slow object becomes background within two frames.
        mask = self._background.apply(small, learningRate=1 if previous is None else 1 / HISTORY_FRAMES)
        if previous is None:
            return []
        blobs = _blobs(_foreground(mask), _changed(previous, small))
        confident = sorted((blob for blob in blobs if blob.fill >= self._min_confidence), key=lambda blob: -blob.fill)
        scales = image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]
        return [_prediction(blob, *scales) for blob in confident[: self._params.max_detections]]


class Blob(NamedTuple):
    """A box in pixels of the scaled picture, and the share of it that is foreground."""

    left: int
    top: int
    width: int
    height: int
    fill: float


def _foreground(mask: Pixels) -> Pixels:
    """The foreground without shadows and specks, with holes closed."""
    foreground = (mask > _SHADOW).astype(np.uint8)
    opened = cv2.morphologyEx(foreground, cv2.MORPH_OPEN, _OPEN)
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _CLOSE)


def _changed(previous: Pixels, current: Pixels) -> Pixels:
    """(h, w) mask of the pixels that have changed since the previous frame."""
    return np.asarray(cv2.absdiff(previous, current).max(axis=2) > CHANGE_LEVELS)


def _blobs(foreground: Pixels, changed: Pixels) -> list[Blob]:
    """Connected foreground regions that are large enough and have moved."""
    contours, _ = cv2.findContours(foreground, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    blobs = []
    for contour in contours:
        left, top, width, height = cv2.boundingRect(contour)
        box = slice(top, top + height), slice(left, left + width)
        inside = foreground[box] > 0
        large = cv2.contourArea(contour) >= MIN_AREA_SHARE * foreground.size
        if large and changed[box][inside].mean() >= MIN_CHANGED_SHARE:
            blobs.append(Blob(left, top, width, height, float(inside.mean())))
    return blobs


def _prediction(blob: Blob, x_scale: float, y_scale: float) -> Prediction:
    return Prediction(
        x=round((blob.left + blob.width / 2) * x_scale, 2),
        y=round((blob.top + blob.height / 2) * y_scale, 2),
        width=round(blob.width * x_scale, 2),
        height=round(blob.height * y_scale, 2),
        confidence=round(blob.fill, 4),
        class_name="moving",
        class_id=0,
    )
