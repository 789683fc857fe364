"""Videos of jobs as objects, which workers without the disk of the coordinator read by range."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from frametally.storage.cache import Cache
from frametally.storage.cached_files import open_cache
from frametally.storage.objects import Objects

_ROOT: Final = Path("/frametally-objects")
"""Paths below it stand for keys; there is no such folder."""


class _ObjectVideos(Cache):
    """Never holds a file."""

    def covers(self, path: Path) -> bool:
        return path.is_relative_to(self.root)


def path_of(key: str) -> Path:
    """What `open_video` opens in place of the file, once `read_videos_from` was called."""
    return _ROOT / key


def read_videos_from(objects: Objects) -> None:
    """Let this process open the paths of `path_of`."""
    open_cache(_ObjectVideos(_ROOT, objects, "", 0))


def put_video(objects: Objects, key: str, video: Path) -> None:
    """Put the video of a job into the store, unless it is there.

    Raises:
        StoreUnavailable: the store does not respond.
    """
    if objects.size(key) != video.stat().st_size:
        objects.put(key, video)
