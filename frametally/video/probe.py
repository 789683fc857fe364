"""Probe a video file: size, duration, frame rate and codec, from its index and its first frame."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from msgspec import Struct

from frametally.errors import VideoError
from frametally.video.container import open_video
from frametally.video.decoding import decode, upright
from frametally.video.frame_index import build_index


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
    """Of the display matrix: 0 to 359, counterclockwise."""
    size_bytes: int

    @property
    def fps(self) -> float:
        return float(Fraction(self.frame_rate))

    def planned_count(self, infer_fps: float) -> int:
        """Number of frames that are planned at this rate, from duration and frame count."""
        return min(math.ceil(round(self.duration_s * infer_fps, 3)), self.frame_count)


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
    height_px, width_px = upright(first).shape[:2]
    with open_video(path) as (container, stream):
        mean = Fraction(len(index) - 1, int(index.pts[-1] - index.pts[0])) / index.time_base if len(index) > 1 else None
        rate = stream.average_rate or mean or Fraction(1)
        return VideoInfo(
            container=container.format.name.split(",")[0],
            codec=stream.codec_context.codec.canonical_name,
            width_px=width_px,
            height_px=height_px,
            duration_s=round(index.duration_s, 4),
            frame_rate=str(rate),
            frame_count=max(stream.frames, len(index)),
            rotation_deg=first.rotation % 360,
            size_bytes=path.stat().st_size,
        )
