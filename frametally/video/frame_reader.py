"""Random access to the frames of one video: one seek per request, with an open decoder and a cache of decoded frames.

Decoding starts at the last keyframe before the requested frame and skips non-reference frames on the way. The decoder
keeps its position, so a request for a later frame decodes only the frames in between.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from frametally.video.container import (
    decode_packet,
    has_reliable_pts,
    is_transport_stream,
    numbered,
    numbered_for_decoding,
    open_video,
    packets_of,
    until_damaged,
)
from frametally.video.decoding import Image, upright
from frametally.video.displayed_frame import DisplayedFrame, displayed, pixel_aspect_of, thumbnail
from frametally.video.frame_cache import FrameCache
from frametally.video.frame_index import FrameIndex
from frametally.video.indexing.presentation import MISSING

CACHE_BYTES: Final = 96 * 1024**2
"""Size of the cache of decoded frames: 30 at 1080p."""
_MAX_FRAMES_WITHOUT_SEEK: Final = 8
"""Decoding this many frames takes less time than a seek, which must also refill the decoder's threads."""
_MAX_REORDERED: Final = 16
"""More pictures than a decoder keeps back for reordering."""
_EXACT_SKIPS: Final = {"h264", "hevc", "mpeg4", "mpeg2video"}
"""Codecs whose decoders leave out exactly the non-reference frames when asked to."""


class Superseded(Exception):
    """The frame is not wanted any more."""


def always() -> bool:
    """Says of every frame that it is wanted."""
    return True


