"""Probe a video file: size, duration, frame rate and codec, from its index and its first frame."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from msgspec import Struct

from frametally.contract import INDEX_VERSION
from frametally.errors import VideoError
from frametally.video.container import open_video
from frametally.video.decoding import decode
from frametally.video.displayed_frame import pixel_aspect_of, square_size
from frametally.video.frame_index import FrameIndex, build_index
from frametally.video.orientation import orientation_of
from frametally.video.tone_mapping import is_hdr

_SAME_RATE = 0.005
"""Relative difference between a declared rate and times that are rounded to milliseconds."""


class VideoInfo(Struct, frozen=True, kw_only=True):
    """Properties of a video file; container and codec by their FFmpeg names, width and height after rotation."""

    container: str
    codec: str
    width_px: int
    height_px: int
    duration_s: float
    frame_rate: str
    """Average frames per second as an exact fraction: `179/6`."""
    frame_count: int
    """Frames in the file; for a truncated file, those that its header declares."""
    rotation_deg: int
    """Of the display matrix: 0 to 270, counterclockwise."""
    size_bytes: int
    is_mirrored: bool = False
    """Whether left and right are exchanged before the rotation."""
    pixel_aspect: str = "1"
    """Width by height of the stored pixels as an exact fraction: `64/45`."""
    is_hdr: bool = False
    """Whether colors are PQ or HLG."""
    index_version: int = 1
    """`INDEX_VERSION` of the index that duration, rate and count come from."""

    @property
    def fps(self) -> float:
        return float(Fraction(self.frame_rate))

    @property
    def displayed_wh(self) -> tuple[int, int]:
        """Width and height at which a player shows it, with square pixels."""
        is_turned = self.rotation_deg % 180 == 90
        aspect = Fraction(self.pixel_aspect)
        return square_size(self.width_px, self.height_px, 1 / aspect if is_turned else aspect)

    def planned_count(self, infer_fps: float) -> int:
        """Number of frames that are planned at this rate, from duration and frame count; at least one."""
        return min(max(math.ceil(round(self.duration_s * infer_fps, 3)), 1), self.frame_count)


def probe(path: Path) -> VideoInfo:
    """Read the properties of a video; decodes its first frame.

    Raises:
        VideoError: the file cannot be read as a video; the message gives the reason.
    """
    if path.stat().st_size == 0:
        raise VideoError("The file is empty.", "Choose the video again; the copy may have failed.")
    index = build_index(path)
    first = next(iter(decode(path)), None)
    if first is None:
        raise VideoError("No frame of the video can be decoded.", "Convert it to MP4 (H.264) and try again.")
    orientation = orientation_of(first)
    width_px, height_px = orientation.size(first.width, first.height)
    with open_video(path) as (container, stream):
        return VideoInfo(
            container=container.format.name.split(",")[0],
            codec=stream.codec_context.codec.canonical_name,
            width_px=width_px,
            height_px=height_px,
            duration_s=round(index.duration_s, 4),
            frame_rate=str(frame_rate(index, stream.average_rate)),
            frame_count=index.declared_count,
            rotation_deg=orientation.rotation_deg,
            size_bytes=path.stat().st_size,
            is_mirrored=orientation.is_mirrored,
            pixel_aspect=str(pixel_aspect_of(stream)),
            is_hdr=is_hdr(first),
            index_version=INDEX_VERSION,
        )


def frame_rate(index: FrameIndex, declared: Fraction | None) -> Fraction:
    """Mean frames per second of the index; the declared rate where it is the same number before rounding of times."""
    mean = index.rate
    if declared and (mean is None or abs(declared / mean - 1) < _SAME_RATE):
        return declared
    return (mean or Fraction(1)).limit_denominator(1001) or mean or Fraction(1)
