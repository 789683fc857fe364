"""Objects under keys: in a folder, or in the object storage of a cloud."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from frametally.errors import SettingsError
from frametally.storage.objects.objects import Objects, StoredObject, StoreUnavailable

__all__ = ["Objects", "StoreUnavailable", "StoredObject", "open_objects", "storage_keys"]
URL: Final = re.compile(r"(s3|gs|az)://[a-z0-9][a-z0-9._-]+(/[\w.@=+-]+)*/?|file:///[^?#]*", re.ASCII)
"""What `open_objects` takes."""
_KEY_PREFIXES: Final = ("AWS_", "GOOGLE_", "AZURE_")
_NOT_READ: Final = "_ALLOW_HTTP"
"""What the library does not read from the environment itself."""


def storage_keys(environment: Mapping[str, str], secrets: Mapping[str, object]) -> dict[str, str]:
    """Credentials and options of a store that the library does not find in the environment, under the same names."""
    of_secrets = {name: str(text) for name, text in secrets.items() if name not in environment}
    of_environment = {name: text for name, text in environment.items() if name.endswith(_NOT_READ)}
    return {name: text for name, text in (of_secrets | of_environment).items() if name.startswith(_KEY_PREFIXES)}


def open_objects(url: str, keys: Mapping[str, str] | None = None, *, is_patient: bool = True) -> Objects:
    """The objects below `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix` or `file:///folder`.

    `keys`: those of `storage_keys`. `is_patient`: whether requests are repeated for 90 s while the store does not
    respond; otherwise for seconds, and then they fail at once until it responds again, as where a page waits.

    Raises:
        SettingsError: the URL names no such place, or the package `obstore` is not installed.
    """
    if not URL.fullmatch(url):
        raise SettingsError(
            "The URL of the storage is not valid.",
            "Use s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix, without keys.",
        )
    if url.startswith("file://"):
        from frametally.storage.objects.folder import FolderObjects

        return FolderObjects(Path(unquote(url.removeprefix("file://"))))
    from frametally.storage.objects.cloud import open_cloud
    from frametally.storage.objects.waiting import BRIEF, PATIENT

    return open_cloud(url, keys or {}, PATIENT if is_patient else BRIEF)