class FrameReader:
    """One video, kept open for random access. Thread-safe: concurrent requests are served one at a time.

    The decoder works on as many frames at once as it has `threads`: more of them decode a whole video faster, but delay
    the first frame. 0 means one thread per core.

    Raises:
        VideoError: the file cannot be read as a video.
    """

    def __init__(self, path: Path, index: FrameIndex, *, cache_bytes: int = CACHE_BYTES, threads: int = 0) -> None:
        self.index = index
        self._threads = threads
        self._path = path
        self._lock = threading.Lock()
        self._cache = FrameCache(cache_bytes)
        self._files = ExitStack()
        self._upcoming: Iterator[tuple[int, av.VideoFrame]] = iter(())
        self._at = -1
        """Display index of the last decoded frame."""
        self.has_reported_damage = False
        """Whether decoding has failed, or the decoder has flagged a frame, since the reader was created."""
        self._target, self._wanted = 0, frozenset[int]()
        self._is_wanted = always
        self._skipped = set[int]()
        """Frames after `_at` that the decoder may have left out."""
        self._open()

    def frame(self, position: int) -> Image | None:
        """The frame with this display index, upright; None if there is none or it cannot be decoded."""
        with self._lock:
            frame = self._frame(position)
            return None if frame is None else upright(frame)

    def displayed(self, position: int, is_wanted: Callable[[], bool] = always) -> DisplayedFrame | None:
        """The same frame as a player shows it.

        Raises:
            Superseded: `is_wanted`, which is called before each frame that is decoded, says that it is not.
        """
        with self._lock:
            self._is_wanted = is_wanted
            try:
                frame = self._frame(position)
            finally:
                self._is_wanted = always
            return None if frame is None else displayed(frame, self.pixel_aspect)

    def frames(self, positions: Iterable[int]) -> Iterator[tuple[int, av.VideoFrame]]:
        """(display index, decoded frame) of these frames, ascending; frames that cannot be decoded are left out.

        Non-reference frames between them are not decoded.
        """
        wanted = sorted({position for position in positions if 0 <= position < len(self.index)})
        every = frozenset(wanted)
        for position in wanted:
            with self._lock:
                frame = self._frame(position, every)
            if frame is not None:
                yield position, frame

    def thumbnails(self, positions: Iterable[int], height_px: int) -> Iterator[tuple[int, Image]]:
        """(display index, upright picture of this height) of these frames in one pass, ascending.

        Very wide pictures get a lower height, so that no side exceeds 4096 px.
        """
        for position, frame in self.frames(positions):
            yield position, thumbnail(frame, self.pixel_aspect, height_px)

    def close(self) -> None:
        """Close the file and drop all cached frames; a later request opens the file again."""
        with self._lock:
            self._files.close()
            self._cache.clear()
            self._upcoming, self._at = iter(()), -1
            self._closed = True

    def _open(self) -> None:
        self._files.close()
        self._closed = False
        self._container, self.stream = self._files.enter_context(open_video(self._path))
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.thread_count = self._threads
        self.pixel_aspect = pixel_aspect_of(self.stream)
        codec = self.stream.codec_context
        self._timed = has_reliable_pts(self._container, self.stream)
        self._can_skip = self._timed and codec.codec.canonical_name in _EXACT_SKIPS
        self._is_shuffled = not codec.has_b_frames and self._timed and bool((np.diff(self.index.packets) < 0).any())

    def _frame(self, position: int, wanted: frozenset[int] = frozenset()) -> av.VideoFrame | None:
        if not 0 <= position < len(self.index):
            return None
        cached = self._cache.get(position)
        if cached is not None:
            return cached
        self._target, self._wanted = position, wanted
        keyframe = self.index.keyframe_before(int(self.index.pts[position]))
        if self.can_continue_to(position):
            self._skipped = {skipped for skipped in self._skipped if skipped > self._at}
            frame = self._advance_to(position)
            # The decoder works ahead: an earlier request may have sent the frame into it, marked to be skipped.
            if frame is not None or position not in self._skipped:
                return frame
        return self._seek_to(position, keyframe)

    def _seek_to(self, position: int, keyframe: int) -> av.VideoFrame | None:
        if self._closed:
            self._open()
        # A recovery point is a keyframe that may need the frames before it: then start at the previous keyframe.
        for start in (keyframe, keyframe - 1):
            self._upcoming, self._at, self._skipped = self._from(start), -1, set()
            frame = self._advance_to(position)
            if frame is not None or start < 0:
                return frame
        return None

    def can_continue_to(self, position: int) -> bool:
        """Whether decoding on from the last decoded frame is faster than a seek."""
        if not 0 <= self._at < position:
            return False
        keyframe = self.index.keyframe_before(int(self.index.pts[position]))
        if not self._timed or keyframe < 0:
            return True
        starts_at = int(np.searchsorted(self.index.pts, self.index.keyframes[keyframe, 0]))
        return starts_at - self._at <= _MAX_FRAMES_WITHOUT_SEEK

    def _advance_to(self, position: int) -> av.VideoFrame | None:
        while self._is_wanted():
            at, frame = next(self._upcoming, (-1, None))
            if frame is None:
                return None
            self._at = at
            self._cache.add(at, frame)
            if at >= position:
                return frame if at == position else None
        raise Superseded

    def _from(self, keyframe: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """(display index, frame), ascending, from this keyframe on; from the start of the file if it is below 0."""
        if not self._timed:
            keyframe = -1
        first, positions = 0, self.index.positions_of_packets
        if keyframe >= 0:
            first = int(positions[self.index.keyframes[keyframe, 1]])
        frames = self._decode(self.packets_from(keyframe))
        frames = frames if self._timed else _in_stored_order(frames)
        for position, frame in self._sorted(frames, first) if self._is_shuffled else self._placed(frames):
            # Leading frames (shown before the keyframe, stored after it) lack the frames that they reference.
            if position >= first:
                frame.pts = int(self.index.pts[position])
                self.has_reported_damage = self.has_reported_damage or frame.is_corrupt
                yield position, frame

    def _placed(self, frames: Iterator[av.VideoFrame]) -> Iterator[tuple[int, av.VideoFrame]]:
        """(display index, frame) of each frame that the index has; `frame.pts` is the number of its packet."""
        positions = self.index.positions_of_packets
        for frame in frames:
            if frame.pts is not None and 0 <= frame.pts < len(positions) and positions[frame.pts] >= 0:
                yield int(positions[frame.pts]), frame

    def _sorted(self, frames: Iterator[av.VideoFrame], due: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """The same in display order, for a codec without B-frames in a file whose times are out of order.

        `due`: the first display index to yield.
        """
        held: dict[int, av.VideoFrame] = {}
        for position, frame in self._placed(frames):
            number = frame.pts
            held[position] = frame
            while due < len(self.index) and self.index.packets[due] <= number:
                if due in held:
                    yield due, held.pop(due)
                due += 1
        yield from sorted(held.items())

    def _decode(self, packets: Iterator[tuple[int, Any]]) -> Iterator[av.VideoFrame]:
        for number, packet in packets:
            if self._can_skip:
                self.stream.codec_context.skip_frame = "NONREF" if self._skip(number) else "DEFAULT"
            yield from decode_packet(packet, self._report_damage)

    def _report_damage(self) -> None:
        self.has_reported_damage = True

    def _skip(self, number: int) -> bool:
        """Whether to skip this frame; recorded if so. Frames after a single target are decoded, for the cache."""
        positions = self.index.positions_of_packets
        position = int(positions[number]) if number < len(positions) else -1
        if position < 0 or (position in self._wanted if self._wanted else position >= self._target):
            return False
        self._skipped.add(position)
        return True

    def packets_from(self, keyframe: int) -> Iterator[tuple[int, Any]]:
        """(number, packet) from exactly this keyframe on; their times are their numbers.

        Containers differ in whether a seek takes pts or dts, and some land early or late. We check where the seek
        landed, and read past the packets before the keyframe without decoding them.
        """
        if keyframe < 0:
            self._open()
            return numbered_for_decoding(packets_of(self._container, self.stream))
        _, number, pts, dts, offset = (int(value) for value in self.index.keyframes[keyframe])
        is_transport = is_transport_stream(self._container)
        starts = [offset] if is_transport else dict.fromkeys(time for time in (pts, dts) if time != MISSING)
        for start in starts:
            with until_damaged():
                self._container.seek(start, stream=self.stream, unsupported_byte_offset=is_transport)
                packets = packets_of(self._container, self.stream)
                landed = _read_to(packets, pts, dts, offset, by_offset=is_transport)
                if landed is not None:
                    return numbered_for_decoding(chain([landed], packets), number)
        self._open()
        packets = packets_of(self._container, self.stream)
        return numbered_for_decoding(_from_number(packets, number), number)


def read_frames(path: Path, index: FrameIndex, positions: Iterable[int]) -> Iterator[tuple[int, Image]]:
    """(display index, upright picture) of these frames, ascending; frames that cannot be decoded are left out."""
    with closing(FrameReader(path, index)) as reader:
        for position, frame in reader.frames(positions):
            yield position, upright(frame)


def _read_to(packets: Iterator[Any], pts: int, dts: int, offset: int, *, by_offset: bool) -> Any | None:
    """The packet of the keyframe at this byte offset and, unless `by_offset`, with this pts.

    Returns None if the packets start after it. Times in MPEG-TS depend on where reading began.
    """
    for packet in packets:
        is_there = packet.pos == offset or (packet.pos is None and not by_offset)
        is_then = by_offset or (packet.pts == pts if packet.pts is not None else packet.dts == dts)
        if is_there and is_then and packet.is_keyframe:
            return packet
        if by_offset and packet.pos is not None and packet.pos > offset:
            return None
        if not by_offset and packet.dts is not None and packet.dts > (pts if dts == MISSING else dts):
            return None
    return None


def _from_number(packets: Iterator[Any], number: int) -> Iterator[Any]:
    """The packets from this number on."""
    for at, packet in numbered(packets):
        if at >= number:
            yield packet


def _in_stored_order(frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """The frames with the numbers of their packets in ascending order: the stored times belong to that order.

    A number that a lost frame has left behind is dropped as soon as it is too low for the next frame.
    """
    waiting: list[int] = []
    sent = -1
    for frame in frames:
        number = frame.pts or 0
        while sent < number:
            sent += 1
            heapq.heappush(waiting, sent)
        while len(waiting) > 1 and waiting[0] < number - _MAX_REORDERED:
            heapq.heappop(waiting)
        frame.pts = heapq.heappop(waiting) if waiting else number
        yield frame
