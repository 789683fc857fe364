"""Archives in object storage, where the data folder is a cache of it; otherwise these functions do nothing."""

from __future__ import annotations

from pathlib import Path

from frametally.results.manifest import MANIFEST_NAME
from frametally.results.original import ORIGINAL_NAMES
from frametally.storage.cache import cache_of


def keep_results(folder: Path) -> None:
    """Put an archive into the store.

    Raises:
        StoreUnavailable: it could not be; repeat it later.
    """
    cache = cache_of(folder)
    if cache and folder.exists():
        cache.keep(folder, folder, MANIFEST_NAME)
        cache.mark(folder)


def fetch_results(folder: Path) -> bool:
    """Bring an archive here, without its original; whether anything of it was missing here, or has changed.

    Raises:
        StoreUnavailable: it could not be.
        DiskFull: there is no room for it.
    """
    cache = cache_of(folder)
    return cache.fetch_folder(folder, MANIFEST_NAME, ORIGINAL_NAMES) if cache else False


def remove_results(folder: Path) -> None:
    """Remove an archive from the store, with what was derived from it.

    Raises:
        StoreUnavailable: it could not be; repeat it later.
    """
    cache = cache_of(folder)
    if cache:
        cache.remove(folder, MANIFEST_NAME)
