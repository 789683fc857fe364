"""A frame as a player shows it: upright, with square pixels, in SDR."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

import av
import numpy as np

from frametally.errors import VideoError
from frametally.video.container import open_video
from frametally.video.decoding import Image, decode
from frametally.video.orientation import Orientation, orientation_of
from frametally.video.tone_mapping import is_hdr, sdr

SQUARE: Final = Fraction(1)
MAX_SIDE_PX: Final = 8192
"""Pictures are not enlarged beyond it to make their pixels square."""
_MAX_THUMBNAIL_PX: Final = 4096
_MAX_ASPECT: Final = 16


class DisplayedFrame(NamedTuple):
    """Pixels of a frame, and how they were made of the stored ones."""

    image: Image
    """(height_px, width_px, 3) BGR, upright, with square pixels."""
    analyzed_wh: tuple[int, int]
    """Width and height of the upright frame with its own pixels: what models see and coordinates refer to."""
    orientation: Orientation
    is_tone_mapped: bool
    """Whether colors were mapped from HDR; models saw the frame without it."""


def pixel_aspect_of(stream: Any) -> Fraction:
    """Width by height of the stored pixels (sample aspect ratio); 1 if the file has none or one that makes no sense."""
    aspect: Fraction | None = stream.sample_aspect_ratio
    return aspect if aspect and Fraction(1, _MAX_ASPECT) <= aspect <= _MAX_ASPECT else SQUARE


def displayed(frame: av.VideoFrame, pixel_aspect: Fraction = SQUARE) -> DisplayedFrame:
    """The frame of a stream with this `pixel_aspect_of`. The shorter side is enlarged; no pixel is lost."""
    orientation = orientation_of(frame)
    image = _pixels(frame, *square_size(frame.width, frame.height, pixel_aspect))
    wh = orientation.size(frame.width, frame.height)
    return DisplayedFrame(orientation.applied_to(image), wh, orientation, is_hdr(frame))


def thumbnail(frame: av.VideoFrame, pixel_aspect: Fraction, height_px: int) -> Image:
    """The displayed frame at this height; very wide ones get a lower height, so that no side exceeds 4096 px."""
    orientation = orientation_of(frame)
    shown_px = square_size(frame.width, frame.height, pixel_aspect)
    factor = min(height_px / orientation.size(*shown_px)[1], _MAX_THUMBNAIL_PX / max(shown_px))
    width, height = (max(round(side * factor), 1) for side in shown_px)
    return orientation.applied_to(_pixels(frame, width, height, "AREA"))


def first_displayed(path: Path) -> DisplayedFrame:
    """The first frame that can be decoded.

    Raises:
        VideoError: the file cannot be read as a video, or none of its frames can be decoded.
    """
    with open_video(path) as (_, stream):
        pixel_aspect = pixel_aspect_of(stream)
    frame = next(iter(decode(path)), None)
    if frame is None:
        raise VideoError("No frame of the video can be decoded.", "Convert it to MP4 (H.264) and try again.")
    return displayed(frame, pixel_aspect)


def square_size(width_px: int, height_px: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """Size with square pixels of a stored picture, in the same orientation."""
    if pixel_aspect == SQUARE:
        return width_px, height_px
    width, height = width_px * max(pixel_aspect, SQUARE), height_px / min(pixel_aspect, SQUARE)
    factor = min(Fraction(max(MAX_SIDE_PX, width_px, height_px)) / max(width, height), SQUARE)
    return max(round(width * factor), 1), max(round(height * factor), 1)


def _pixels(frame: av.VideoFrame, width_px: int, height_px: int, interpolation: str = "BILINEAR") -> Image:
    """(height_px, width_px, 3) BGR in SDR, as stored."""
    if is_hdr(frame):
        return sdr(frame, width_px, height_px)
    if (width_px, height_px) == (frame.width, frame.height):
        return frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    scaled = frame.reformat(width_px, height_px, format="bgr24", interpolation=interpolation)
    return scaled.to_ndarray().astype(np.uint8, copy=False)
