"""Format of a backup: one zip file.

manifest.json   size and sha256 of every file; written last
ledger.db       the ledger at one moment, as SQLite, whatever database it came from
…               the files of `LAYOUT` that the backup includes, under their paths in the data folder
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from frametally.config.layout import BackupPart
from frametally.config.settings import Settings
from frametally.errors import BackupError

MANIFEST: Final = "manifest.json"
LEDGER: Final = "ledger.db"
FORMAT: Final = 1
BLOCK_BYTES: Final = 1 << 20

OnBytes = Callable[[int], object]
"""Called with the number of bytes processed since the last call."""


class FileEntry(msgspec.Struct, frozen=True):
    """One file of a backup."""

    size_bytes: int
    sha256: str


class BackupManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup contains."""

    format: int
    made_at: datetime
    schema: str
    """Revision of the ledger's schema."""
    parts: list[BackupPart]
    files: dict[str, FileEntry]

    @property
    def size_bytes(self) -> int:
        """Total size of the files before compression."""
        return sum(entry.size_bytes for entry in self.files.values())


def refuse_object_storage(settings: Settings, next_step: str) -> None:
    """A backup of a cache would be incomplete, and a restored one would not be in the store.

    `next_step`: what to do instead.

    Raises:
        BackupError: the results and videos are in object storage.
    """
    if settings.storage_url:
        raise BackupError(
            "The results and videos are in object storage, which backups of the data folder do not contain.",
            next_step,
        )
