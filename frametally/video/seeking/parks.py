"""The parked decoders of all videos that are viewed: as many as fit into memory, least recently used first out."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Final

from frametally.video.seeking.parked_decoder import ParkedDecoder

MAX_BYTES: Final = 256 << 20
"""Nine decoders at 1080p; each video also has a process that they are copied from, and the copy that was used last."""
_QUIET_S: Final = 0.4
"""After a request, before decoders are advanced: the browser decodes the frame too."""


class Parks:
    """Thread-safe. The owner of a decoder, a reader, stands for its video."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, quiet_s: float = _QUIET_S) -> None:
        self.turn = threading.Lock()
        """Held while decoders of a video are advanced: one video after another."""
        self._max_bytes, self._quiet_s = max_bytes, quiet_s
        self._state = threading.Condition()
        self._parked: OrderedDict[tuple[Hashable, int], tuple[ParkedDecoder, int]] = OrderedDict()
        """Decoder and bytes by owner and position, the latest used at the end."""
        self._owners = set[Hashable]()
        self._requests, self._ended_s = 0, 0.0

    def __len__(self) -> int:
        return len(self._parked)

    def capacity(self, owner: Hashable, size_bytes: int) -> int:
        """How many decoders of a video fit, beside those of the others; one while their size is not known (0)."""
        with self._state:
            self._owners.add(owner)
            return self._max_bytes // len(self._owners) // size_bytes if size_bytes else 1

    def positions(self, owner: Hashable) -> set[int]:
        """Where decoders of a video are parked."""
        with self._state:
            return {position for of, position in self._parked if of == owner}

    def nearest(self, owner: Hashable, start: int, position: int) -> ParkedDecoder | None:
        """The decoder that is parked nearest before a position, or at it, but not before `start`."""
        with self._state:
            near = [at for of, at in self._parked if of == owner and start <= at <= position]
            if not near:
                return None
            self._parked.move_to_end((owner, max(near)))
            return self._parked[owner, max(near)][0]

    def use(self, owner: Hashable, positions: list[int]) -> None:
        """Count those that are parked at these positions as used, the first one as the latest."""
        with self._state:
            for position in reversed(positions):
                if (owner, position) in self._parked:
                    self._parked.move_to_end((owner, position))

    def add(self, owner: Hashable, decoder: ParkedDecoder, size_bytes: int) -> None:
        """Park a decoder where it is; closes others until there is room."""
        removed = []
        with self._state:
            if owner in self._owners:
                self._parked[owner, decoder.position] = decoder, size_bytes
            else:
                removed.append(decoder)
            while sum(size for _, size in self._parked.values()) > self._max_bytes:
                removed.append(self._parked.popitem(last=False)[1][0])
        for other in removed:
            other.close()

    def remove(self, owner: Hashable) -> None:
        """Close all decoders of a video."""
        with self._state:
            self._owners.discard(owner)
            removed = [self._parked.pop(key)[0] for key in list(self._parked) if key[0] == owner]
            self._state.notify_all()
        for decoder in removed:
            decoder.close()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Context manager: a frame is being read that is waited for, so nothing else is decoded."""
        with self._state:
            self._requests += 1
        try:
            yield
        finally:
            with self._state:
                self._requests -= 1
                self._ended_s = time.monotonic()
                self._state.notify_all()

    def wait_until_quiet(self, is_closed: Callable[[], bool]) -> None:
        """Wait until no frame has been requested for a moment, or the video is closed."""
        with self._state:
            while not is_closed():
                left_s = self._ended_s + self._quiet_s - time.monotonic()
                if not self._requests and left_s <= 0:
                    return
                self._state.wait(None if self._requests else left_s)
