"""The pictures of a video in an MP4 file, packet by packet as they are: seconds for an hour, and no quality lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import av
import numpy as np

from frametally.errors import VideoError
from frametally.storage.atomic import check_room, disk_full_explained
from frametally.video.decoding import FrameIndex, build_index, open_video, packet_pts, read_frames

CODECS: Final = ("h264", "hevc", "av1", "vp9", "mpeg4")
"""What MP4 files hold."""
_COMPARED: Final = 8
_CLOCK_S: Final = 0.002
"""How far two containers may round the time of one frame apart: Matroska counts in milliseconds."""
_ENCODE: Final = "Encode it as MP4 (H.264) instead, with any video program."


def can_be_remuxed(codec: str) -> bool:
    """Whether MP4 files hold pictures of this codec."""
    return codec in CODECS


def remux_to_mp4(source: Path, target: Path, on_progress: Callable[[float], object] = lambda _: None) -> None:
    """Write the video's pictures, without its sound, to a new MP4 file that holds the very same frames.

    `on_progress` is told the share done, 0 to 1. Afterwards both files are compared: the time of every frame, and the
    pixels of some from the first to the last.

    Raises:
        VideoError: MP4 does not hold this codec, or the frames do not come out the same; there is no target then.
        DiskFull: there is no room for another file of this size.
    """
    check_room(target.parent, source.stat().st_size)
    before = build_index(source)
    try:
        with disk_full_explained():
            _copy_packets(source, target, before, on_progress)
        if not _same_frames(source, before, target):
            raise VideoError("The pictures of this video do not go into an MP4 file as they are.", _ENCODE)
    except (av.FFmpegError, ValueError) as error:
        target.unlink(missing_ok=True)
        raise VideoError("The pictures of this video do not go into an MP4 file as they are.", _ENCODE) from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _copy_packets(source: Path, target: Path, index: FrameIndex, on_progress: Callable[[float], object]) -> None:
    with open_video(source) as (held, pictures):
        codec = pictures.codec_context.codec.canonical_name
        if not can_be_remuxed(codec):
            raise VideoError(f"MP4 files hold no pictures of the codec {codec}.", _ENCODE)
        with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as made:
            stream = made.add_stream_from_template(pictures, opaque=True)
            done, total = 0, len(index)
            for packet in held.demux(pictures):
                if not packet.size or (packet.dts is None and packet_pts(packet) is None):
                    continue
                packet.stream = stream
                made.mux_one(packet)
                done += 1
                if done % 500 == 0:
                    on_progress(min(done / total, 1.0))
    on_progress(1.0)


def _same_frames(source: Path, before: FrameIndex, target: Path) -> bool:
    after = build_index(target)
    if len(after) != len(before) or np.abs(after.times_s - before.times_s).max() > _CLOCK_S:
        return False
    some = np.unique(np.linspace(0, len(before) - 1, _COMPARED).astype(int)).tolist()
    old, new = dict(read_frames(source, before, some)), dict(read_frames(target, after, some))
    return old.keys() == new.keys() and all(np.array_equal(old[at], new[at]) for at in old)
