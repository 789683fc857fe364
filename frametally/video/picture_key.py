"""Identify the picture of a frame, for caches and for everything that is stored about a picture."""

from __future__ import annotations

from msgspec import Struct

from frametally.video.frame_index import FrameIndex


class PictureKey(Struct, frozen=True):
    """The video and the time of a frame in it; the same for all jobs with this video, at every analysis rate."""

    video: str
    """The video's sha256; `job:<job id>` for a video that is not stored here."""
    time: int
    """The frame's pts in the time base of the video; its frame index for a video that is not stored here."""


def picture_key(video_sha256: str, index: FrameIndex, position: int) -> PictureKey:
    """The key of the frame with this display index in a stored video.

    Raises:
        IndexError: the video has no such frame.
    """
    return PictureKey(video_sha256, int(index.pts[position]))


def picture_key_of_job(job_id: str, frame_index: int) -> PictureKey:
    """The key of a frame of a job whose video is not stored here: its pts is not known."""
    return PictureKey(f"job:{job_id}", frame_index)
