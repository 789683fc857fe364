"""Conversion of a stored video to MP4 without re-encoding; the result is stored as a video of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from frametally.library.library import Library
from frametally.library.video_store import StoredVideo
from frametally.video.remux import remux_to_mp4


def convert_to_mp4(
    library: Library, video: StoredVideo, on_progress: Callable[[float], object] = lambda _: None, *, actor: str | None
) -> StoredVideo:
    """Store an MP4 version of the video, with the same frames and the suffix `.mp4`; audio is dropped.

    `on_progress` receives the share done, 0 to 1.

    Raises:
        VideoError: MP4 cannot contain its codec, or the frames differ after the copy.
        MediaError: the disk has no room for the copy.
    """
    with library.uploads.scratch() as folder:
        path = folder / "video.mp4"
        remux_to_mp4(video.path, path, on_progress)
        return library.add(path, f"{Path(video.file_name).stem}.mp4", actor=actor)
