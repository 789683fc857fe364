"""Frame readers of the videos that are being viewed, kept open for the next frame; closed when they are not used."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from frametally.video.frame_index import load_index
from frametally.video.frame_reader import FrameReader
from frametally.video.seeking.parks import Parks
from frametally.video.seeking.seeking_reader import SeekingReader

MAX_READERS: Final = 4
CACHE_BYTES: Final = 32 << 20
"""Per reader: 10 frames at 1080p."""
IDLE_S: Final = 30.0


class ReaderPool:
    """At most `max_readers` open readers, least recently used first out, each closed `idle_s` after its last use.

    Thread-safe. A reader that is closed while it is in use opens its file again.
    """

    def __init__(
        self,
        *,
        max_readers: int = MAX_READERS,
        cache_bytes: int = CACHE_BYTES,
        idle_s: float = IDLE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_readers, self._cache_bytes, self._idle_s = max_readers, cache_bytes, idle_s
        self._clock = clock
        self._parks = Parks()
        self._lock = threading.Lock()
        self._readers: OrderedDict[Path, tuple[FrameReader, float]] = OrderedDict()
        """Reader and time of its last use by path, the latest at the end."""
        self._timer: threading.Timer | None = None

    def __len__(self) -> int:
        return len(self._readers)

    def get(self, path: Path) -> FrameReader:
        """The reader of a video file that never changes.

        Raises:
            VideoError: the file cannot be read as a video.
        """
        with self._lock:
            known = self._readers.get(path)
        reader = known[0] if known else self._opened(path)
        removed = []
        with self._lock:
            if known is None and path in self._readers:  # opened by another thread at the same time
                removed.append(reader)
                reader, _ = self._readers[path]
            self._readers[path] = reader, self._clock()
            self._readers.move_to_end(path)
            while len(self._readers) > self._max_readers:
                removed.append(self._readers.popitem(last=False)[1][0])
            self._start_timer(self._idle_s)
        for other in removed:
            other.close()
        return reader

    def close_idle(self) -> None:
        """Close the readers that were not used for `idle_s` seconds; called by a timer while there are readers."""
        with self._lock:
            before_s = self._clock() - self._idle_s
            idle = [path for path, (_, used_s) in self._readers.items() if used_s <= before_s]
            removed = [self._readers.pop(path)[0] for path in idle]
            self._timer = None
            if self._readers:
                self._start_timer(min(used_s for _, used_s in self._readers.values()) - before_s)
        for reader in removed:
            reader.close()

    def _opened(self, path: Path) -> FrameReader:
        return SeekingReader(path, load_index(path), self._parks, cache_bytes=self._cache_bytes)

    def _start_timer(self, after_s: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(after_s, self.close_idle)
            self._timer.daemon = True
            self._timer.name = "idle frame readers"
            self._timer.start()
