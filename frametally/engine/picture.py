"""One analyzed frame as the models of a job see it: upright, at whatever size a model wants."""

from __future__ import annotations

import threading

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from frametally.engine.result_entries import ImageSize
from frametally.video.decoding import Image


class Picture:
    """The pixels of one frame; each size is made once, straight from the decoder's planes, for all models that want it.

    One thread works on a picture at a time.
    """

    def __init__(self, frame: av.VideoFrame) -> None:
        self._frame = frame
        self._turns = round(frame.rotation / 90) % 4
        width_px, height_px = frame.width, frame.height
        self.width_px, self.height_px = (height_px, width_px) if self._turns % 2 else (width_px, height_px)
        self._made: dict[tuple[int, int], Image] = {}

    @property
    def size(self) -> ImageSize:
        return ImageSize(width=self.width_px, height=self.height_px)

    @classmethod
    def of(cls, image: Image) -> Picture:
        """A picture of pixels that are there: (height_px, width_px, 3), upright, BGR."""
        return cls(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24"))

    def bgr(self, width_px: int | None = None, height_px: int | None = None) -> Image:
        """(height_px, width_px, 3) pixels, at the picture's own size where none is given; not to be written to."""
        size_px = width_px or self.width_px, height_px or self.height_px
        if size_px not in self._made:
            self._made[size_px] = self._reformatted(*size_px)
        return self._made[size_px]

    def _reformatted(self, width_px: int, height_px: int) -> Image:
        stored = (height_px, width_px) if self._turns % 2 else (width_px, height_px)
        scaler = _scaler((self._frame.width, self._frame.height, *stored))
        scaled = scaler.reformat(self._frame, *stored, format="bgr24", interpolation="BILINEAR")
        image: Image = scaled.to_ndarray().astype(np.uint8, copy=False)
        return np.ascontiguousarray(np.rot90(image, self._turns)) if self._turns else image


_of_thread = threading.local()


def _scaler(sizes_px: tuple[int, ...]) -> VideoReformatter:
    """The thread's own scaler for these sizes: its tables are made once, not for each frame."""
    scalers: dict[tuple[int, ...], VideoReformatter] = vars(_of_thread).setdefault("scalers", {})
    if len(scalers) >= _MAX_SCALERS:
        scalers.clear()
    return scalers.setdefault(sizes_px, VideoReformatter())


_MAX_SCALERS = 16
