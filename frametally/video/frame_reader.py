"""Any frame of a video at once: the index found once and kept, one seek, and what was decoded on the way kept too.

Decoding begins at the last keyframe before the frame. Frames that nothing refers to are not decoded on the way there;
the decoder then stays where it is, so that the next frame of interest needs only what lies between.
"""

from __future__ import annotations

import threading
import uuid
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from frametally.video.decoding import (
    FrameIndex,
    Image,
    build_index,
    decode,
    decoded,
    has_times,
    open_video,
    packet_pts,
    until_damaged,
    upright,
)

CACHE_BYTES: Final = 96 * 1024**2
"""Room for the decoded neighbors of a frame: 30 at 1080p."""
_CHEAPER_THAN_A_SEEK = 8
"""Frames that are sooner decoded than a seek is made and its first frame got through the decoder's threads."""
_MAX_SCALED_PX = 4096
_SKIPS_EXACTLY = {"h264", "hevc", "mpeg4", "mpeg2video"}
_INDEX_VERSION = 1


class FrameReader:
    """One video, kept open for random access. Any number of threads may ask; one at a time is answered.

    The decoder works on as many frames at once as it has threads: more of them are quicker on the way through a whole
    video, and slower to the first frame. With 0 it has one for each core.
    """

    def __init__(self, path: Path, index: FrameIndex, *, cache_bytes: int = CACHE_BYTES, threads: int = 0) -> None:
        self.index = index
        self._threads = threads
        self._path = path
        self._lock = threading.Lock()
        self._kept = _Kept(cache_bytes)
        self._files = ExitStack()
        self._coming: Iterator[tuple[int, av.VideoFrame]] = iter(())
        self._at = -1
        self._target_pts, self._wanted_pts = 0, frozenset[int]()
        self._passed_pts = set[int]()
        """Of the packets after `_at` that the decoder may have left out."""
        self._open()

    def frame(self, position: int) -> Image | None:
        """The frame with this display index, upright; None where there is none or it cannot be decoded."""
        with self._lock:
            frame = self._frame(position)
            return None if frame is None else upright(frame)

    def frames(self, positions: Iterable[int]) -> Iterator[tuple[int, av.VideoFrame]]:
        """Those frames as they were decoded, ascending, each at once; left out are those that cannot be decoded.

        What lies between them is not decoded where nothing refers to it.
        """
        wanted = sorted({position for position in positions if 0 <= position < len(self.index)})
        wanted_pts = frozenset(self.index.pts[wanted].tolist())
        for position in wanted:
            with self._lock:
                frame = self._frame(position, wanted_pts)
            if frame is not None:
                yield position, frame

    def gallery(self, positions: Iterable[int], height_px: int) -> Iterator[tuple[int, Image]]:
        """Those frames in one pass, small: (display index, upright picture of that height), ascending.

        A picture that would become very wide is less high.
        """
        for position, frame in self.frames(positions):
            yield position, _scaled(frame, height_px)

    def close(self) -> None:
        """Let go of the file and of all kept frames; asked for another frame afterwards, it opens the file again."""
        with self._lock:
            self._files.close()
            self._kept.clear()
            self._coming, self._at = iter(()), -1
            self._closed = True

    def _open(self) -> None:
        self._files.close()
        self._closed = False
        self._container, self._stream = self._files.enter_context(open_video(self._path))
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self._threads
        self._timed = has_times(self._container, self._stream)
        self._skips = self._stream.codec_context.codec.canonical_name in _SKIPS_EXACTLY

    def _frame(self, position: int, wanted_pts: frozenset[int] = frozenset()) -> av.VideoFrame | None:
        if not 0 <= position < len(self.index):
            return None
        kept = self._kept.get(position)
        if kept is not None:
            return kept
        self._target_pts, self._wanted_pts = int(self.index.pts[position]), wanted_pts
        keyframe = int(np.searchsorted(self.index.keyframes[:, 0], self._target_pts, side="right")) - 1
        if self._goes_on_to(position, keyframe):
            behind_pts = int(self.index.pts[self._at])
            self._passed_pts = {pts for pts in self._passed_pts if pts > behind_pts}
            frame = self._advance_to(position)
            # The decoder works ahead: the frame may have gone into it while others were asked for, and been left out.
            if frame is not None or self._target_pts not in self._passed_pts:
                return frame
        if self._closed:
            self._open()
        # A recovery point is a keyframe that may need the ones before it: then the earlier one leads there.
        for start in (keyframe, keyframe - 1):
            self._coming, self._at, self._passed_pts = self._from(start), -1, set()
            frame = self._advance_to(position)
            if frame is not None or start < 0:
                return frame
        return None

    def _goes_on_to(self, position: int, keyframe: int) -> bool:
        if not 0 <= self._at < position:
            return False
        if not self._timed or keyframe < 0:
            return True
        starts_at = int(np.searchsorted(self.index.pts, self.index.keyframes[keyframe, 0]))
        return starts_at - self._at <= _CHEAPER_THAN_A_SEEK

    def _advance_to(self, position: int) -> av.VideoFrame | None:
        for at, frame in self._coming:
            self._at = at
            self._kept.add(at, frame)
            if at >= position:
                return frame if at == position else None
        return None

    def _from(self, keyframe: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Frames with their display indices, ascending, from this keyframe on; from the start where it is below 0."""
        if not self._timed:
            frames, first_pts = decode(self._path), int(self.index.pts[0])
        else:
            first_pts = int(self.index.keyframes[keyframe, 0] if keyframe >= 0 else self.index.pts[0])
            frames = self._decode(self._packets_from(keyframe))
        for frame in frames:
            # What is shown before the keyframe but stored after it lacks what it refers to.
            if frame.pts is not None and frame.pts >= first_pts:
                position = self.index.position_of(frame.pts)
                if position is not None:
                    yield position, frame

    def _decode(self, packets: Iterator[Any]) -> Iterator[av.VideoFrame]:
        for packet in packets:
            pts = packet_pts(packet)
            if self._skips:
                self._stream.codec_context.skip_frame = "NONREF" if self._passes(pts) else "DEFAULT"
            yield from decoded(packet)

    def _passes(self, pts: int | None) -> bool:
        """Whether nobody asks for the frame with this pts: what comes behind a single target is kept for later."""
        if pts is None or (pts in self._wanted_pts if self._wanted_pts else pts >= self._target_pts):
            return False
        self._passed_pts.add(pts)
        return True

    def _packets_from(self, keyframe: int) -> Iterator[Any]:
        """The packets from exactly this keyframe on.

        Containers disagree on which time a seek goes to, and some land early or late. So the landing is verified, and
        what lies before the keyframe is read over without decoding it.
        """
        if keyframe < 0:
            self._open()
            return self._packets()
        pts, dts = (int(value) for value in self.index.keyframes[keyframe])
        for start in dict.fromkeys((pts, dts)):
            with until_damaged():
                self._container.seek(start, stream=self._stream)
                packets = self._packets()
                landed = _read_to(packets, pts, dts)
                if landed is not None:
                    return chain([landed], packets)
        self._open()
        packets = self._packets()
        landed = _read_to(packets, pts, dts)
        return iter(()) if landed is None else chain([landed], packets)

    def _packets(self) -> Iterator[Any]:
        with until_damaged():
            yield from self._container.demux(self._stream)


class _Kept:
    """The decoded frames that were used last, up to so many bytes. Not converted yet: that costs more than keeping."""

    def __init__(self, max_bytes: int) -> None:
        self._most_bytes = max_bytes
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
        while self._bytes > self._most_bytes:
            self._bytes -= _size_bytes(self._frames.popitem(last=False)[1])

    def clear(self) -> None:
        self._frames.clear()
        self._bytes = 0


def load_index(path: Path) -> FrameIndex:
    """The index of a video that never changes, from the file beside it; found and put there where it is missing.

    Raises:
        VideoError: the file holds no video frame, or cannot be read.
    """
    cached = path.with_name(f"{path.name}.frames.npz")
    index = _stored_index(cached, path.stat().st_size)
    if index is None:
        index = build_index(path)
        with suppress(OSError):  # a full or read-only disk costs time, nothing else
            _store_index(index, cached, path.stat().st_size)
    return index


def _store_index(index: FrameIndex, target: Path, size_bytes: int) -> None:
    draft = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    base = index.time_base
    facts = [_INDEX_VERSION, size_bytes, base.numerator, base.denominator, index.held_end_pts, index.end_pts]
    try:
        with draft.open("xb") as file:
            np.savez(file, facts=np.array(facts, np.int64), pts=index.pts, keyframes=index.keyframes)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _stored_index(source: Path, size_bytes: int) -> FrameIndex | None:
    try:
        with source.open("rb") as file, np.load(file) as stored:
            facts, pts, keyframes = (stored[name] for name in ("facts", "pts", "keyframes"))
            version, of_bytes, numerator, denominator, held_end_pts, end_pts = facts.tolist()
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if (version, of_bytes) != (_INDEX_VERSION, size_bytes):
        return None
    base = Fraction(numerator, denominator)
    return FrameIndex(pts, base, held_end_pts=held_end_pts, end_pts=end_pts, keyframes=keyframes)


def _read_to(packets: Iterator[Any], pts: int, dts: int) -> Any | None:
    for packet in packets:
        if packet_pts(packet) == pts and packet.is_keyframe:
            return packet
        if packet.dts is not None and packet.dts > dts:
            return None
    return None


def _scaled(frame: av.VideoFrame, height_px: int) -> Image:
    turned = round(frame.rotation / 90) % 2
    shown_px = frame.width if turned else frame.height
    factor = min(height_px / shown_px, _MAX_SCALED_PX / max(frame.width, frame.height))
    size = {"width": max(round(frame.width * factor), 1), "height": max(round(frame.height * factor), 1)}
    small = frame.reformat(**size, format="bgr24", interpolation="AREA")
    image: Image = small.to_ndarray().astype(np.uint8, copy=False)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns))


def _size_bytes(frame: av.VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)
