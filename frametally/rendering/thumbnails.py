"""Small JPEG pictures of frames, cached by picture: moments of several jobs on one video share them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from frametally.rendering.image_files import to_jpeg
from frametally.video.frame_reader import FrameReader
from frametally.video.picture_key import PictureKey, picture_key

HEIGHT_PX: Final = 180
MAX_PICTURES: Final = 1000
"""About 10 MB in total."""
_JPEG_QUALITY: Final = 80


class ThumbnailCache:
    """The most recently used thumbnails of all videos. Thread-safe."""

    def __init__(self, *, max_pictures: int = MAX_PICTURES) -> None:
        self._max_pictures = max_pictures
        self._lock = threading.Lock()
        self._pictures: OrderedDict[PictureKey, bytes] = OrderedDict()

    def get(self, video_sha256: str, reader: FrameReader, positions: Iterable[int]) -> dict[int, bytes]:
        """JPEG files of these frames by display index, decoded in one pass; frames that cannot be decoded are missing.

        Args:
            video_sha256: the video.
            reader: of this video.
            positions: display indices; those that the video does not have are ignored.
        """
        keys = {at: picture_key(video_sha256, reader.index, at) for at in positions if 0 <= at < len(reader.index)}
        found = {at: picture for at, key in keys.items() if (picture := self._find(key)) is not None}
        for at, image in reader.thumbnails(keys.keys() - found.keys(), HEIGHT_PX):
            found[at] = to_jpeg(image, _JPEG_QUALITY)
            self._add(keys[at], found[at])
        return found

    def _find(self, key: PictureKey) -> bytes | None:
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
            return self._pictures.get(key)

    def _add(self, key: PictureKey, picture: bytes) -> None:
        with self._lock:
            self._pictures[key] = picture
            while len(self._pictures) > self._max_pictures:
                self._pictures.popitem(last=False)
