"""Uploads in progress in object storage, so that each piece may arrive at another dashboard.

    uploads/<id>/meta             name, size and who began it; written once
    uploads/<id>/<offset>         the bytes from this offset on; created, never replaced
    uploads/<id>/video            the sha256 of the stored video, once there is one

A piece begins where the one before it ends; of two that arrive for the same offset, the store keeps the first. Nothing
else is shared: no lock, and no row of the ledger.
"""

from __future__ import annotations

import logging
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from frametally.library.copies.room import copies_bytes
from frametally.library.quota import CHECK_EVERY_BYTES, Limits, UploadInProgress, VideoTooLarge, check_fits
from frametally.library.upload_store import (
    Upload,
    UploadMetadata,
    UploadStore,
    UploadUnknown,
    offset_mismatch,
    received_file,
    unknown_upload,
)
from frametally.library.video_store import VideoStore
from frametally.storage.atomic import PendingFile
from frametally.storage.cache import Cache
from frametally.storage.folders import last_change
from frametally.storage.locks import locked
from frametally.storage.objects import StoredObject
from frametally.storage.space import explain_disk_full

_PREFIX: Final = "uploads"
_META, _VIDEO = "meta", "video"
_OFFSET_DIGITS: Final = 15
_MAX_KNOWN: Final = 1000
_LOG = logging.getLogger("frametally.library")


