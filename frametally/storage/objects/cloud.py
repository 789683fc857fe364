"""Objects in the object storage of a cloud, by the library obstore: S3 and what speaks its protocol, GCS, Azure.

Credentials come from the environment as for every client of the same cloud, or from secrets.toml. No text of the
library gets into an error or a log: it may contain what was sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from frametally.errors import SettingsError
from frametally.storage.objects.objects import Content, StoredObject, StoreUnavailable, checked_key
from frametally.storage.objects.outage import Outage
from frametally.storage.objects.waiting import ONCE, PATIENT, Waiting

_PART_BYTES: Final = 16 << 20
"""S3 takes at most 10,000 parts."""
_MAX_PARTS_AT_ONCE: Final = 4
_SMALL_BYTES: Final = 1 << 18
"""Written in less time than a person waits, also over a slow line."""
_TRUE: Final = ("true", "1", "yes")
_NO_RESPONSE: Final = "The object storage does not respond.", "Try again in a moment."
_LOG = logging.getLogger(__name__)


def open_cloud(url: str, keys: Mapping[str, str], waiting: Waiting = PATIENT) -> CloudObjects:
    """The objects below a URL. `waiting`: of all requests but those that write large content.

    Raises:
        SettingsError: the options are not valid, or the package is missing.
    """
    try:
        from obstore.exceptions import BaseError
    except ImportError:
        raise SettingsError(
            "Object storage needs the package obstore.", "Install it: pip install 'frametally[storage]'."
        ) from None
    prefix = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}[url[:2]]
    config = {name.lower(): text for name, text in keys.items() if name.startswith(prefix)}
    allow_http = config.pop(f"{prefix.lower()}allow_http", "")
    options = {"allow_http": True} if allow_http in _TRUE else {}
    try:
        stores = [each.store(url, config, options) for each in (waiting, PATIENT, ONCE)]
    except (BaseError, ValueError, TypeError, FileNotFoundError):
        raise SettingsError(
            "The object storage cannot be opened with these options.",
            f"Check the {prefix}… names in the environment and in secrets.toml.",
        ) from None
    return CloudObjects(*stores) if waiting is not PATIENT else CloudObjects(*stores[:2])


class CloudObjects:
    """The objects below the prefix of one store."""

    def __init__(self, store: Any, of_large: Any, once: Any = None) -> None:
        """The same store three times: for most requests, for large content, and to ask whether it responds.

        Without the last one, every request waits for the store.
        """
        import obstore

        self._store, self._of_large, self._api = store, of_large, obstore
        self._outage = Outage(lambda: _responds(once)) if once else None

    def put_new(self, key: str, data: bytes) -> bool:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        checked_key(key)
        with self._explained("create"):
            try:
                with _bucket_required():
                    self._api.put(self._store_for(len(data)), key, data, mode="create")
            except (AlreadyExistsError, PreconditionError):
                # A repeated request finds what the first one created, if only its response was lost.
                return self._size(key) == len(data) and self._read(key) == data
            return True

    def put(self, key: str, content: Content) -> None:
        checked_key(key)
        if isinstance(content, Path) and content.stat().st_size <= _PART_BYTES:
            content = content.read_bytes()
        size_bytes = len(content) if isinstance(content, bytes) else _PART_BYTES + 1
        with self._explained("write"), _bucket_required():
            self._api.put(
                self._store_for(size_bytes),
                key,
                content,
                use_multipart=size_bytes > _PART_BYTES,
                chunk_size=_PART_BYTES,
                max_concurrency=_MAX_PARTS_AT_ONCE,
            )

    def read(self, key: str) -> bytes:
        with self._explained("read"):
            return self._read(checked_key(key))

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        if stop <= start:
            return b""
        with self._explained("read"):
            return bytes(self._api.get_range(self._store, checked_key(key), start=start, end=stop))

    def size(self, key: str) -> int | None:
        with self._explained("look up"):
            return self._size(checked_key(key))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with self._explained("list"), _bucket_required():
            pages = self._api.list(self._store, checked_key(prefix) if prefix else None)
            found = [
                StoredObject(each["path"], each["size"], each["last_modified"].timestamp(), each["e_tag"] or "")
                for page in pages
                for each in page
            ]
        return iter(sorted(found))

    def delete(self, key: str) -> None:
        with self._explained("remove"):
            try:
                self._api.delete(self._store, checked_key(key))
            except FileNotFoundError:
                return

    def _read(self, key: str) -> bytes:
        return bytes(self._api.get(self._store, key).bytes())

    def _size(self, key: str) -> int | None:
        try:
            return int(self._api.head(self._store, key)["size"])
        except FileNotFoundError:
            return None

    def _store_for(self, size_bytes: int) -> Any:
        return self._of_large if size_bytes > _SMALL_BYTES else self._store

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Turn the errors of the library into ours, without their texts."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        if self._outage and not self._outage.is_over:
            raise StoreUnavailable(*_NO_RESPONSE)
        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError) as error:
            _LOG.warning("The object storage refused to %s an object (%s).", what, type(error).__name__)
            raise StoreUnavailable(
                "The object storage refused the request.", "The operator can check its credentials and its rights."
            ) from None
        except BaseError as error:
            _LOG.warning("The object storage could not %s an object (%s).", what, type(error).__name__)
            if self._outage:
                self._outage.begin()
            raise StoreUnavailable(*_NO_RESPONSE) from None


@contextmanager
def _bucket_required() -> Iterator[None]:
    """For requests that find nothing only where there is no bucket."""
    try:
        yield
    except FileNotFoundError:
        raise StoreUnavailable(
            "The bucket of the object storage does not exist.", "The operator can create it."
        ) from None


def _responds(store: Any) -> bool:
    """Whether it gives an answer, be it that it refuses."""
    import obstore
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    try:
        obstore.head(store, "secret")
    except (FileNotFoundError, PermissionDeniedError, UnauthenticatedError):
        return True
    except BaseError:
        return False
    return True
