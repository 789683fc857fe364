"""The pictures of a copy: as a player shows the original, in 8 bits and 4:2:0, at most 1080 pixels high."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange

from frametally.video.decoding import Image
from frametally.video.displayed_frame import displayed, square_size
from frametally.video.orientation import UPRIGHT, orientation_of
from frametally.video.tone_mapping import is_hdr

MAX_SHORT_PX: Final = 1080
"""Maximum length of the shorter side; smaller pictures are not enlarged."""
MAX_LONG_PX: Final = 4096
"""Maximum length of the longer side: decoders of H.264 in browsers accept no more."""
_BT709: Final = 1


class CopiedPicture:
    """Size and color matrix of a copy, from the first frame of the original; all frames are brought to them."""

    def __init__(self, first: av.VideoFrame, pixel_aspect: Fraction) -> None:
        self._pixel_aspect = pixel_aspect
        self._stored_wh = (first.width, first.height)
        self.width_px, self.height_px = copied_size(
            *orientation_of(first).size(*square_size(first.width, first.height, pixel_aspect))
        )
        self.colorspace = int(first.colorspace) if self._is_plain(first) else _BT709

    def of(self, frame: av.VideoFrame) -> av.VideoFrame:
        """A new frame without times, flags and side data of the original."""
        if self._is_plain(frame):
            # The matrix is kept, so that only the range and the depth change.
            scaled = frame.reformat(
                self.width_px, self.height_px, format="yuv420p", interpolation="AREA", dst_color_range=ColorRange.MPEG
            )
        else:
            image = self._framed(displayed(frame, self._pixel_aspect).image)
            scaled = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(
                format="yuv420p", dst_colorspace=self.colorspace, dst_color_range=ColorRange.MPEG
            )
        return _without_metadata(scaled)

    def _is_plain(self, frame: av.VideoFrame) -> bool:
        """Whether scaling its planes is enough."""
        has_same_size = (frame.width, frame.height) == self._stored_wh
        return has_same_size and not frame.format.is_rgb and not is_hdr(frame) and orientation_of(frame) == UPRIGHT

    def _framed(self, image: Image) -> Image:
        """The picture in the size of the copy; with black bars if it has another shape."""
        height_px, width_px = image.shape[:2]
        scale = min(self.width_px / width_px, self.height_px / height_px)
        # One pixel may be missing, because sides are even: the picture is stretched by it.
        inner_wh = [
            side if side - round(length * scale) < 2 else round(length * scale)
            for side, length in ((self.width_px, width_px), (self.height_px, height_px))
        ]
        resized = cv2.resize(image, inner_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        down, right = self.height_px - inner_wh[1], self.width_px - inner_wh[0]
        bars = down // 2, down - down // 2, right // 2, right - right // 2
        return np.asarray(cv2.copyMakeBorder(resized, *bars, cv2.BORDER_CONSTANT, value=(0, 0, 0)), np.uint8)


def copied_size(width_px: int, height_px: int) -> tuple[int, int]:
    """Size of the copy of a video that is displayed at this size: even sides."""
    short, long = sorted((width_px, height_px))
    factor = min(Fraction(MAX_SHORT_PX, short), Fraction(MAX_LONG_PX, long), Fraction(1))
    return _even(width_px * factor), _even(height_px * factor)


def _even(side: Fraction) -> int:
    return max(round(side / 2) * 2, 2)


def _without_metadata(frame: av.VideoFrame) -> av.VideoFrame:
    planes: Any = frame.to_ndarray()
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")
