"""Cut a part out of a video without re-encoding.

A copy can only begin with a keyframe, and ends where no later frame is needed any more; the frames between are exactly
those of the video, and so are the times between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

from frametally.errors import VideoError
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full
from frametally.video.coding.h264 import FieldPairing
from frametally.video.frame_index import FrameIndex, build_index
from frametally.video.frame_reader import FrameReader, read_frames
from frametally.video.remux import can_be_remuxed, joined

MAX_CLIP_S: Final = 600.0
"""A clip is a moment, not a copy of the video."""
_TOLERANCE_S: Final = 0.002
_COMPARED_FRAMES: Final = 4
_WHAT: Final = "this clip"
_NOT_POSSIBLE: Final = "This part of the video cannot be cut without re-encoding."
_NEXT_STEP: Final = "Convert the video to MP4 (H.264), or choose a part that begins earlier."


@dataclass(frozen=True)
class Clip:
    """What a clip contains, in seconds after the first frame of the video."""

    start_s: float
    """Of its first frame, a keyframe."""
    end_s: float
    """End of its last frame."""
    earlier_s: float
    """How much it begins before the requested time."""
    frames: int


def cut_clip(source: Path, index: FrameIndex, start_s: float, end_s: float, target: Path) -> Clip:
    """Write the frames from `start_s` to `end_s` to a new MP4 file, beginning with the keyframe before; without audio.

    The result is verified: the time of every frame, and the pixels of a few. On any error the target is removed.

    Raises:
        VideoError: it is longer than `MAX_CLIP_S`, MP4 cannot contain its codec, or this part cannot be decoded alone.
        DiskFull: there is not enough space.
    """
    if end_s - start_s > MAX_CLIP_S:
        raise VideoError(f"A clip has at most {MAX_CLIP_S / 60:.0f} minutes.", "Choose a shorter moment.")
    first, last = _positions(index, start_s, end_s)
    keyframe = index.keyframe_before(int(index.pts[first]))
    try:
        # A recovery point is a keyframe that may need the frames before it: then the previous keyframe is the start.
        for at in (keyframe, keyframe - 1):
            if at >= 0 and (clip := _cut(source, index, at, (first, last), target)) is not None:
                return clip
    except (av.FFmpegError, ValueError) as error:
        target.unlink(missing_ok=True)
        raise VideoError(_NOT_POSSIBLE, _NEXT_STEP) from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    target.unlink(missing_ok=True)
    raise VideoError(_NOT_POSSIBLE, _NEXT_STEP)


def earlier_s(index: FrameIndex, start_s: float) -> float:
    """How much a clip begins before this time: the keyframe before."""
    first, _ = _positions(index, start_s, start_s)
    keyframe = max(index.keyframe_before(int(index.pts[first])), 0)
    return max(float((index.pts[first] - index.keyframes[keyframe, 0]) * index.time_base), 0.0)


def _positions(index: FrameIndex, start_s: float, end_s: float) -> tuple[int, int]:
    """Display indices of the frames that are shown at both times."""
    first, last = np.searchsorted(index.times_s, (start_s + 1e-6, end_s + 1e-6), side="right") - 1
    return max(int(first), 0), max(int(last), int(first), 0)


def _cut(source: Path, index: FrameIndex, keyframe: int, wanted: tuple[int, int], target: Path) -> Clip | None:
    """The clip from this keyframe on; None if it has other frames than the video."""
    begin = int(np.searchsorted(index.pts, index.keyframes[keyframe, 0]))
    numbers = _numbers(index, begin, wanted[1])
    positions = np.sort(index.positions_of_packets[numbers]).astype(np.int64)
    check_room(target.parent, _size_bytes(source, index, len(numbers)), _WHAT, TRY_AGAIN)
    with explain_disk_full(_WHAT, TRY_AGAIN), closing(FrameReader(source, index, threads=1)) as reader:
        codec = reader.stream.codec_context.codec.canonical_name
        if not can_be_remuxed(codec):
            raise VideoError(f"MP4 cannot contain the codec {codec}.", _NEXT_STEP)
        _copy(reader, keyframe, numbers, target)
    if not _has_same_frames(source, index, positions, wanted[0], target):
        return None
    last = int(positions[-1])
    end_pts = index.held_end_pts if last + 1 == len(index) else int(index.pts[last + 1])
    start_s = float(index.times_s[begin])
    return Clip(
        start_s=start_s,
        end_s=float((end_pts - int(index.pts[0])) * index.time_base),
        earlier_s=float(index.times_s[wanted[0]]) - start_s,
        frames=len(positions),
    )


def _numbers(index: FrameIndex, begin: int, last: int) -> npt.NDArray[np.int32]:
    """(m,) numbers of the packets to copy, ascending: those of the frames, and of later ones that are stored before."""
    while True:
        end = int(index.packets[begin : last + 1].max())
        numbers = np.sort(index.packets[(index.packets >= index.packets[begin]) & (index.packets <= end)])
        numbers = numbers[index.positions_of_packets[numbers] >= begin]
        reached = int(index.positions_of_packets[numbers].max())
        if reached <= last:
            return np.asarray(numbers)
        last = reached


def _copy(reader: FrameReader, keyframe: int, numbers: npt.NDArray[np.int32], target: Path) -> None:
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as copy:
        stream = copy.add_stream_from_template(reader.stream, opaque=True)
        for sample in _samples(reader, keyframe, numbers):
            sample.stream = stream
            copy.mux_one(sample)


def _samples(reader: FrameReader, keyframe: int, numbers: npt.NDArray[np.int32]) -> Iterator[Any]:
    """The packets with their times, from 0 on; as in `remux`, decoding times are the presentation times in order."""
    index, codec = reader.index, reader.stream.codec_context
    fields = FieldPairing(codec.extradata) if codec.codec.canonical_name == "h264" else None
    pts = index.pts[index.positions_of_packets[numbers]]
    pts = pts - pts.min()
    dts = np.sort(pts)
    dts = dts - int((dts - pts).max())
    times = dict(zip(numbers.tolist(), zip(pts.tolist(), dts.tolist(), strict=True), strict=True))
    before: Any = None
    for number, packet in reader.packets_from(keyframe):
        is_second = bool(packet.size and fields is not None and fields.is_second_field(memoryview(packet)))
        if is_second and before is not None:
            before = joined(before, packet)
            continue
        if before is not None:
            yield before
            before = None
        if number > int(numbers[-1]):
            return
        if packet.size and number in times:
            before, (packet.pts, packet.dts) = packet, times[number]
            packet.duration = _duration(index, number)
    if before is not None:
        yield before


def _duration(index: FrameIndex, number: int) -> int:
    position = int(index.positions_of_packets[number])
    is_last = position + 1 == len(index)
    return (index.held_end_pts if is_last else int(index.pts[position + 1])) - int(index.pts[position])


def _has_same_frames(
    source: Path, index: FrameIndex, positions: npt.NDArray[np.int64], first: int, target: Path
) -> bool:
    made = build_index(target)
    times_s = index.times_s[positions]
    if len(made) != len(positions) or np.abs(made.times_s - (times_s - times_s[0])).max() > _TOLERANCE_S:
        return False
    begin = int(np.searchsorted(positions, first))
    some = np.unique(np.linspace(begin, len(positions) - 1, _COMPARED_FRAMES).astype(int))
    old = dict(read_frames(source, index, positions[some].tolist()))
    new = dict(read_frames(target, made, some.tolist()))
    if not old or old.keys() != set(positions[some].tolist()) or new.keys() != set(some.tolist()):
        return False
    return all(np.array_equal(old[int(positions[at])], new[at]) for at in some.tolist())


def _size_bytes(source: Path, index: FrameIndex, frames: int) -> int:
    """About the size of so many frames."""
    return source.stat().st_size * frames // max(len(index), 1)
