"""Copy the video stream of a file into an MP4 container without re-encoding: lossless, in seconds per hour of video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from frametally.errors import VideoError
from frametally.storage.space import check_room, explain_disk_full
from frametally.video.coding.h264 import FieldPairing
from frametally.video.container import numbered, open_video, packets_of
from frametally.video.frame_index import FrameIndex, build_index
from frametally.video.frame_reader import read_frames

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
        samples = _samples(original, video, index)
        with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as copy:
            stream = copy.add_stream_from_template(video, opaque=True)
            for done, sample in enumerate(samples):
                sample.stream = stream
                copy.mux_one(sample)
                if done % _PROGRESS_EVERY == 0:
                    on_progress(min(done / len(index), 1.0))
    on_progress(1.0)


def _samples(original: Any, video: Any, index: FrameIndex) -> Iterator[Any]:
    """The packets of all frames, one per frame, with the times of the index from 0 on.

    Decoding times are the presentation times in ascending order, moved back by as much as reordering needs, so that
    they ascend across joined recordings and clocks that wrap. Only packets of MP4 files keep their own times, because
    of packets that an edit list hides.
    """
    codec = video.codec_context
    fields = FieldPairing(codec.extradata) if codec.codec.canonical_name == "h264" else None
    positions, start_pts = index.positions_of_packets, int(index.pts[0])
    delay = int(np.max(index.pts - index.pts[positions[np.sort(index.packets)]], initial=0))
    decoding_times = iter((index.pts - start_pts - delay).tolist())
    keeps_times = original.format.name.startswith("mov")
    before: Any = None
    for number, packet in numbered(packets_of(original, video)):
        if not packet.size or (packet.dts is None and packet.pts is None and keeps_times):
            continue
        if fields is not None and fields.is_second_field(memoryview(packet)) and before is not None:
            before = joined(before, packet)
            continue
        position = int(positions[number]) if number < len(positions) else -1
        if position < 0 and not keeps_times:
            continue
        if before is not None:
            yield before
        before = packet
        if not keeps_times:
            packet.pts, packet.dts = int(index.pts[position]) - start_pts, next(decoding_times)
            packet.duration = _duration(index, position)
    if before is not None:
        yield before


def _duration(index: FrameIndex, position: int) -> int:
    is_last = position + 1 == len(index)
    return (index.held_end_pts if is_last else int(index.pts[position + 1])) - int(index.pts[position])


def joined(first: Any, second: Any) -> Any:
    """One packet with the data of two fields."""
    both: Any = av.Packet(bytes(first) + bytes(second))
    both.pts, both.dts, both.duration = first.pts, first.dts, max(first.duration, 2 * (second.duration or 0))
    both.time_base, both.is_keyframe = first.time_base, first.is_keyframe
    return both


def _has_same_frames(source: Path, before: FrameIndex, target: Path) -> bool:
    after = build_index(target)
    if len(after) != len(before) or np.abs(after.times_s - before.times_s).max() > _TOLERANCE_S:
        return False
    some = np.unique(np.linspace(0, len(before) - 1, _COMPARED_FRAMES).astype(int)).tolist()
    old, new = dict(read_frames(source, before, some)), dict(read_frames(target, after, some))
    return old.keys() == new.keys() and all(np.array_equal(old[at], new[at]) for at in old)
