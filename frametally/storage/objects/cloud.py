"""Objects in the object storage of a cloud, by the library obstore: S3 and what speaks its protocol, GCS, Azure.

Credentials come from the environment as for every client of the same cloud, or from secrets.toml. No text of the
library gets into an error or a log: it may contain what was sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from frametally.errors import SettingsError
from frametally.storage.objects.objects import Content, StoredObject, StoreUnavailable, checked_key

_PART_BYTES: Final = 16 << 20
"""S3 takes at most 10,000 parts."""
_MAX_PARTS_AT_ONCE: Final = 4
_RETRY: Final[dict[str, Any]] = {
    "max_retries": 12,
    "retry_timeout": timedelta(seconds=90),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=10), "base": 2},
}
_CLIENT: Final[dict[str, Any]] = {"connect_timeout": "5s", "timeout": "60s"}
_TRUE: Final = ("true", "1", "yes")
_LOG = logging.getLogger(__name__)


def open_cloud(url: str, keys: Mapping[str, str], retry: Mapping[str, Any] = _RETRY) -> CloudObjects:
    """The objects below a URL.

    Raises:
        SettingsError: the options are not valid, or the package is missing.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise SettingsError(
            "Object storage needs the package obstore.", "Install it: pip install 'frametally[storage]'."
        ) from None
    prefix = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}[url[:2]]
    config = {name.lower(): text for name, text in keys.items() if name.startswith(prefix)}
    allow_http = config.pop(f"{prefix.lower()}allow_http", "")
    client = {**_CLIENT, "allow_http": True} if allow_http in _TRUE else _CLIENT
    try:
        return CloudObjects(from_url(url, config=config or None, client_options=client, retry_config=dict(retry)))
    except (BaseError, ValueError, TypeError, FileNotFoundError):
        raise SettingsError(
            "The object storage cannot be opened with these options.",
            f"Check the {prefix}… names in the environment and in secrets.toml.",
        ) from None


class CloudObjects:
    """The objects below the prefix of one store."""

    def __init__(self, store: Any) -> None:
        import obstore

        self._store, self._api = store, obstore

    def put_new(self, key: str, data: bytes) -> bool:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        checked_key(key)
        with _explained("create"):
            try:
                with _bucket_required():
                    self._api.put(self._store, key, data, mode="create")
            except (AlreadyExistsError, PreconditionError):
                # A repeated request finds what the first one created, if only its response was lost.
                return self._size(key) == len(data) and self._read(key) == data
            return True

    def put(self, key: str, content: Content) -> None:
        checked_key(key)
        is_large = not isinstance(content, bytes) or len(content) > _PART_BYTES
        if isinstance(content, Path):
            is_large = content.stat().st_size > _PART_BYTES
            content = content if is_large else content.read_bytes()
        with _explained("write"), _bucket_required():
            self._api.put(
                self._store,
                key,
                content,
                use_multipart=is_large,
                chunk_size=_PART_BYTES,
                max_concurrency=_MAX_PARTS_AT_ONCE,
            )

    def read(self, key: str) -> bytes:
        with _explained("read"):
            return self._read(checked_key(key))

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        if stop <= start:
            return b""
        with _explained("read"):
            return bytes(self._api.get_range(self._store, checked_key(key), start=start, end=stop))

    def size(self, key: str) -> int | None:
        with _explained("look up"):
            return self._size(checked_key(key))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with _explained("list"), _bucket_required():
            pages = self._api.list(self._store, checked_key(prefix) if prefix else None)
            found = [
                StoredObject(each["path"], each["size"], each["last_modified"].timestamp(), each["e_tag"] or "")
                for page in pages
                for each in page
            ]
        return iter(sorted(found))

    def delete(self, key: str) -> None:
        with _explained("remove"):
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


@contextmanager
def _bucket_required() -> Iterator[None]:
    """For requests that find nothing only where there is no bucket."""
    try:
        yield
    except FileNotFoundError:
        raise StoreUnavailable(
            "The bucket of the object storage does not exist.", "The operator can create it."
        ) from None


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn the errors of the library into ours, without their texts."""
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError) as error:
        _LOG.warning("The object storage refused to %s an object (%s).", what, type(error).__name__)
        raise StoreUnavailable(
            "The object storage refused the request.", "The operator can check its credentials and its rights."
        ) from None
    except BaseError as error:
        _LOG.warning("The object storage could not %s an object (%s).", what, type(error).__name__)
        raise StoreUnavailable("The object storage does not respond.", "Try again in a moment.") from None
