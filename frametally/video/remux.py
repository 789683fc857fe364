"""Copy the video stream of a file into an MP4 container without re-encoding: lossless, in seconds per hour of video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import av
import numpy as np

from frametally.errors import VideoError
from frametally.storage.space import check_room, explain_disk_full
from frametally.video.container import open_video, packet_pts
from frametally.video.decoding import read_frames
from frametally.video.frame_index import FrameIndex, build_index

CODECS: Final = ("h264", "hevc", "av1", "vp9", "mpeg4")
"""Codecs that MP4 can contain."""
_COMPARED_FRAMES: Final = 8
_TOLERANCE_S: Final = 0.002
"""How much the time of a frame may differ between two containers: Matroska rounds to milliseconds."""
_ENCODE: Final = "Encode it as MP4 (H.264) with a video converter instead."
_NOT_POSSIBLE: Final = "This video cannot be converted to MP4 without re-encoding."
_PROGRESS_EVERY: Final = 500


def can_be_remuxed(codec: str) -> bool:
    """Whether MP4 can contain this codec."""
    return codec in CODECS


def remux_to_mp4(source: Path, target: Path, on_progress: Callable[[float], object] = lambda _: None) -> None:
    """Write the video stream to a new MP4 file with exactly the same frames; audio is dropped.

    `on_progress` receives the share done, 0 to 1. The result is verified: the time of every frame, and the pixels of
    a few from the first to the last. On any error the target is removed.

    Raises:
        VideoError: the source cannot be read, MP4 cannot contain its codec, or the frames differ after the copy.
        DiskFull: there is not enough space for another file of this size.
    """
    check_room(target.parent, source.stat().st_size)
    before = build_index(source)
    try:
        with explain_disk_full():
            _copy_packets(source, target, before, on_progress)
        if not _has_same_frames(source, before, target):
            raise VideoError(_NOT_POSSIBLE, _ENCODE)
    except (av.FFmpegError, ValueError) as error:
        target.unlink(missing_ok=True)
        raise VideoError(_NOT_POSSIBLE, _ENCODE) from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _copy_packets(source: Path, target: Path, index: FrameIndex, on_progress: Callable[[float], object]) -> None:
    with open_video(source) as (original, video):
        codec = video.codec_context.codec.canonical_name
        if not can_be_remuxed(codec):
            raise VideoError(f"MP4 cannot contain the codec {codec}.", _ENCODE)
        with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as copy:
            stream = copy.add_stream_from_template(video, opaque=True)
            done, total = 0, len(index)
            for packet in original.demux(video):
                if not packet.size or (packet.dts is None and packet_pts(packet) is None):
                    continue
                packet.stream = stream
                copy.mux_one(packet)
                done += 1
                if done % _PROGRESS_EVERY == 0:
                    on_progress(min(done / total, 1.0))
    on_progress(1.0)


def _has_same_frames(source: Path, before: FrameIndex, target: Path) -> bool:
    after = build_index(target)
    if len(after) != len(before) or np.abs(after.times_s - before.times_s).max() > _TOLERANCE_S:
        return False
    some = np.unique(np.linspace(0, len(before) - 1, _COMPARED_FRAMES).astype(int)).tolist()
    old, new = dict(read_frames(source, before, some)), dict(read_frames(target, after, some))
    return old.keys() == new.keys() and all(np.array_equal(old[at], new[at]) for at in old)
