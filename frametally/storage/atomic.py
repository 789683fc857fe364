"""Atomic writes: readers see the old content of a file or its complete new content, also after a crash."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from frametally.storage.hard_links import link_new
from frametally.storage.space import check_room

PART_SUFFIX: Final = ".part"
"""Ending of temporary files; one that no process has locked is left from a crash."""

T = TypeVar("T")


class PendingFile:
    """A temporary file beside `target` that becomes `target` with `commit`.

    `sync=False` skips the flush to disk, for files that may be lost in a power cut. `replace=False` refuses to replace
    an existing target. `mode` holds the permissions before the umask.
    """

    def __init__(self, target: Path, *, sync: bool = True, replace: bool = True, mode: int = 0o666) -> None:
        self.path = target.with_name(f"{target.name}.{uuid.uuid4().hex}{PART_SUFFIX}")
        self._target, self._sync, self._replace = target, sync, replace
        self._handle: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        with suppress(OSError):  # a file system without locks: leftovers look like files in use
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, data: bytes | bytearray) -> None:
        """Append to the temporary file.

        Raises:
            DiskFull: the disk would lose its reserve.
        """
        check_room(self.path.parent, len(data))
        self._write(data)

    def commit(self) -> None:
        """Make the content durable and give the file its name.

        Raises:
            FileExistsError: the target exists, and `replace` is False.
        """
        if self._sync and self._handle is not None:
            os.fsync(self._handle)
        if self._replace:
            self.path.replace(self._target)
        else:
            link_new(self.path, self._target)
        if self._sync:
            fsync(self._target.parent)
        self.discard()

    def discard(self) -> None:
        """Remove the temporary file; does nothing after `commit`."""
        if self._handle is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None

    def _write(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        while view and self._handle is not None:
            view = view[os.write(self._handle, view) :]


@contextmanager
def atomic_path(target: Path, *, sync: bool = True, replace: bool = True, mode: int = 0o666) -> Iterator[Path]:
    """The path of an empty temporary file, which becomes `target` when the block ends without an error.

    Write into this file; do not replace it. The arguments are those of `PendingFile`.

    Raises:
        FileExistsError: the target exists, and `replace` is False.
    """
    pending = PendingFile(target, sync=sync, replace=replace, mode=mode)
    try:
        yield pending.path
        pending.commit()
    finally:
        pending.discard()


def publish(draft: Path, target: Path) -> None:
    """Move a complete file to its name, its content flushed to disk first."""
    fsync(draft)
    draft.replace(target)
    fsync(target.parent)


def write_bytes(path: Path, data: bytes, *, sync: bool = True, mode: int = 0o666) -> None:
    """Write or replace a file."""
    with atomic_path(path, sync=sync, mode=mode) as draft:
        draft.write_bytes(data)


def write_json(path: Path, message: msgspec.Struct, *, sync: bool = True) -> None:
    """Write or replace a file with a message as JSON."""
    write_bytes(path, msgspec.json.encode(message), sync=sync)


def read_json(path: Path, kind: type[T]) -> T | None:
    """The message in the file; None if there is no file, or its content is not such a message."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def is_abandoned(path: Path) -> bool:
    """Whether the file exists and no process holds a lock on it, as after a crash of its writer."""
    with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def fsync(path: Path) -> None:
    """Flush a file or folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
