"""A small JPEG of one frame of a stored video, made once and kept beside it.

videos/<sha256>/thumbnail.jpg     empty if no frame can be decoded
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
import cv2

from frametally.errors import VideoError
from frametally.library.video_store import StoredVideo
from frametally.storage.atomic import write_bytes
from frametally.storage.cached_files import fetched, kept
from frametally.video.container import open_video
from frametally.video.decoding import Image, decode
from frametally.video.displayed_frame import pixel_aspect_of, thumbnail

HEIGHT_PX: Final = 108
"""Twice the height in the list, for screens with small pixels."""
_AT_SHARE: Final = 0.1
"""Which part of the video is skipped: many begin with a black or blurred picture."""
_NAME = "thumbnail.jpg"
_JPEG_QUALITY = 72


def thumbnail_file(video: StoredVideo) -> Path | None:
    """The JPEG file, which is made now if there is none yet; None if no frame of the video can be decoded."""
    path = fetched(video.place.with_name(_NAME), is_optional=True)
    if not path.exists():
        write_bytes(path, _jpeg_of(video), sync=False)
        kept(path)
    return path if path.stat().st_size else None


def _jpeg_of(video: StoredVideo) -> bytes:
    try:
        picture = _frame_at(video, _AT_SHARE) if video.info.frame_count > 1 else None
        picture = _frame_at(video, None) if picture is None else picture
    except VideoError:
        return b""
    if picture is None:
        return b""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return data.tobytes()


def _frame_at(video: StoredVideo, share: float | None) -> Image | None:
    """The keyframe before this share of the duration, the first frame if None; None if it cannot be decoded."""
    with open_video(video.place) as (container, stream):
        pixel_aspect = pixel_aspect_of(stream)
        if share is None:
            frame = next(iter(decode(video.place)), None)
        else:
            frame = _sought(container, stream, video.info.duration_s * share)
        return None if frame is None else thumbnail(frame, pixel_aspect, HEIGHT_PX)


def _sought(container: av.container.InputContainer, stream: av.VideoStream, time_s: float) -> av.VideoFrame | None:
    try:
        time = int(time_s / stream.time_base) if stream.time_base else 0
        container.seek((stream.start_time or 0) + time, stream=stream)
        return next(container.decode(stream), None)
    except av.FFmpegError:
        return None
