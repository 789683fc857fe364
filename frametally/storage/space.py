"""Free disk space: the reserve that incoming files must leave, and the error for a full disk."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from frametally.errors import MediaError

DISK_RESERVE_BYTES: Final = 512 * 1024**2
"""Free space that incoming files must leave: the ledger and the results need it."""
LOW_DISK_BYTES: Final = 4 * DISK_RESERVE_BYTES
"""Free space below which the pages show a warning."""

SMALLER_FILE: Final = "Free some disk space, or choose a smaller file."
TRY_AGAIN: Final = "Free some disk space, then try again."
"""The next step where Frametally itself makes the file."""


class DiskFull(MediaError):
    """The disk has no room for this file."""


def check_room(folder: Path, size_bytes: int, what: str = "this video", next_step: str = SMALLER_FILE) -> None:
    """Check that the disk of `folder` can take `size_bytes` more and keep its reserve.

    Raises:
        DiskFull: less than the reserve would remain free.
    """
    if shutil.disk_usage(folder).free - size_bytes < DISK_RESERVE_BYTES:
        raise _disk_full(what, next_step)


_NUMPY_WROTE_LESS: Final = re.compile(r"^\d+ requested and \d+ written$")
"""The error of `ndarray.tofile`, which has no number."""
_CHECK_EVERY_BYTES: Final = 32 << 20
_BLOCK_BYTES: Final = 1 << 20


def check_reserve(folder: Path, written_bytes: int) -> None:
    """Check, every 32 MiB of a file that is being written in blocks of at most 1 MiB, that the disk keeps its reserve.

    Raises:
        OSError: it does not, with ENOSPC, as if the disk were full.
    """
    is_due = written_bytes % _CHECK_EVERY_BYTES < _BLOCK_BYTES
    if is_due and shutil.disk_usage(folder).free < DISK_RESERVE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def is_disk_full(error: BaseException) -> bool:
    """Whether the operating system reported a full disk or an exceeded quota, to us or to numpy."""
    if not isinstance(error, OSError):
        return False
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or bool(_NUMPY_WROTE_LESS.search(str(error)))


@contextmanager
def explain_disk_full(what: str = "this video", next_step: str = SMALLER_FILE) -> Iterator[None]:
    """Turn the operating system's error for a full disk into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise _disk_full(what, next_step) from error


def write_at(path: Path, offset_bytes: int, piece: bytes | bytearray) -> None:
    """Write into an existing file at an offset.

    Raises:
        DiskFull: the disk would lose its reserve; other uploads may have used the room since this one began.
    """
    check_room(path.parent, len(piece))
    with explain_disk_full(), path.open("r+b") as file:
        file.seek(offset_bytes)
        file.write(piece)


def format_size(size_bytes: int) -> str:
    """A size with up to three significant digits in decimal units: `95.4 MB`, `1.5 GB`.

    humanize is not used: it rounds to a fixed number of decimals (`95.4 MB`, but `150.0 MB`).
    """
    if size_bytes == 1:
        return "1 byte"
    size = float(size_bytes)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def _disk_full(what: str, next_step: str) -> DiskFull:
    return DiskFull(f"The server's disk has no room for {what}.", next_step)
