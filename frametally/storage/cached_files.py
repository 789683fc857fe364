"""Files of a data folder that may be a cache: code asks here for files that it opens, and hands in those it has made.

Where the folder is no cache of object storage, all of this does nothing.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from frametally.storage.cache import Cache
from frametally.storage.objects import StoreUnavailable
from frametally.storage.objects.range_file import RangeFile

_MAX_BLOCKS: Final = 16
"""Of a video that is read from the store, in memory."""
_CACHES: Final[dict[Path, Cache]] = {}
"""By root. Only what opens a deployment adds one; child processes have none, and get paths of files that are here."""


def open_cache(cache: Cache) -> None:
    """From now on, the root of this cache is one."""
    _CACHES[cache.root] = cache


def cache_of(path: Path) -> Cache | None:
    """The cache that a path is in; None if it is just a file."""
    if not _CACHES:
        return None
    return next((cache for cache in _CACHES.values() if cache.covers(path)), None)


def fetched(path: Path, *, is_optional: bool = False) -> Path:
    """The path, after the file was brought here if it is only in the store.

    `is_optional`: it can be made again, or done without, while the store is unavailable.

    Raises:
        StoreUnavailable: it could not be.
        DiskFull: there is no room for it.
    """
    cache = cache_of(path)
    if cache:
        with suppress(*(StoreUnavailable,) if is_optional else ()):
            cache.fetch(path)
        if cache.is_marked(path.parent):
            cache.mark(path.parent)
    return path


def stored_size(path: Path) -> int:
    """The size of a file that is here, or in the store.

    Raises:
        FileNotFoundError: it is in neither.
    """
    cache = None if path.exists() else cache_of(path)
    size_bytes = cache.objects.size(cache.key(path)) if cache else path.stat().st_size
    if size_bytes is None:
        raise FileNotFoundError(path.name)
    return size_bytes


def readable(path: Path) -> str | RangeFile:
    """What PyAV opens: the path, or ranges of the object if the file is only in the store.

    Raises:
        FileNotFoundError: it is in neither.
    """
    cache = None if path.exists() else cache_of(path)
    return RangeFile(cache.objects, cache.key(path), max_blocks=_MAX_BLOCKS) if cache else str(path)


def is_there(path: Path) -> bool:
    """Whether the file is here, or in the store."""
    cache = None if path.exists() else cache_of(path)
    return cache.has(path) if cache else path.is_file()


def kept(path: Path) -> Path:
    """The path of a file that never changes, after it was put into the store, so that others need not make it.

    While the store is unavailable, only this dashboard has it.
    """
    cache = cache_of(path)
    if cache and path.exists():
        with suppress(StoreUnavailable):
            if cache.objects.size(cache.key(path)) != path.stat().st_size:
                cache.objects.put(cache.key(path), path)
    return path


def put_changed(path: Path, content: bytes) -> None:
    """Put this content of a file that can change into the store, before the file here has it.

    Raises:
        StoreUnavailable: it could not be.
    """
    cache = cache_of(path)
    if cache:
        cache.objects.put(cache.key(path), content)


def latest(path: Path) -> Path:
    """The path of a small file that can change, after it was brought to the state of the store.

    While the store is unavailable, it stays as it is here.
    """
    cache = cache_of(path)
    if cache and (cache.is_marked(path.parent) or not path.exists()):
        with suppress(StoreUnavailable):
            cache.refresh(path)
    return path


def removed(path: Path) -> Path:
    """The path of a file that can be removed here, after it was removed from the store.

    Raises:
        StoreUnavailable: it could not be.
    """
    cache = cache_of(path)
    if cache:
        cache.objects.delete(cache.key(path))
    return path
