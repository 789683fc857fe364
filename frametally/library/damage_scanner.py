"""Find the damaged frames of stored videos: at once in short ones, in a thread of its own in long ones."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Final

from frametally.errors import FrametallyError
from frametally.library.video_store import StoredVideo
from frametally.video.damage import Flags, find_damage, has_damage_file, load_damage, save_damage
from frametally.video.frame_index import load_index

_SHORT_PIXELS: Final = 200_000_000
"""Pixels of all frames together that are decoded in about a second."""
_LOG = logging.getLogger("frametally.library")


class DamageScanner:
    """Decodes each video once; the result is kept beside it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Future[None]] = {}
        self._queue: SimpleQueue[StoredVideo] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def damage(self, video: StoredVideo, *, at_once: bool = False) -> Flags | None:
        """(n,) whether each frame of the index is damaged; None while that is being found out, or cannot be.

        `at_once`: wait for the result also if the video is long.

        Raises:
            VideoError: the video cannot be read any more.
        """
        found = load_damage(video.place, load_index(video.place))
        if found is not None:
            return found
        pixels = video.info.width_px * video.info.height_px * video.info.frame_count
        if at_once or pixels <= _SHORT_PIXELS:
            _scan(video)
            return load_damage(video.place, load_index(video.place))
        self._start(video)
        return None

    def is_known(self, video: StoredVideo) -> bool:
        """Whether `damage` returns a result at once."""
        return has_damage_file(video.place)

    def is_scanning(self, video: StoredVideo) -> bool:
        """Whether the result is still to come."""
        with self._lock:
            return video.sha256 in self._running and not self._running[video.sha256].done()

    def _start(self, video: StoredVideo) -> None:
        with self._lock:
            if video.sha256 in self._running:  # a failed scan is not repeated in this process
                return
            self._running[video.sha256] = Future()
            self._queue.put(video)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="damage-scanner", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            video = self._queue.get()
            try:
                _scan(video)
            except Exception:  # one video must not end the checks of all others
                _LOG.exception("video %s cannot be checked for damage", video.sha256)
            finally:
                self._running[video.sha256].set_result(None)


def _scan(video: StoredVideo) -> None:
    try:
        index = load_index(video.path)
        save_damage(video.path, find_damage(video.path, index))
    except (FrametallyError, OSError):
        _LOG.exception("video %s cannot be checked for damage", video.sha256)
