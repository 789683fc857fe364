"""File locks between processes and threads; a crash releases them.

They use `flock` on a file or folder that exists anyway. A lock library needs a separate lock file for each of them, to
be excluded from backups and cleaned up, and most libraries have no shared locks.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from frametally.errors import SettingsError

LOCK_NAME: Final = "in-use"


class SharedLock:
    """Held until it is closed or garbage-collected, or the process ends."""

    def __init__(self, handle: int) -> None:
        self.close = weakref.finalize(self, os.close, handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on an existing file or folder; waits for it.

    Raises:
        FileNotFoundError: the path does not exist.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def lock_shared(data_dir: Path) -> SharedLock:
    """Lock the data folder for use together with other processes, but not with a restore.

    Raises:
        SettingsError: a restore is running.
        OSError: the folder is not writable.
    """
    handle = _open(data_dir)
    if not _try_lock(handle, fcntl.LOCK_SH):
        os.close(handle)
        raise SettingsError("A backup is being restored into the data folder.", "Wait until the restore has finished.")
    return SharedLock(handle)


@contextmanager
def lock_exclusive(data_dir: Path) -> Iterator[None]:
    """Lock the data folder for this process alone; does not wait.

    Raises:
        SettingsError: another process uses the folder.
    """
    handle = _open(data_dir)
    try:
        if not _try_lock(handle, fcntl.LOCK_EX):
            raise SettingsError(
                "The data folder is in use by a dashboard or another command.", "Stop it, then try again."
            )
        yield
    finally:
        os.close(handle)


def _open(data_dir: Path) -> int:
    data_dir.mkdir(parents=True, exist_ok=True)
    return os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)


def _try_lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: there is no way to find other processes
        return True
    return True
