"""Open the object storage of a deployment: check that it can be used, and make the data folder a cache of it."""

from __future__ import annotations

import logging
import secrets
import threading
import uuid
from pathlib import Path
from typing import Final

from frametally.config.settings import Settings
from frametally.errors import FrametallyError, SettingsError
from frametally.library.video_store import METADATA_FILE
from frametally.results.manifest import MANIFEST_NAME
from frametally.storage.atomic import write_bytes
from frametally.storage.cache import Cache
from frametally.storage.cached_files import open_cache
from frametally.storage.objects import Objects, StoreUnavailable, open_objects

_KEY: Final = "secret"
_CHECK: Final = "Check FRAMETALLY_STORAGE_URL, and the credentials and rights for it; see docs/storage.md."
_LOG = logging.getLogger(__name__)


def open_storage(settings: Settings) -> Cache | None:
    """The cache that the data folder now is; None without object storage.

    What the folder has already is put into the store in the background.

    Raises:
        SettingsError: the storage cannot be reached, read or written.
    """
    if settings.storage_url is None:
        return None
    objects = open_objects(settings.storage_url, settings.storage_keys)
    try:
        _check_usable(objects)
        _share_secret(objects, settings.link_secret_file)
    except StoreUnavailable as error:
        raise SettingsError(error.what, _CHECK) from None
    of_pages = open_objects(settings.storage_url, settings.storage_keys, is_patient=False)
    cache, keeper = (
        Cache(settings.data_dir, each, settings.storage_url, settings.storage_cache_bytes)
        for each in (of_pages, objects)
    )
    open_cache(cache)
    threading.Thread(target=keep_all, args=(keeper,), name="storage keeper", daemon=True).start()
    return cache


def keep_all(cache: Cache) -> None:
    """Put what was made before there was a store into it. An outage must not fail every folder at once: be patient."""
    for folder in cache.unmarked():
        last = next((name for name in (METADATA_FILE, MANIFEST_NAME) if (folder / name).exists()), None)
        try:
            if last:
                cache.keep(folder, folder, last)
                cache.mark(folder)
        except (FrametallyError, OSError) as error:  # the next start continues
            _LOG.warning("%s is not in the object storage yet: %s", cache.key(folder), error)


def _check_usable(objects: Objects) -> None:
    key, data = f".trial/{uuid.uuid4().hex}", secrets.token_bytes(16)
    objects.put_new(key, data)
    try:
        is_replaced = objects.put_new(key, data + b"again")
        is_read = objects.read(key) == data and [each.key for each in objects.list(".trial")].count(key) == 1
    except FileNotFoundError:
        is_replaced = is_read = False
    objects.delete(key)
    if is_replaced:
        raise SettingsError(
            "The object storage replaces objects that were to be created once only.",
            "Use one that supports conditional writes (If-None-Match), as S3, GCS, Azure and MinIO do.",
        )
    if not is_read:
        raise SettingsError("The object storage does not return what was written to it.", _CHECK)


def _share_secret(objects: Objects, path: Path) -> None:
    """Give all dashboards of the store the same link secret: that of the first one."""
    own = path.read_bytes().strip() if path.exists() else secrets.token_urlsafe(32).encode()
    shared = own if not own or objects.put_new(_KEY, own) else objects.read(_KEY)
    if own and (shared != own or not path.exists()):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, shared, mode=0o600)
