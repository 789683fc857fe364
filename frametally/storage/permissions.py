"""Permissions of the data folder: for its owner only, 0700 for folders and 0600 for files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_UMASK: Final = 0o077
_OTHERS: Final = 0o077


def keep_new_files_private() -> None:
    """Create every file and folder of this process, and of its children, for the owner only."""
    os.umask(_UMASK)


def restrict(folder: Path, names: Iterable[str]) -> None:
    """Take the permissions of others from the folder and from what is below these names (patterns) in it.

    Symbolic links are not followed, and what has another owner stays as it is.
    """
    if not _restrict_one(folder):
        return
    for path in {found for name in names for found in folder.glob(name)}:
        if not _restrict_one(path) or path.is_symlink():
            continue
        for home, folders, files in os.walk(path):
            for name in (*folders, *files):
                _restrict_one(Path(home, name))


def _restrict_one(path: Path) -> bool:
    """Whether the path is ours, and now for us only."""
    with suppress(OSError):  # removed since, or on a file system without permissions
        status = path.lstat()
        if status.st_uid != os.geteuid():
            return False
        is_kept = stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)
        if is_kept and status.st_mode & _OTHERS:
            path.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)
        return True
    return False
