"""Files that are whole or not there: how the kept videos are written, and what a full disk says."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import math
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from frametally.errors import MediaError

DISK_RESERVE_BYTES: Final = 512 * 1024**2
"""Disk that no video on its way in may fill: the ledger and the results need it."""
LOW_DISK_BYTES: Final = 4 * DISK_RESERVE_BYTES
"""Below this people are warned."""

_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system says on which a file has one name only, as exFAT and FAT."""

SMALLER_FILE: Final = "Free some space there, or choose a smaller file."
TRY_AGAIN: Final = "Free some space there, then try again."
"""The next step where the file is made here."""

T = TypeVar("T")


class DiskFull(MediaError):
    """The disk has no room for this file."""


def check_room(folder: Path, size_bytes: int, what: str = "this video", next_step: str = SMALLER_FILE) -> None:
    """Have the disk of this folder take so much more and still keep its reserve.

    Raises:
        DiskFull: it cannot.
    """
    if shutil.disk_usage(folder).free - size_bytes < DISK_RESERVE_BYTES:
        raise _disk_full(what, next_step)


def size_in_words(size_bytes: int) -> str:
    """`1.5 GB`: powers of 1024, as file managers count."""
    size = float(size_bytes)
    for unit in ("bytes", "KB", "MB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} GB"


def last_change(folder: Path) -> float:
    """When the folder or anything in it last changed, in seconds since the epoch."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:  # it changes at this very moment
        return math.inf


def sha256_of(path: Path) -> str:
    """In lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_at(path: Path, offset_bytes: int, piece: bytes | bytearray) -> None:
    """Put the piece into a file that is there.

    Raises:
        DiskFull: others have taken the room that there was when it began.
    """
    check_room(path.parent, len(piece))
    with disk_full_explained(), path.open("r+b") as file:
        file.seek(offset_bytes)
        file.write(piece)


def write_json(path: Path, message: msgspec.Struct) -> None:
    """Replace the file in one move, with its content on the disk before."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with disk_full_explained():
            draft.write_bytes(msgspec.json.encode(message))
            fsync(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_json(path: Path, kind: type[T]) -> T | None:
    """The message in the file; None where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError):
        return None


def keep_as_new(draft: Path, target: Path) -> None:
    """Give a whole file its name, where nothing has that name yet; the draft may be left beside it.

    Raises:
        FileExistsError: something has.
    """
    try:
        target.hardlink_to(draft)  # unlike a rename, it never replaces
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        draft.replace(target)


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for a file that is not changed, only replaced; where there are none, a copy."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(source, target)


def fsync(path: Path) -> None:
    """Have a file or folder on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One at a time works on this file or folder, whichever thread or process it is in; a crash lets go of it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Arrival:
    """A file on its way to the disk: it appears under its name whole, or leaves nothing."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._part = target.with_name(f"{target.name}.{uuid.uuid4().hex}.part")
        self._file = self._part.open("xb", buffering=0)

    def write(self, data: bytes | bytearray) -> None:
        """Add to it.

        Raises:
            DiskFull: the disk would lose its reserve.
        """
        check_room(self._part.parent, len(data))
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def keep(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._target)
        fsync(self._target.parent)

    def discard(self) -> None:
        """Remove what came so far; nothing happens to a file that is already kept."""
        self._file.close()
        self._part.unlink(missing_ok=True)


@contextmanager
def disk_full_explained(what: str = "this video", next_step: str = SMALLER_FILE) -> Iterator[None]:
    """A full disk becomes an error that says so."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _disk_full(what, next_step) from error


def _disk_full(what: str, next_step: str) -> DiskFull:
    return DiskFull(f"The server's disk has no room for {what}.", next_step)
