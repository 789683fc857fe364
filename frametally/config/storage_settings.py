"""Settings of the object storage that several dashboards share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from frametally.config.parsers import optional_storage_url, positive_integer
from frametally.config.setting import setting


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """Where videos and results are, if not in the data folder only."""

    storage_url: str | None = setting(
        "FRAMETALLY_STORAGE_URL",
        optional_storage_url,
        default_text="the data folder",
        meaning="Object storage of videos and results: `s3://bucket/prefix`, `gs://…`, `az://…`; see docs/storage.md.",
        is_secret=True,  # may contain a key by mistake
    )
    storage_cache_bytes: int = setting(
        "FRAMETALLY_STORAGE_CACHE_BYTES",
        positive_integer,
        default="21474836480",
        meaning="With object storage: size of the copies in the data folder above which the oldest are removed.",
    )
    storage_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Credentials and options of the object storage that its library does not find in the environment."""
