"""Random access to the frames of one video: one seek per request, with an open decoder and a cache of decoded frames.

Decoding starts at the last keyframe before the requested frame and skips non-reference frames on the way. The decoder
keeps its position, so a request for a later frame decodes only the frames in between.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from frametally.video.container import has_reliable_pts, open_video, packet_pts, packets_of, until_damaged
from frametally.video.decoding import Image, decode, decode_packet, upright
from frametally.video.displayed_frame import DisplayedFrame, displayed, pixel_aspect_of, thumbnail
from frametally.video.frame_index import FrameIndex

CACHE_BYTES: Final = 96 * 1024**2
"""Size of the cache of decoded frames: 30 at 1080p."""
_MAX_FRAMES_WITHOUT_SEEK: Final = 8
"""Decoding this many frames takes less time than a seek, which must also refill the decoder's threads."""
_EXACT_SKIPS: Final = {"h264", "hevc", "mpeg4", "mpeg2video"}
"""Codecs whose decoders leave out exactly the non-reference frames when asked to."""


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
        self._cache = _FrameCache(cache_bytes)
        self._files = ExitStack()
        self._upcoming: Iterator[tuple[int, av.VideoFrame]] = iter(())
        self._at = -1
        """Display index of the last decoded frame."""
        self._target_pts, self._wanted_pts = 0, frozenset[int]()
        self._skipped_pts = set[int]()
        """Frames after `_at` that the decoder may have left out."""
        self._open()

    def frame(self, position: int) -> Image | None:
        """The frame with this display index, upright; None if there is none or it cannot be decoded."""
        with self._lock:
            frame = self._frame(position)
            return None if frame is None else upright(frame)

    def displayed(self, position: int) -> DisplayedFrame | None:
        """The same frame as a player shows it."""
        with self._lock:
            frame = self._frame(position)
            return None if frame is None else displayed(frame, self.pixel_aspect)

    def frames(self, positions: Iterable[int]) -> Iterator[tuple[int, av.VideoFrame]]:
        """(display index, decoded frame) of these frames, ascending; frames that cannot be decoded are left out.

        Non-reference frames between them are not decoded.
        """
        wanted = sorted({position for position in positions if 0 <= position < len(self.index)})
        wanted_pts = frozenset(self.index.pts[wanted].tolist())
        for position in wanted:
            with self._lock:
                frame = self._frame(position, wanted_pts)
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
        self._container, self._stream = self._files.enter_context(open_video(self._path))
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self._threads
        self.pixel_aspect = pixel_aspect_of(self._stream)
        self._timed = has_reliable_pts(self._container, self._stream)
        self._can_skip = self._stream.codec_context.codec.canonical_name in _EXACT_SKIPS

    def _frame(self, position: int, wanted_pts: frozenset[int] = frozenset()) -> av.VideoFrame | None:
        if not 0 <= position < len(self.index):
            return None
        cached = self._cache.get(position)
        if cached is not None:
            return cached
        self._target_pts, self._wanted_pts = int(self.index.pts[position]), wanted_pts
        keyframe = self.index.keyframe_before(self._target_pts)
        if self._can_continue_to(position, keyframe):
            at_pts = int(self.index.pts[self._at])
            self._skipped_pts = {pts for pts in self._skipped_pts if pts > at_pts}
            frame = self._advance_to(position)
            # The decoder works ahead: an earlier request may have sent the frame into it, marked to be skipped.
            if frame is not None or self._target_pts not in self._skipped_pts:
                return frame
        return self._seek_to(position, keyframe)

    def _seek_to(self, position: int, keyframe: int) -> av.VideoFrame | None:
        if self._closed:
            self._open()
        # A recovery point is a keyframe that may need the frames before it: then start at the previous keyframe.
        for start in (keyframe, keyframe - 1):
            self._upcoming, self._at, self._skipped_pts = self._from(start), -1, set()
            frame = self._advance_to(position)
            if frame is not None or start < 0:
                return frame
        return None

    def _can_continue_to(self, position: int, keyframe: int) -> bool:
        """Whether decoding on from the current position is faster than a seek."""
        if not 0 <= self._at < position:
            return False
        if not self._timed or keyframe < 0:
            return True
        starts_at = int(np.searchsorted(self.index.pts, self.index.keyframes[keyframe, 0]))
        return starts_at - self._at <= _MAX_FRAMES_WITHOUT_SEEK

    def _advance_to(self, position: int) -> av.VideoFrame | None:
        for at, frame in self._upcoming:
            self._at = at
            self._cache.add(at, frame)
            if at >= position:
                return frame if at == position else None
        return None

    def _from(self, keyframe: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """(display index, frame), ascending, from this keyframe on; from the start of the file if it is below 0."""
        if not self._timed:
            frames, first_pts = decode(self._path), int(self.index.pts[0])
        else:
            first_pts = int(self.index.keyframes[keyframe, 0] if keyframe >= 0 else self.index.pts[0])
            frames = self._decode(self._packets_from(keyframe))
        for frame in frames:
            # Leading frames (shown before the keyframe, stored after it) lack the frames that they reference.
            if frame.pts is not None and frame.pts >= first_pts:
                position = self.index.position_of(frame.pts)
                if position is not None:
                    yield position, frame

    def _decode(self, packets: Iterator[Any]) -> Iterator[av.VideoFrame]:
        for packet in packets:
            pts = packet_pts(packet)
            if self._can_skip:
                self._stream.codec_context.skip_frame = "NONREF" if self._skip(pts) else "DEFAULT"
            yield from decode_packet(packet)

    def _skip(self, pts: int | None) -> bool:
        """Whether to skip this frame; recorded if so. Frames after a single target are decoded, for the cache."""
        if pts is None or (pts in self._wanted_pts if self._wanted_pts else pts >= self._target_pts):
            return False
        self._skipped_pts.add(pts)
        return True

    def _packets_from(self, keyframe: int) -> Iterator[Any]:
        """The packets from exactly this keyframe on.

        Containers differ in whether a seek takes pts or dts, and some land early or late. We check where the seek
        landed, and read past the packets before the keyframe without decoding them.
        """
        if keyframe < 0:
            self._open()
            return packets_of(self._container, self._stream)
        pts, dts = (int(value) for value in self.index.keyframes[keyframe])
        for start in dict.fromkeys((pts, dts)):
            with until_damaged():
                self._container.seek(start, stream=self._stream)
                packets = packets_of(self._container, self._stream)
                landed = _read_to(packets, pts, dts)
                if landed is not None:
                    return chain([landed], packets)
        self._open()
        packets = packets_of(self._container, self._stream)
        landed = _read_to(packets, pts, dts)
        return iter(()) if landed is None else chain([landed], packets)


class _FrameCache:
    """The most recently used decoded frames, up to a number of bytes; kept as decoded, converted when requested."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._frames: OrderedDict[int, av.VideoFrame] = OrderedDict()

    def get(self, position: int) -> av.VideoFrame | None:
        if position in self._frames:
            self._frames.move_to_end(position)
        return self._frames.get(position)

    def add(self, position: int, frame: av.VideoFrame) -> None:
        if position in self._frames:
            self._bytes -= _size_bytes(self._frames.pop(position))
        self._frames[position] = frame
        self._bytes += _size_bytes(frame)
        while self._bytes > self._max_bytes:
            self._bytes -= _size_bytes(self._frames.popitem(last=False)[1])

    def clear(self) -> None:
        self._frames.clear()
        self._bytes = 0


def _read_to(packets: Iterator[Any], pts: int, dts: int) -> Any | None:
    """The packet of the keyframe with this pts; None if the packets start after it."""
    for packet in packets:
        if packet_pts(packet) == pts and packet.is_keyframe:
            return packet
        if packet.dts is not None and packet.dts > dts:
            return None
    return None


def _size_bytes(frame: av.VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)
