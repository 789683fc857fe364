"""Read a folder that other processes may change at the same time."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder; unlike `rglob`, it tolerates folders that are removed during the walk."""
    for home, _, names in os.walk(folder):
        yield from (Path(home, name) for name in names)


def size_of(folder: Path) -> int:
    """Total size in bytes of the files below a folder; 0 if it does not exist."""
    total_bytes = 0
    for path in files_below(folder):
        with suppress(OSError):
            total_bytes += path.stat().st_size if path.is_file() else 0
    return total_bytes


def last_change(folder: Path) -> float:
    """When the folder or anything in it last changed, in seconds since the epoch; infinity while it is changing."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:
        return math.inf
