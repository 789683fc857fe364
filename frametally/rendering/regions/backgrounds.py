"""The picture of a video without what moves: the median of frames that are spread over it, kept beside the video."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from frametally.errors import FrametallyError, VideoError
from frametally.library.video_store import StoredVideo
from frametally.storage.atomic import atomic_path
from frametally.storage.derived import derived_path
from frametally.video.decoding import Image
from frametally.video.frame_reader import FrameReader

_FORMAT: Final = 1
_KIND: Final = "background"


class Backgrounds:
    """Makes each picture once. Thread-safe; one is made at a time."""

    def __init__(self, reader: Callable[[Path], FrameReader]) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._small: dict[Path, bytes] = {}

    def get(self, video: StoredVideo) -> Image:
        """(height_px, width_px, 3) BGR.

        Raises:
            VideoError: no frame can be decoded.
        """
        import cv2  # the server starts without it

        from frametally.regions.background import HEIGHT_PX, sampled_background
        from frametally.rendering.image_files import to_png

        path = _path_of(video)
        with self._lock:
            if not path.exists():
                picture = sampled_background(self._reader(video.place), min(HEIGHT_PX, video.info.displayed_wh[1]))
                path.parent.mkdir(exist_ok=True)
                with atomic_path(path) as draft:
                    draft.write_bytes(to_png(picture))
        found = cv2.imread(str(path))
        if found is None:
            path.unlink(missing_ok=True)
            raise VideoError("The background cannot be read.", "Try again.")
        return np.asarray(found, dtype=np.uint8)

    def small(self, video: StoredVideo) -> bytes:
        """The picture as sets of regions keep it.

        Raises:
            VideoError: no frame can be decoded.
        """
        from frametally.regions.background import small_background

        path = _path_of(video)
        if path not in self._small:
            self._small[path] = small_background(self.get(video))
        return self._small[path]

    def small_if_made(self, video: StoredVideo) -> bytes | None:
        """The same, if it takes no time; otherwise the picture is made in the background."""
        if _path_of(video).exists():
            return self.small(video)
        if not self._lock.locked():
            threading.Thread(target=self._make, args=(video,), name="background", daemon=True).start()
        return None

    def _make(self, video: StoredVideo) -> None:
        with suppress(FrametallyError):  # reported to those who request the picture
            self.get(video)


def _path_of(video: StoredVideo) -> Path:
    return derived_path(video.place.parent, _KIND, _FORMAT, "png")
