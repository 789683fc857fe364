"""Hard links, with a fallback for file systems without them."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Final

_UNSUPPORTED: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""The errors that exFAT and FAT return."""


def link_new(draft: Path, target: Path) -> None:
    """Give a complete file a name that must not exist yet; the draft's own name may remain.

    Raises:
        FileExistsError: the target exists.
    """
    try:
        target.hardlink_to(draft)  # unlike a rename, a link never replaces a file
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        draft.replace(target)


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link to a file that is replaced but never modified; a copy where links are unsupported."""
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        shutil.copyfile(source, target)
