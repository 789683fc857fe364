"""The video of the pieces that a worker analyzes, kept open from one to the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from frametally.engine.runner import Plan, open_reader
from frametally.video.frame_reader import FrameReader

IDLE_S: Final = 2.0
"""The next piece comes within milliseconds. A video that stays open takes memory, and disk after it was deleted."""


class KeptReader:
    """At most one reader, closed when it was not used for `idle_s`, and when another step needs its memory.

    After an error, and of a video with damage, nothing is kept: what the decoder returns then may depend on where it
    began.
    """

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._key = ""
        self._reader: FrameReader | None = None
        self._timer: threading.Timer | None = None

    @contextmanager
    def reader(self, key: str, video: Path, plan: Plan, threads: int) -> Iterator[FrameReader]:
        """The reader for a piece; `key` names the plan."""
        self.close_unless(key)
        reader = self._reader = self._reader or open_reader(video, plan.index, plan.damaged, threads)
        self._key = key
        try:
            yield reader
        except BaseException:
            self.close_unless("")
            raise
        if plan.damaged is not None:
            self.close_unless("")
            return
        self._timer = threading.Timer(self._idle_s, reader.close)  # a closed one opens its file again
        self._timer.daemon = True
        self._timer.start()

    def close_unless(self, key: str) -> None:
        """Close the reader unless it is that of the plan with this key."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()  # it may be closing the reader: not while the next piece reads
            self._timer = None
        if self._reader is not None and self._key != key:
            self._reader.close()
            self._reader = None
