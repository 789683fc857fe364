"""The picture of an annotated video: one size for all frames, also where the frames of the source change theirs."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av
import cv2
import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.rendering.annotate import enlargement
from frametally.video.decoding import Image
from frametally.video.displayed_frame import MAX_SIDE_PX, displayed, square_size
from frametally.video.orientation import UPRIGHT, orientation_of
from frametally.video.tone_mapping import is_hdr

MIN_WIDTH_PX: Final = 640
"""Narrower videos are enlarged, so that labels are readable."""
_JPEG_RANGE: Final = 2
_BT601: Final = 6
"""SMPTE 170M: the color matrix with which OpenCV converts."""
_LIKE_BT601: Final = (2, 5, _BT601)
"""Color matrices (ITU-T H.273) that equal it or are converted as it."""


def sizes_vary(view: View) -> bool:
    """Whether the analyzed pictures of the view have several sizes."""
    return len(np.unique(_sizes(view), axis=0)) > 1


class Canvas:
    """Size and color matrix of an annotated video, from its first frame and from the sizes of the analyzed frames."""

    def __init__(self, first: av.VideoFrame, pixel_aspect: Fraction, view: View) -> None:
        self.pixel_aspect = pixel_aspect
        self._wh = _largest_wh(first, pixel_aspect, view)
        factor = enlargement(*self._wh, MIN_WIDTH_PX)
        self.width_px, self.height_px = (side * factor + side * factor % 2 for side in self._wh)
        self.colorspace = int(first.colorspace) if self.is_plain(first) else _BT601

    def is_plain(self, frame: av.VideoFrame) -> bool:
        """Whether the planes can be used as they are: nothing to turn, convert, pad or scale."""
        is_420 = frame.format.name == "yuv420p" and frame.color_range != _JPEG_RANGE and not is_hdr(frame)
        fits = (frame.width, frame.height) == (self.width_px, self.height_px)
        return is_420 and fits and self.pixel_aspect == 1 and orientation_of(frame) == UPRIGHT

    def picture(self, frame: av.VideoFrame) -> Image:
        """The displayed frame in BGR, scaled to fit; its shape is kept. OpenCV converts plain planes without loss."""
        if self.is_plain(frame):
            return np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
        image = displayed(frame, self.pixel_aspect).image
        height_px, width_px = image.shape[:2]
        if (width_px, height_px) == self._wh:
            factor = enlargement(width_px, height_px, MIN_WIDTH_PX)
            return image if factor == 1 else _resized(image, width_px * factor, height_px * factor)
        scale = min(self.width_px / width_px, self.height_px / height_px)
        return _resized(image, max(round(width_px * scale), 1), max(round(height_px * scale), 1))

    def planes(self, image: Image) -> Image:
        """(height_px * 3 / 2, width_px) planes in the order Y, U, V of a picture of at most this size, centered."""
        framed = self._framed(image)
        if self.colorspace in _LIKE_BT601:
            return np.asarray(cv2.cvtColor(framed, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(framed, format="bgr24")
        return frame.reformat(format="yuv420p", dst_colorspace=self.colorspace).to_ndarray().astype(np.uint8)

    def _framed(self, image: Image) -> Image:
        """The picture with black bars; a missing last row or column (4:2:0 requires even sides) is repeated."""
        down, right = self.height_px - image.shape[0], self.width_px - image.shape[1]
        if not down and not right:
            return image
        if max(down, right) == 1:
            return np.asarray(cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)
        top, left = down // 2, right // 2
        bars = top, down - top, left, right - left
        return np.asarray(cv2.copyMakeBorder(image, *bars, cv2.BORDER_CONSTANT, value=(0, 0, 0)), np.uint8)


def _largest_wh(first: av.VideoFrame, pixel_aspect: Fraction, view: View) -> tuple[int, int]:
    """Displayed size of the largest analyzed picture if their sizes vary, else of the first frame."""
    orientation = orientation_of(first)
    shown = orientation.size(*square_size(first.width, first.height, pixel_aspect))
    sizes = np.unique(_sizes(view), axis=0)
    if len(sizes) < 2:
        return shown
    width, height = (round(side) for side in sizes[sizes.prod(axis=1).argmax()].tolist())
    if not 0 < max(width, height) <= MAX_SIDE_PX:
        return shown
    largest = orientation.size(*square_size(*orientation.size(width, height), pixel_aspect))
    return max(shown, largest, key=lambda wh: wh[0] * wh[1])


def _sizes(view: View) -> npt.NDArray[np.float32]:
    """(k, 2) width and height of the analyzed pictures in the view whose size is known."""
    sizes = view.table.image_wh[view.entries.start : view.entries.stop]
    return sizes[np.isfinite(sizes).all(axis=1)]


def _resized(image: Image, width_px: int, height_px: int) -> Image:
    shrinks = width_px < image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width_px, height_px), interpolation=how), dtype=np.uint8)
