"""Where a dataset is written: a ZIP file, or a folder. It is there when it is complete, and not before."""

from __future__ import annotations

import shutil
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from frametally.errors import SettingsError
from frametally.storage.atomic import PART_SUFFIX, atomic_path

_STORED = frozenset({".jpg"})
"""Compressed already."""


class Target(Protocol):
    """Takes files."""

    def add(self, path: Path, name: str) -> None:
        """Move this file to `name`, which has forward slashes."""


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, path: Path, name: str) -> None:
        stored = path.suffix in _STORED
        self._archive.write(path, name, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
        path.unlink()


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, path: Path, name: str) -> None:
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


@contextmanager
def open_target(path: Path) -> Iterator[Target]:
    """A ZIP file if the name says so, or else a folder, which must be new or empty.

    Raises:
        SettingsError: there is such a file or folder already.
    """
    if path.suffix.lower() == ".zip":
        with atomic_path(path) as draft, zipfile.ZipFile(draft, "w") as archive:
            yield _Zip(archive)
        return
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise SettingsError(f"{path.name} exists already.", "Choose another name, or an empty folder.")
    folder = path.with_name(f"{path.name}.{uuid.uuid4().hex}{PART_SUFFIX}")
    folder.mkdir()
    try:
        yield _Folder(folder)
        folder.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
