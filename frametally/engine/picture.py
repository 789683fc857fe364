"""One analyzed frame as the input of all models of a job: upright, scaled to the size that each model needs."""

from __future__ import annotations

import threading
from typing import Final

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from frametally.engine.result_entries import ImageSize
from frametally.video.decoding import Image
from frametally.video.orientation import orientation_of

_OPENCV_FLAGS: Final = {"bilinear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}


class Picture:
    """The pixels of one frame. Each size is scaled once and cached; with smoothing, directly from the decoder's planes.

    Only one thread at a time may use a picture.
    """

    def __init__(self, frame: av.VideoFrame) -> None:
        self._frame = frame
        self._orientation = orientation_of(frame)
        self.width_px, self.height_px = self._orientation.size(frame.width, frame.height)
        self._scaled: dict[tuple[int, int, str], Image] = {}

    @property
    def size(self) -> ImageSize:
        return ImageSize(width=self.width_px, height=self.height_px)

    @classmethod
    def of(cls, image: Image) -> Picture:
        """A picture of existing pixels: (height_px, width_px, 3), upright, BGR."""
        return cls(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24"))

    def bgr(self, width_px: int | None = None, height_px: int | None = None, interpolation: str = "antialias") -> Image:
        """(height_px, width_px, 3) pixels, by default at the picture's own size; the array is shared, do not modify.

        `interpolation` is `bilinear` without smoothing, `area`, or `antialias`, bilinear with smoothing.
        """
        size_px = width_px or self.width_px, height_px or self.height_px
        key = (*size_px, "" if size_px == (self.width_px, self.height_px) else interpolation)
        if key not in self._scaled:
            flag = _OPENCV_FLAGS.get(key[2])
            scaled = (
                self._reformatted(*size_px) if flag is None else cv2.resize(self.bgr(), size_px, interpolation=flag)
            )
            self._scaled[key] = scaled.astype(np.uint8, copy=False)
        return self._scaled[key]

    def _reformatted(self, width_px: int, height_px: int) -> Image:
        stored = self._orientation.size(width_px, height_px)
        scaler = _scaler((self._frame.width, self._frame.height, *stored))
        scaled = scaler.reformat(self._frame, *stored, format="bgr24", interpolation="BILINEAR")
        image: Image = scaled.to_ndarray().astype(np.uint8, copy=False)
        return self._orientation.applied_to(image)


_MAX_SCALERS = 16
_thread_local = threading.local()


def _scaler(sizes_px: tuple[int, ...]) -> VideoReformatter:
    """The scaler of this thread for these sizes; it computes its tables once, not for each frame."""
    scalers: dict[tuple[int, ...], VideoReformatter] = vars(_thread_local).setdefault("scalers", {})
    if len(scalers) >= _MAX_SCALERS:
        scalers.clear()
    return scalers.setdefault(sizes_px, VideoReformatter())
