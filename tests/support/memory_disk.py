"""Where the tests write: into memory, as nothing that they write has to survive a power loss."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

GIB = 1 << 30
MEMORY_DISK = Path("/dev/shm")


def memory_disk(min_free_bytes: int) -> Path | None:
    """The disk in memory if it is writable and has so much room, else None for the default of temporary files."""
    if not MEMORY_DISK.is_dir() or not os.access(MEMORY_DISK, os.W_OK):
        return None
    return MEMORY_DISK if shutil.disk_usage(MEMORY_DISK).free >= min_free_bytes else None
