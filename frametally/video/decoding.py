"""A video file and its exact frames, with PyAV. Time comes from pts, a frame from its display order.

Files come from strangers: only known containers are opened, only from the local file itself (a playlist inside a
`.mp4` must not make the demuxer open other files or addresses).
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

from frametally.errors import OutOfMemory, VideoError
from frametally.video.h264 import is_intra

Image = npt.NDArray[np.uint8]
"""A picture as it is shown, upright: (height_px, width_px, 3), BGR as OpenCV and supervision have it."""

MAX_PIXELS: Final = 8192 * 8192
"""Of one picture; a small file can promise pictures that fill the memory."""
MAX_FRAMES: Final = 20_000_000
"""That a file holds or promises, and of entries: a week at 30 frames per second has 18 million."""
_NO_MEMORY: Final = (av.error.MemoryError, av.error.BlockingIOError)
"""The second: no thread was to be had, for want of memory too."""
_OPEN_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpegts",
    "protocol_whitelist": "file",
}


class FrameIndex:
    """Every frame of a file in display order: when it is shown, and from where it can be decoded."""

    def __init__(
        self,
        pts: npt.NDArray[np.int64],
        time_base: Fraction,
        *,
        held_end_pts: int,
        end_pts: int,
        keyframes: npt.NDArray[np.int64],
    ) -> None:
        self.pts = pts
        """(n,) int64, ascending, in units of `time_base`."""
        self.time_base = time_base
        self.held_end_pts = held_end_pts
        """Where the last frame that the file holds ends."""
        self.end_pts = end_pts
        """The same, or the end that the header promises if that is later."""
        self.keyframes = keyframes
        """(k, 2) pts and dts of each frame that decoding can begin at, ascending."""

    def __len__(self) -> int:
        return len(self.pts)

    @cached_property
    def times_s(self) -> npt.NDArray[np.float64]:
        """(n,) seconds after the first frame."""
        return np.asarray((self.pts - self.pts[0]) * float(self.time_base), dtype=np.float64)

    @property
    def duration_s(self) -> float:
        return float((self.end_pts - int(self.pts[0])) * self.time_base)

    def position_of(self, pts: int) -> int | None:
        """The display index of the frame with exactly this pts; None where there is none."""
        at = int(np.searchsorted(self.pts, pts))
        return at if at < len(self.pts) and self.pts[at] == pts else None


def plan_frames(index: FrameIndex, infer_fps: float) -> npt.NDArray[np.int64]:
    """Which frames are analyzed: (m,) display indices, ascending, no frame twice.

    Entry i is the frame whose pts is nearest to i / `infer_fps` seconds after the first frame's, the earlier one on
    a tie (contract: the engine's rule). Where the file was cut short, the indices go on at its mean frame distance
    up to the end that its header promises; nothing can be decoded there, so those entries are null.

    Raises:
        VideoError: the header promises more than any video has.
    """
    rate = Fraction(infer_fps).limit_denominator(1001)
    pts = _with_promised_frames(index)
    unit = index.time_base.numerator * rate.numerator
    step = index.time_base.denominator * rate.denominator
    entries = -(-(index.end_pts - int(pts[0])) * unit // step)
    _check_count(entries)
    targets = np.arange(max(entries, 1), dtype=np.int64) * step
    times = (pts - pts[0]) * unit
    after = np.minimum(np.searchsorted(times, targets), len(times) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(targets - times[before] <= times[after] - targets, before, after)
    return np.unique(nearest)


def planned_times_s(index: FrameIndex, planned: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Seconds after the first frame for each planned frame, also for those the file only promises."""
    pts = _with_promised_frames(index)
    return np.asarray((pts[planned] - pts[0]) * float(index.time_base), dtype=np.float64)


def build_index(path: Path) -> FrameIndex:
    """Find every frame in one pass over the packets, without decoding (0.1 s for ten minutes of 1080p).

    Raises:
        VideoError: the file holds no video frame, or far too many.
    """
    shown_pts, keyframes = array("q"), array("q")
    latest, latest_lasts = -math.inf, 0
    with open_video(path) as (container, stream):
        time_base = stream.time_base or Fraction(1, 1000)
        for packet in _packets(container, stream):
            pts = packet_pts(packet)
            if not packet.size or pts is None or packet.is_discard or _is_hidden(packet, stream):
                continue
            # Where two takes were joined, the second may begin before the first ends: nothing begins there.
            if packet.is_keyframe and pts > latest and _stands_alone(packet, stream):
                keyframes.extend((pts, pts if packet.dts is None else packet.dts))
            shown_pts.append(pts)
            _check_count(len(shown_pts))
            if pts >= latest:
                latest, latest_lasts = pts, packet.duration or 0
        promised_end = (stream.start_time or 0) + stream.duration if stream.duration else 0
    if not shown_pts:
        raise VideoError("The file holds no video frame.", "Choose another file, or export the video again.")
    shown = np.unique(np.frombuffer(shown_pts, dtype=np.int64))
    held_end_pts = int(shown[-1]) + (latest_lasts or (int(np.median(np.diff(shown))) if len(shown) > 1 else 1))
    return FrameIndex(
        shown,
        time_base,
        held_end_pts=held_end_pts,
        end_pts=max(held_end_pts, promised_end),
        keyframes=np.array(keyframes, dtype=np.int64).reshape(-1, 2),
    )


def decode(path: Path, *, start_pts: int | None = None) -> Iterator[av.VideoFrame]:
    """Frames in display order from the start, or from the keyframe at or before `start_pts`.

    A damaged file ends early instead of failing: what can be decoded is decoded. Where times tell nothing about
    the order (`has_times`), frames are numbered as they come, and always from the start.
    """
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        timed = has_times(container, stream)
        if start_pts is not None and timed:
            container.seek(start_pts, stream=stream)
        waiting: list[int] = []
        for packet in _packets(container, stream):
            if not timed and packet.size and packet.pts is not None:
                heapq.heappush(waiting, packet.pts)
            for frame in decoded(packet):
                if not timed and waiting:
                    frame.pts = heapq.heappop(waiting)
                yield frame


def read_frames(path: Path, index: FrameIndex, positions: Iterable[int]) -> Iterator[tuple[int, Image]]:
    """The frames at these display indices, in ascending order, each exactly the one asked for.

    Decodes on while the next frame lies before the next keyframe, and seeks otherwise. A frame that cannot be
    decoded is left out.
    """
    wanted = sorted({int(position) for position in positions if 0 <= position < len(index)})
    while wanted:
        run = _one_seek(index, wanted)
        yield from _read_run(path, index, run)
        wanted = wanted[len(run) :]


def has_times(container: Any, stream: Any) -> bool:
    """Whether the pts of frames can be believed: AVI stores none, and those made up for B-frames are out of order."""
    return not (container.format.name == "avi" and stream.codec_context.has_b_frames)


def packet_pts(packet: Any) -> int | None:
    """When what is in the packet is shown; some containers tell only when it is decoded."""
    pts: int | None = packet.pts if packet.pts is not None else packet.dts
    return pts


def upright(frame: av.VideoFrame) -> Image:
    """The frame's pixels as a player shows them: BGR, display matrix applied."""
    image: Image = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


@contextmanager
def open_video(path: Path) -> Iterator[tuple[Any, Any]]:
    """The container and its video stream (the default one, else the first).

    Raises:
        VideoError: it is no video file, or has no picture in it.
    """
    try:
        container = av.open(str(path), options=_OPEN_OPTIONS, metadata_errors="replace")
    except _NO_MEMORY as error:
        raise OutOfMemory from error
    except (av.FFmpegError, OSError) as error:
        raise VideoError(
            "This is not a video that can be read: it is damaged, cut short before its index, or no video at all.",
            "Play it to check, then export it again as MP4 (H.264).",
        ) from error
    with container:
        streams = [stream for stream in container.streams.video if not stream.disposition & _COVER]
        if not streams:
            raise VideoError("The file has no picture, only sound.", "Choose a file with a video track.")
        chosen = next((stream for stream in streams if stream.disposition & _DEFAULT), streams[0])
        if chosen.codec_context.width * chosen.codec_context.height > MAX_PIXELS:
            raise VideoError("The pictures of this video are too large.", "Scale it down to at most 8K and try again.")
        chosen.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # also where the size changes on the way
        yield container, chosen


_DEFAULT = av.stream.Disposition.default
_COVER = av.stream.Disposition.attached_pic


def _with_promised_frames(index: FrameIndex) -> npt.NDArray[np.int64]:
    if len(index) < 2:
        return index.pts
    frame = max(round((int(index.pts[-1]) - int(index.pts[0])) / (len(index) - 1)), 1)
    _check_count((index.end_pts - index.held_end_pts) // frame)
    promised = np.arange(index.held_end_pts, index.end_pts - frame // 2, frame, dtype=np.int64)
    return np.concatenate([index.pts, promised])


def _check_count(frames: int) -> None:
    if frames > MAX_FRAMES:
        raise VideoError("The video holds or promises too many frames.", "Cut it, or export it again if it is short.")


def _is_hidden(packet: Any, stream: Any) -> bool:
    """Whether it is a VP8 frame that only others refer to (RFC 6386, 9.1: show_frame)."""
    return stream.codec_context.codec.canonical_name == "vp8" and not memoryview(packet)[0] & 0x10


def _stands_alone(packet: Any, stream: Any) -> bool:
    codec = stream.codec_context
    return codec.codec.canonical_name != "h264" or is_intra(bytes(packet), codec.extradata)


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    with until_damaged():
        yield from container.demux(stream)


def decoded(packet: Any) -> Iterator[av.VideoFrame]:
    """The frames that this packet completes; none where it is damaged."""
    with until_damaged():
        yield from packet.decode()


@contextmanager
def until_damaged() -> Iterator[None]:
    """End here where the file is damaged.

    Raises:
        OutOfMemory: that is no damage.
    """
    try:
        yield
    except _NO_MEMORY as error:
        raise OutOfMemory from error
    except av.FFmpegError:
        return


def _one_seek(index: FrameIndex, wanted: list[int]) -> list[int]:
    """The leading part of `wanted` that one decode reaches without passing a keyframe it could seek to."""
    run = wanted[:1]
    for position in wanted[1:]:
        between = np.searchsorted(index.keyframes[:, 0], [index.pts[run[-1]], index.pts[position]], side="right")
        if between[0] != between[1]:
            break
        run.append(position)
    return run


def _read_run(path: Path, index: FrameIndex, run: list[int]) -> Iterator[tuple[int, Image]]:
    targets = {int(index.pts[position]): position for position in run}
    last = max(targets)
    for frame in _decode_reaching(path, index, min(targets)):
        pts = _pts_of(frame)
        if pts in targets:
            yield targets[pts], upright(frame)
        if pts >= last:
            return


def _decode_reaching(path: Path, index: FrameIndex, target_pts: int) -> Iterator[av.VideoFrame]:
    """Frames from the target or somewhat before it: a seek that lands past it does not count."""
    at = max(int(np.searchsorted(index.keyframes[:, 0], target_pts, side="right")) - 1, 0)
    # MPEG-TS has no index: there, only a seek to the keyframe's own dts lands on it.
    for start_pts in (target_pts, *index.keyframes[at : at + 1, 1].tolist(), None):
        frames = decode(path, start_pts=start_pts)
        first = next(frames, None)
        if first is not None and (start_pts is None or _pts_of(first) <= target_pts):
            yield first
            yield from frames
            return


def _pts_of(frame: av.VideoFrame) -> int:
    pts = frame.pts if frame.pts is not None else frame.dts
    return -1 if pts is None else pts
