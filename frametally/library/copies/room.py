"""The room that copies take: they can be made again, so the oldest give way to videos and to newer copies.

videos/<sha256>/derived/play-<hash>.mp4
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from frametally.storage.derived import DERIVED_NAME

KIND: Final = "play"


def copies_below(videos_dir: Path, ending: str = ".mp4") -> Iterator[Path]:
    """The files of all copies whose names have this ending."""
    yield from videos_dir.glob(f"*/{DERIVED_NAME}/{KIND}-*{ending}")


def copies_bytes(videos_dir: Path) -> int:
    """The size of all copies together."""
    total_bytes = 0
    for path in copies_below(videos_dir):
        with suppress(FileNotFoundError):
            total_bytes += path.stat().st_size
    return total_bytes


def make_room(videos_dir: Path, max_bytes: int, kept: Path | None = None) -> None:
    """Remove the least recently requested copies until the others take at most `max_bytes`; `kept` is not removed."""
    copies = []
    for path in copies_below(videos_dir):
        with suppress(FileNotFoundError):
            copies.append((path != kept, -path.stat().st_mtime, path.stat().st_size, path))
    total_bytes = 0
    for _, _, size_bytes, path in sorted(copies):
        total_bytes += size_bytes
        if total_bytes > max_bytes and path != kept:
            total_bytes -= size_bytes
            path.unlink(missing_ok=True)
