"""Where decoders are parked: at equal distances in groups of pictures that take long to decode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from frametally.video.frame_index import FrameIndex

_DISTANCE_PX = 80 * 1920 * 1080
"""Pixels between two of them: 0.2 to 0.4 s of decoding by one core at the bit rates of cameras."""
_MIN_DISTANCE = 16
_MAX_AWAY = 32
"""Groups, to either side."""


class Group(NamedTuple):
    """Frames from a keyframe to before the next one: display indexes."""

    start: int
    stop: int


class Stops:
    """Display indexes at which decoders are parked.

    Args:
        index: of the video.
        frame_px: pixels of a frame.
        distance: frames between two of them; by default as many as take about 0.3 s to decode.
    """

    def __init__(self, index: FrameIndex, frame_px: int, distance: int | None = None) -> None:
        self._distance = distance or max(_DISTANCE_PX // max(frame_px, 1), _MIN_DISTANCE)
        self._starts = np.unique(np.searchsorted(index.pts, index.keyframes[:, 0]))
        self._length = len(index)

    def __bool__(self) -> bool:
        lengths = np.diff(np.append(self._starts, self._length))
        return bool(len(lengths)) and any(self.of(self._group(int(lengths.argmax()))))

    def group_of(self, position: int) -> Group | None:
        """The group that a frame is in; None if it is before the first keyframe."""
        at = int(np.searchsorted(self._starts, position, side="right")) - 1
        return self._group(at) if at >= 0 else None

    def of(self, group: Group) -> range:
        """The stops in a group; none shortly before its end, where few frames would profit."""
        return range(group.start + self._distance, group.stop - self._distance // 2, self._distance)

    def around(self, position: int) -> Iterator[int]:
        """Stops near a frame: those in its group, in the group after it, before it, and so on."""
        at = max(int(np.searchsorted(self._starts, position, side="right")) - 1, 0)
        for away in range(min(len(self._starts), _MAX_AWAY)):
            for other in dict.fromkeys((at + away, at - away)):
                if 0 <= other < len(self._starts):
                    yield from self.of(self._group(other))

    def _group(self, at: int) -> Group:
        stop = int(self._starts[at + 1]) if at + 1 < len(self._starts) else self._length
        return Group(int(self._starts[at]), stop)
