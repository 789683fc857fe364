"""Who works in a data folder: any number of processes together, or one restore alone."""

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
    """A share in the folder: it ends when it is closed or forgotten, or with the process."""

    def __init__(self, handle: int) -> None:
        self.close = weakref.finalize(self, os.close, handle)


def lock_shared(data_dir: Path) -> SharedLock:
    """Keep a restore away for as long as what is returned lives.

    Raises:
        SettingsError: a restore is under way.
        OSError: the folder cannot be written to.
    """
    handle = _open(data_dir)
    if not _lock(handle, fcntl.LOCK_SH):
        os.close(handle)
        raise SettingsError("A backup is being restored into the data folder.", "Wait until that has ended.")
    return SharedLock(handle)


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Work in the folder while no dashboard does.

    Raises:
        SettingsError: one does.
    """
    handle = _open(data_dir)
    try:
        if not _lock(handle, fcntl.LOCK_EX):
            raise SettingsError("A dashboard, or another command, works in the data folder.", "Stop it, then restore.")
        yield
    finally:
        os.close(handle)


def _open(data_dir: Path) -> int:
    data_dir.mkdir(parents=True, exist_ok=True)
    return os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)


def _lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nobody can be asked
        return True
    return True
