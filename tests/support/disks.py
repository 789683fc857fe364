"""Disks with faults: a small one, a full one, and one without hard links."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Creating a hard link fails, as on FAT and exFAT."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def enlarge(disk: Path) -> None:
    """Give a small disk more room than the reserve; it takes memory only for what it contains."""
    subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)


def fill(disk: Path, *, leave_bytes: int = 0) -> Path:
    """Fill the disk with one file, except for `leave_bytes`; return the file."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        while (left := shutil.disk_usage(disk).free - leave_bytes) > 0:
            file.write(bytes(min(4096, left)))
            file.flush()
    return filler
