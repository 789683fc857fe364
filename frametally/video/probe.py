"""What a video file is: its size, length, rate and codec, found out by reading its index and decoding one frame."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from msgspec import Struct

from frametally.errors import VideoError
from frametally.video.decoding import build_index, decode, open_video, upright


class VideoInfo(Struct, frozen=True, kw_only=True):
    """What a probe finds out. Sizes are as shown, after rotation."""

    container: str
    codec: str
    width_px: int
    height_px: int
    duration_s: float
    frame_rate: str
    """Average frames per second as an exact fraction: `179/6`."""
    frame_count: int
    """Frames that the file holds (that its header promises, where it was cut short)."""
    rotation_deg: int
    size_bytes: int

    @property
    def fps(self) -> float:
        return float(Fraction(self.frame_rate))

    def planned_count(self, infer_fps: float) -> int:
        """How many frames are analyzed at this rate."""
        return min(math.ceil(round(self.duration_s * infer_fps, 3)), self.frame_count)


def probe(path: Path) -> VideoInfo:
    """What the file is, found out by reading its index and decoding its first frame.

    Raises:
        VideoError: it is no video that can be read; the message says why.
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
