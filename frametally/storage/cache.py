"""A folder that is a bounded cache of object storage, which dashboards on different machines share.

    results/<job>/…            under the same keys in the store
    media/videos/<sha256>/…
    stored/<store>/<folder>    a mark: all of this folder is in the store, so it may be removed here

`cached_files.py` is what other rooms use of it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from frametally.errors import MediaError
from frametally.storage.atomic import PART_SUFFIX, PendingFile, write_bytes
from frametally.storage.folders import files_below, size_of
from frametally.storage.locks import locked
from frametally.storage.objects import Objects, StoredObject, StoreUnavailable
from frametally.storage.space import DISK_RESERVE_BYTES

VIDEOS: Final = "media/videos"
RESULTS: Final = "results"
MARKS: Final = "stored"
MIN_IDLE_S: Final = 3600.0
"""What was used later is not removed, also if the cache is too large: another process may read it."""
_VIDEO_FILES: Final = "video.*"
_BLOCK_BYTES: Final = 8 << 20
_BLOCKS_AHEAD: Final = 4
MIRROR_EVERY_S: Final = 1.0
_AFTER_FAILURE_S: Final = 2.0
_LOG = logging.getLogger(__name__)


class Cache:
    """The files below `root`, each under its path relative to it. Safe to share between threads and processes."""

    def __init__(
        self,
        root: Path,
        objects: Objects,
        store: str,
        max_bytes: int,
        *,
        min_idle_s: float = MIN_IDLE_S,
        mirror_every_s: float = MIRROR_EVERY_S,
    ) -> None:
        """`store`: its URL, so that the marks of one are not taken for those of another."""
        self.root, self.objects = root, objects
        self._marks = root / MARKS / hashlib.sha256(store.encode()).hexdigest()[:16]
        self._max_bytes, self._min_idle_s, self._mirror_every_s = max_bytes, min_idle_s, mirror_every_s
        self._mirroring = threading.Lock()
        self._mirror_at_s = -1.0

    def covers(self, path: Path) -> bool:
        """Whether the path is in one of the folders that are kept in the store."""
        return any(path.is_relative_to(self.root / name) for name in (VIDEOS, RESULTS))

    def key(self, path: Path) -> str:
        """The key of a file or folder below the root."""
        return path.relative_to(self.root).as_posix()

    def keep(self, source: Path, folder: Path, last: str) -> None:
        """Put the files directly in `source` into the store, as those of `folder`; the one named `last` as the last.

        A reader that finds that one finds all others. A file of the same size is in the store already.
        """
        paths = [path for path in source.iterdir() if path.is_file() and path.suffix != PART_SUFFIX]
        stored = {each.key: each.size_bytes for each in self.objects.list(self.key(folder))}
        for path in sorted(paths, key=lambda path: path.name == last):
            key = self.key(folder / path.name)
            if path.name == last or stored.get(key) != path.stat().st_size:
                self.objects.put(key, path)

    def mark(self, folder: Path) -> None:
        """All of this folder is in the store; it was used now. Folders in it count as parts of it."""
        mark = self._mark(folder)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()

    def is_marked(self, folder: Path) -> bool:
        """Whether all of this folder is in the store."""
        return self._mark(folder).exists()

    def has(self, path: Path) -> bool:
        """Whether the file is in the store."""
        return self.objects.size(self.key(path)) is not None

    def fetch(self, path: Path) -> None:
        """Bring a file here, unless it is here, or not in the store."""
        if path.exists():
            return
        size_bytes = self.objects.size(self.key(path))
        if size_bytes is None:
            return
        self.make_room(size_bytes)
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.parent):
            if not path.exists():
                self._download(path, size_bytes)

    def refresh(self, path: Path) -> None:
        """Bring a small file here as it is in the store; remove it here if it is not in the store."""
        try:
            content = self.objects.read(self.key(path))
        except FileNotFoundError:
            path.unlink(missing_ok=True)
            return
        if not path.exists() or path.read_bytes() != content:
            is_copy = self._is_copy(path.parent)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)
            if is_copy:
                self.mark(path.parent)

    def fetch_folder(self, folder: Path, last: str, but: tuple[str, ...] = ()) -> bool:
        """Bring the files of a folder here, those in `but` excepted, the one named `last` as the last.

        Files of another size are replaced. Returns whether there were any.
        """
        prefix = f"{self.key(folder)}/"
        stored = {each.key.removeprefix(prefix): each.size_bytes for each in self.objects.list(self.key(folder))}
        wanted = {name: size for name, size in stored.items() if "/" not in name and name not in but}
        if last not in stored:
            return False
        self.make_room(sum(wanted.values()))
        folder.mkdir(parents=True, exist_ok=True)
        is_changed = False
        with locked(folder):
            for name, size_bytes in sorted(wanted.items(), key=lambda item: item[0] == last):
                path = folder / name
                if is_changed or not path.exists() or path.stat().st_size != size_bytes:
                    self._download(path, size_bytes)
                    is_changed = True
        self.mark(folder)
        return is_changed

    def remove(self, folder: Path, last: str) -> None:
        """Remove a folder from the store, not from here; the file named `last` as the last.

        Until then it can be found, so that a removal that was interrupted is repeated.
        """
        keys = [each.key for each in self.objects.list(self.key(folder))]
        for key in sorted(keys, key=lambda key: key.endswith(f"/{last}")):
            self.objects.delete(key)
        self._mark(folder).unlink(missing_ok=True)

    def clear(self, folder: Path) -> None:
        """Remove all below a folder from the store, not from here."""
        for each in self.objects.list(self.key(folder)):
            self.objects.delete(each.key)

    def mirror(self, parent: Path, name: str) -> None:
        """Bring the files `<parent>/*/<name>` to the state of the store; at most every `mirror_every_s`.

        Folders that the store had and has no longer are removed here. Without the store, they stay as they are.
        Only the first call waits for one of another thread.
        """
        is_first = self._mirror_at_s < 0
        if not self._mirroring.acquire(blocking=is_first):
            return
        try:
            if time.monotonic() >= self._mirror_at_s:
                self._mirror(parent, name)
                self._mirror_at_s = time.monotonic() + self._mirror_every_s
        except StoreUnavailable:
            self._mirror_at_s = time.monotonic() + _AFTER_FAILURE_S
        finally:
            self._mirroring.release()

    def make_room(self, incoming_bytes: int) -> None:
        """Remove what was used longest ago until the cache, and its disk, have room for so many bytes."""
        units = sorted(self._removable())
        total_bytes = sum(size_bytes for _, size_bytes, _ in units) + incoming_bytes
        on_disk_bytes = shutil.disk_usage(self.root).free - DISK_RESERVE_BYTES + total_bytes - incoming_bytes
        for used_s, size_bytes, paths in units:
            has_room = total_bytes <= min(self._max_bytes, on_disk_bytes)
            if has_room or time.time() - used_s < self._min_idle_s:
                return
            for path in paths:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
            total_bytes -= size_bytes

    def unmarked(self) -> Iterator[Path]:
        """Folders of videos and results that were made before there was a store, or that could not be kept."""
        for parent in (self.root / VIDEOS, self.root / RESULTS):
            if parent.exists():
                found = (path for path in parent.iterdir() if path.is_dir() and "." not in path.name)
                yield from (folder for folder in found if not self.is_marked(folder))

    def drop_removed(self, parent: Path, name: str) -> dict[str, StoredObject]:
        """Remove the folders here that the store had and has no longer; returns `<folder>/<name>` of the others.

        Raises:
            StoreUnavailable: it is not known which.
        """
        marks = self._mark(parent)
        before = [mark.name for mark in marks.iterdir()] if marks.exists() else []  # marked before: listed, or removed
        found = {}
        for each in self.objects.list(self.key(parent)):
            folder, _, rest = each.key.removeprefix(f"{self.key(parent)}/").partition("/")
            if rest == name:
                found[folder] = each
        for folder in before:
            if folder not in found:
                shutil.rmtree(parent / folder, ignore_errors=True)
                self._mark(parent / folder).unlink(missing_ok=True)
        return found

    def _mirror(self, parent: Path, name: str) -> None:
        for folder, stored in self.drop_removed(parent, name).items():
            self._bring_up_to_date(parent / folder / name, stored)

    def _bring_up_to_date(self, path: Path, stored: StoredObject) -> None:
        """The mark of the folder holds the version that is here."""
        mark = self._mark(path.parent)
        with suppress(FileNotFoundError):
            if path.exists() and mark.read_text() == stored.version:
                return
        with suppress(FileNotFoundError):  # removed since it was listed
            data = self.objects.read(stored.key)
            path.parent.mkdir(parents=True, exist_ok=True)
            pending = PendingFile(path, sync=False)
            try:
                pending.write(data)
                os.utime(pending.path, (stored.modified_s, stored.modified_s))
                pending.commit()
            finally:
                pending.discard()
            self.mark(path.parent)
            mark.write_text(stored.version)

    def _download(self, path: Path, size_bytes: int) -> None:
        """The caller holds the lock of the folder."""
        is_copy = self._is_copy(path.parent)
        pending = PendingFile(path, sync=False)
        try:
            for block in self.blocks(self.key(path), 0, size_bytes):
                pending.write(block)
            if pending.path.stat().st_size != size_bytes:
                raise MediaError("A file changed while it was fetched from the object storage.", "Try again.")
            pending.commit()
        finally:
            pending.discard()
        if is_copy:
            self.mark(path.parent)

    def blocks(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes [start, stop) of an object; a few requests ahead of the reader."""
        starts = iter(range(start, stop, _BLOCK_BYTES))
        with ThreadPoolExecutor(_BLOCKS_AHEAD, thread_name_prefix="object storage") as pool:
            ahead: deque[Future[bytes]] = deque()
            try:
                while True:
                    while len(ahead) < _BLOCKS_AHEAD and (at := next(starts, None)) is not None:
                        end = min(at + _BLOCK_BYTES, stop)
                        ahead.append(pool.submit(self.objects.read_range, key, at, end))
                    if not ahead:
                        return
                    yield ahead.popleft().result()
            finally:
                for request in ahead:
                    request.cancel()

    def _is_copy(self, folder: Path) -> bool:
        """Whether nothing of the folder may be here only: a file that is fetched into it may count as all of it."""
        return self.is_marked(folder) or not any(files_below(self._unit(folder)))

    def _removable(self) -> Iterator[tuple[float, int, list[Path]]]:
        """(time of the last use, size, what to remove) of each marked folder."""
        for parent in (self.root / VIDEOS, self.root / RESULTS):
            marks = self._mark(parent)
            for mark in marks.iterdir() if marks.exists() else ():
                folder = parent / mark.name
                paths = [folder] if parent.name == RESULTS else list(folder.glob(_VIDEO_FILES))
                with suppress(FileNotFoundError):
                    size_bytes = sum(size_of(path) if path.is_dir() else path.stat().st_size for path in paths)
                    if size_bytes:
                        yield mark.stat().st_mtime, size_bytes, paths

    def _mark(self, folder: Path) -> Path:
        return self._marks / self._unit(folder).relative_to(self.root)

    def _unit(self, folder: Path) -> Path:
        """The folder of a video or a job that this one is, or is in."""
        parts = folder.relative_to(self.root).parts
        return self.root.joinpath(*parts[: 2 if parts[0] == RESULTS else 3])