class SharedUploads(UploadStore):
    """All uploads of the dashboards that share an object storage; `folder` has what this one puts together."""

    batch_bytes = 8 * 1024**2

    def __init__(
        self, folder: Path, videos: VideoStore, limits: Limits, clock: Callable[[], datetime], cache: Cache
    ) -> None:
        super().__init__(folder, videos, limits, clock)
        self._objects, self._cache = cache.objects, cache
        self._known: dict[str, UploadMetadata] = {}

    def get(self, upload_id: str) -> Upload:
        self.folder_of(upload_id)  # refuses what is no id
        found = {_name(each): each for each in self._objects.list(_key(upload_id))}
        if _META not in found:
            raise unknown_upload()
        metadata = self._metadata(upload_id)
        video_sha256 = self._video_of(upload_id) if _VIDEO in found else None
        end = metadata.size_bytes if video_sha256 else _end(found.values())
        return Upload(
            id=upload_id,
            file_name=metadata.file_name,
            size_bytes=metadata.size_bytes,
            offset_bytes=end,
            video_sha256=video_sha256,
        )

    def append(self, upload_id: str, offset_bytes: int, chunk: bytes | bytearray) -> int:
        upload = self.get(upload_id)
        if upload.offset_bytes != offset_bytes:
            raise offset_mismatch(upload)
        if offset_bytes + len(chunk) > upload.size_bytes:
            raise VideoTooLarge("The upload is larger than declared.", "Choose the file again.")
        if offset_bytes // CHECK_EVERY_BYTES != (offset_bytes + len(chunk)) // CHECK_EVERY_BYTES:
            self._with_room(upload.size_bytes - offset_bytes, lambda: self._make_room_for(len(chunk)))
        if chunk and not self._objects.put_new(_key(upload_id, _piece(offset_bytes)), bytes(chunk)):
            raise offset_mismatch(self.get(upload_id))
        return offset_bytes + len(chunk)

    def truncate(self, upload_id: str, start_bytes: int, end_bytes: int) -> None:
        pieces = _chain(self._objects.list(_key(upload_id)))
        if pieces and pieces[-1][0] + pieces[-1][1].size_bytes == end_bytes:
            for start, piece in reversed(pieces):
                if start >= start_bytes:
                    self._objects.delete(piece.key)

    def cancel(self, upload_id: str, *, actor: str | None) -> None:
        self.get(upload_id)
        self.discard(upload_id)
        _LOG.info("upload %s canceled by %s", upload_id, actor or "-")

    def discard(self, upload_id: str) -> None:
        self._delete(self._objects.list(_key(upload_id)))
        super().discard(upload_id)

    def clear(self, upload_id: str) -> None:
        self._delete(piece for _, piece in _chain(self._objects.list(_key(upload_id))))
        super().discard(upload_id)

    def record_video(self, upload: Upload, sha256: str) -> None:
        self._objects.put(_key(upload.id, _VIDEO), sha256.encode())

    def received(self, upload: Upload) -> Path | None:
        """The file with all pieces, which are brought here unless they are."""
        folder = self.folder_of(upload.id)
        staged = received_file(folder)
        if staged is None:
            with explain_disk_full():
                self._put_together(upload, folder / "data")
        return staged or folder / "data"

    @contextmanager
    def exclusive(self, upload_id: str) -> Iterator[Path]:
        """Lock one upload across the threads and processes of this dashboard: two may store the same video."""
        self.get(upload_id)
        folder = self.folder_of(upload_id)
        folder.mkdir(exist_ok=True)
        with locked(folder):
            folder.mkdir(exist_ok=True)
            yield folder

    def remove_stale(self, older_than_s: float, now_s: float) -> int:
        removed = 0
        for objects in self._by_upload().values():
            if now_s - max(each.modified_s for each in objects) > older_than_s:
                self._delete(objects)
                removed += 1
        return removed + self._remove_stale_folders(older_than_s, now_s)

    def _reserve(self, folder: Path, name: str, size_bytes: int, actor: str | None) -> None:
        with locked(self._folder):
            copies = copies_bytes(self._videos.folder)
            self._cache.make_room(size_bytes)
            check_fits(size_bytes, self._limits, self._videos.used_bytes(), self._in_progress(), copies)
            metadata = UploadMetadata(name, size_bytes, actor=actor)
            self._objects.put_new(_key(folder.name, _META), msgspec.json.encode(metadata))

    def _in_progress(self) -> Iterator[UploadInProgress]:
        now_s = self._clock().timestamp()
        for upload_id, objects in self._by_upload().items():
            names = {_name(each) for each in objects}
            with suppress(UploadUnknown):
                if _META in names and _VIDEO not in names:  # not a late piece of one that was canceled
                    metadata = self._metadata(upload_id)
                    idle_s = now_s - max(each.modified_s for each in objects)
                    yield UploadInProgress(metadata.size_bytes, _end(objects), idle_s)

    def _metadata(self, upload_id: str) -> UploadMetadata:
        self.folder_of(upload_id)  # refuses what is no id
        if upload_id not in self._known:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            try:
                found = msgspec.json.decode(self._objects.read(_key(upload_id, _META)), type=UploadMetadata)
            except (FileNotFoundError, msgspec.DecodeError):
                raise unknown_upload() from None
            self._known[upload_id] = found
        return self._known[upload_id]

    def _video_of(self, upload_id: str) -> str | None:
        with suppress(FileNotFoundError):
            sha256 = self._objects.read(_key(upload_id, _VIDEO)).decode()
            return sha256 if self._videos.get(sha256) else None
        return None

    def _put_together(self, upload: Upload, target: Path) -> None:
        self._cache.make_room(upload.size_bytes)
        pending = PendingFile(target, sync=False)
        try:
            for _, piece in _chain(self._objects.list(_key(upload.id))):
                for block in self._cache.blocks(piece.key, 0, piece.size_bytes):
                    pending.write(block)
            if pending.path.stat().st_size != upload.size_bytes:
                raise offset_mismatch(self.get(upload.id))
            pending.commit()
        finally:
            pending.discard()

    def _by_upload(self) -> dict[str, list[StoredObject]]:
        found = defaultdict(list)
        for each in self._objects.list(_PREFIX):
            found[each.key.split("/")[1]].append(each)
        return found

    def _delete(self, objects: Iterable[StoredObject]) -> None:
        """What says that there is an upload goes first."""
        for each in sorted(objects, key=lambda each: _name(each) != _META):
            self._objects.delete(each.key)

    def _remove_stale_folders(self, older_than_s: float, now_s: float) -> int:
        stale = [folder for folder in self._folder.iterdir() if now_s - last_change(folder) > older_than_s]
        for folder in stale:
            shutil.rmtree(folder, ignore_errors=True)
        return len(stale)


def _key(upload_id: str, name: str = "") -> str:
    return f"{_PREFIX}/{upload_id}/{name}".rstrip("/")


def _name(stored: StoredObject) -> str:
    return stored.key.rpartition("/")[2]


def _piece(offset_bytes: int) -> str:
    return f"{offset_bytes:0{_OFFSET_DIGITS}d}"


def _chain(objects: Iterable[StoredObject]) -> list[tuple[int, StoredObject]]:
    """(offset, piece), each beginning where the one before it ends; others are late pieces of a lost connection."""
    chain, end = [], 0
    for each in sorted(objects):
        name = _name(each)
        if name.isdecimal() and int(name) == end:
            chain.append((end, each))
            end += each.size_bytes
    return chain


def _end(objects: Iterable[StoredObject]) -> int:
    chain = _chain(objects)
    return chain[-1][0] + chain[-1][1].size_bytes if chain else 0
