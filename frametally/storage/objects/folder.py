"""Objects as the files of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from frametally.storage.atomic import PART_SUFFIX, PendingFile
from frametally.storage.folders import files_below
from frametally.storage.objects.objects import Content, StoredObject, checked_key

_BLOCK_BYTES = 1 << 20


class FolderObjects:
    """The files below a folder, which any number of processes may share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_new(self, key: str, data: bytes) -> bool:
        try:
            self._write(key, data, replace=False)
        except FileExistsError:
            return self.read(key) == data
        return True

    def put(self, key: str, content: Content) -> None:
        self._write(key, content, replace=True)

    def read(self, key: str) -> bytes:
        return self._path(key).read_bytes()

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        with self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(max(stop - start, 0))

    def size(self, key: str) -> int | None:
        try:
            return self._path(key).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def list(self, prefix: str) -> Iterator[StoredObject]:
        folder = self._path(prefix) if prefix else self._root
        found = []
        for path in files_below(folder):
            with suppress(FileNotFoundError):
                if path.suffix != PART_SUFFIX:
                    status = path.stat()
                    key = path.relative_to(self._root).as_posix()
                    version = f"{status.st_ino}-{status.st_mtime_ns}"
                    found.append(StoredObject(key, status.st_size, status.st_mtime, version))
        return iter(sorted(found))

    def delete(self, key: str) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # not empty
            for folder in list(path.parents)[: key.count("/")]:
                folder.rmdir()

    def _write(self, key: str, content: Content, *, replace: bool) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        pending = PendingFile(path, replace=replace)
        try:
            for block in _blocks(content):
                pending.write(block)
            pending.commit()
        finally:
            pending.discard()

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)


def _blocks(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    elif isinstance(content, Path):
        with content.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block
    else:
        yield from content
