"""A cache of decoded frames of one video."""

from __future__ import annotations

from collections import OrderedDict

import av


class FrameCache:
    """The most recently used decoded frames, up to a number of bytes; kept as decoded, converted when requested."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._frames: OrderedDict[int, av.VideoFrame] = OrderedDict()

    def __contains__(self, position: int) -> bool:
        return position in self._frames

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


def _size_bytes(frame: av.VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)
