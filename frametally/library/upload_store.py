"""Uploads in progress, one folder each; there is no other record of them.

uploads/<id>/   meta.json, data               in progress; the size of `data` is the offset
                kept/{facts.json, video.mp4}  complete and checked, about to be stored

Each step is one rename, so after a crash either the state before or the state after it is found.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from frametally.errors import MediaError
from frametally.library.copies.room import copies_bytes, make_room
from frametally.library.quota import (
    CHECK_EVERY_BYTES,
    Limits,
    QuotaReached,
    UploadInProgress,
    VideoTooLarge,
    check_fits,
    check_quota,
)
from frametally.library.video_store import VideoStore
from frametally.storage.atomic import read_json, write_json
from frametally.storage.file_names import KEPT_SUFFIXES, clean_file_name, video_suffix_of
from frametally.storage.folders import last_change
from frametally.storage.locks import locked
from frametally.storage.space import DISK_RESERVE_BYTES, DiskFull, explain_disk_full, write_at

_MAKE_SPACE_EVERY: Final = timedelta(seconds=10)
"""Refused uploads cost no more than this."""
_LOG = logging.getLogger("frametally.library")


class UploadUnknown(MediaError):
    """The upload does not exist, or no longer exists."""


class OffsetMismatch(MediaError):
    """A chunk does not start where the previous one ended, or the upload is not complete."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A video that is being uploaded."""

    id: str
    file_name: str
    size_bytes: int
    offset_bytes: int
    """Number of bytes received."""
    video_sha256: str | None = None
    """SHA-256 of the stored video, in lower-case hex; None until it is stored."""


class UploadMetadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of `meta.json`."""

    file_name: str
    size_bytes: int
    video_sha256: str | None = None
    actor: str | None = None
    """Who began the upload; None where unknown."""


class UploadStore:
    """All uploads below one folder, which any number of processes may share."""

    batch_bytes = 4 * 1024**2
    """How much of a request is written at once."""

    def __init__(self, folder: Path, videos: VideoStore, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._videos = videos
        self._limits = limits
        self._clock = clock
        self._make_space: Callable[[int], object] | None = None
        self._made_space_at: datetime | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def max_video_bytes(self) -> int:
        """The largest video that is accepted."""
        return self._limits.max_video_bytes

    def when_full(self, make_space: Callable[[int], object]) -> None:
        """Before a video is refused for lack of room, call this with its size: it removes what may be removed."""
        self._make_space = make_space

    def _with_room(self, size_bytes: int, check: Callable[[], None]) -> None:
        """Check, and once more after what may be removed has made room."""
        try:
            check()
        except (QuotaReached, DiskFull):
            now, last = self._clock(), self._made_space_at
            if self._make_space is None or (last and timedelta() <= now - last < _MAKE_SPACE_EVERY):
                raise
            self._made_space_at = now
            try:
                self._make_space(size_bytes)
            except SQLAlchemyError:
                _LOG.exception("No room could be made")
            check()

    def free_bytes(self) -> int:
        """The part of the quota that neither stored videos nor uploads take; without a quota, of the disk."""
        uploads = list(self._in_progress())
        reserved_bytes = sum(upload.reserved_bytes for upload in uploads)
        if self._limits.quota_bytes is None:
            copies = copies_bytes(self._videos.folder)
            return max(shutil.disk_usage(self._folder).free - DISK_RESERVE_BYTES + copies - reserved_bytes, 0)
        received_bytes = sum(upload.received_bytes for upload in uploads)
        return max(self._limits.quota_bytes - self._videos.used_bytes() - reserved_bytes - received_bytes, 0)

    def begin(self, file_name: str, size_bytes: int, *, actor: str | None) -> Upload:
        """Create an upload of exactly `size_bytes`, and reserve the space for it.

        Raises:
            MediaError: the file type is not accepted, the file is empty or too large, or there is no room for it.
        """
        name = clean_file_name(file_name)
        video_suffix_of(name)
        upload_id = uuid.uuid4().hex
        self._with_room(size_bytes, lambda: self._reserve(self._folder / upload_id, name, size_bytes, actor))
        _LOG.info("upload %s begun by %s", upload_id, actor or "-")
        return Upload(id=upload_id, file_name=name, size_bytes=size_bytes, offset_bytes=0)

    def _reserve(self, folder: Path, name: str, size_bytes: int, actor: str | None) -> None:
        with locked(self._folder):  # two uploads that begin at the same time must not both get the last free space
            copies = copies_bytes(self._videos.folder)
            check_fits(size_bytes, self._limits, self._videos.used_bytes(), self._in_progress(), copies)
            with explain_disk_full():
                folder.mkdir()
                (folder / "data").touch()
                write_json(folder / "meta.json", UploadMetadata(name, size_bytes, actor=actor))
            make_room(self._videos.folder, self.free_bytes())

    def get(self, upload_id: str) -> Upload:
        """The upload and its offset.

        Raises:
            UploadUnknown: there is no such upload, or no longer.
        """
        folder = self.folder_of(upload_id)
        data = received_file(folder)
        offset_bytes = data.stat().st_size if data else None
        metadata = read_json(folder / "meta.json", UploadMetadata)
        if metadata is None:
            raise unknown_upload()
        done = bool(metadata.video_sha256 and self._videos.get(metadata.video_sha256))
        if offset_bytes is None and not done:
            raise unknown_upload()
        return Upload(
            id=upload_id,
            file_name=metadata.file_name,
            size_bytes=metadata.size_bytes,
            offset_bytes=metadata.size_bytes if done or offset_bytes is None else offset_bytes,
            video_sha256=metadata.video_sha256 if done else None,
        )

    def append(self, upload_id: str, offset_bytes: int, chunk: bytes | bytearray) -> int:
        """Write the next chunk and return the new offset. Waits for the disk, so call it from a thread.

        `offset_bytes` must be the number of bytes received, so that an abandoned connection cannot overwrite what a
        later one has written.

        Raises:
            UploadUnknown: there is no such upload.
            OffsetMismatch: the chunk does not start at the end of the received bytes.
            VideoTooLarge: it exceeds the declared size.
            QuotaReached: others have used the quota since the upload began; it can be continued.
            DiskFull: the disk has no room for it.
        """
        with self.exclusive(upload_id) as folder:
            upload = self.get(upload_id)
            if upload.offset_bytes != offset_bytes:
                raise offset_mismatch(upload)
            if offset_bytes + len(chunk) > upload.size_bytes:
                raise VideoTooLarge("The upload is larger than declared.", "Choose the file again.")
            if offset_bytes // CHECK_EVERY_BYTES != (offset_bytes + len(chunk)) // CHECK_EVERY_BYTES:
                os.utime(folder)  # what makes room removes abandoned uploads, and would wait for this one
                self._with_room(upload.size_bytes - offset_bytes, lambda: self._make_room_for(len(chunk)))
            if chunk:
                write_at(folder / "data", offset_bytes, chunk)
            return offset_bytes + len(chunk)

    def truncate(self, upload_id: str, start_bytes: int, end_bytes: int) -> None:
        """Remove a damaged chunk, from offset `start_bytes` to `end_bytes`, unless later bytes follow it.

        Raises:
            UploadUnknown: the id is not known.
        """
        with self.exclusive(upload_id) as folder:
            data = folder / "data"
            if data.exists() and data.stat().st_size == end_bytes:
                os.truncate(data, start_bytes)

    def cancel(self, upload_id: str, *, actor: str | None) -> None:
        """Delete an upload and the bytes received.

        Raises:
            UploadUnknown: the id is not known.
        """
        with self.exclusive(upload_id) as folder:
            shutil.rmtree(folder)
        _LOG.info("upload %s canceled by %s", upload_id, actor or "-")

    def discard(self, upload_id: str) -> None:
        """Remove an upload; the caller has locked it, or knows that there is no other."""
        shutil.rmtree(self.folder_of(upload_id), ignore_errors=True)

    def clear(self, upload_id: str) -> None:
        """Remove the bytes of an upload that has become a video."""
        folder = self.folder_of(upload_id)
        (folder / "data").unlink(missing_ok=True)
        shutil.rmtree(folder / "kept", ignore_errors=True)

    def received(self, upload: Upload) -> Path | None:
        """The file with all bytes of a complete upload; None once the video is stored."""
        return received_file(self.folder_of(upload.id))

    def record_video(self, upload: Upload, sha256: str) -> None:
        """Record the video that the upload becomes."""
        path = self.folder_of(upload.id) / "meta.json"
        metadata = read_json(path, UploadMetadata) or UploadMetadata(upload.file_name, upload.size_bytes)
        write_json(path, msgspec.structs.replace(metadata, video_sha256=sha256))

    def folder_of(self, upload_id: str) -> Path:
        """The folder of an upload, which may not exist.

        Raises:
            UploadUnknown: the text is not a valid id.
        """
        if not re.fullmatch(r"[0-9a-f]{32}", upload_id):
            raise unknown_upload()
        return self._folder / upload_id

    @contextmanager
    def exclusive(self, upload_id: str) -> Iterator[Path]:
        """Lock one upload across threads and processes; yields its folder.

        Raises:
            UploadUnknown: the id is not known.
        """
        folder = self.folder_of(upload_id)
        with ExitStack() as held:
            try:
                held.enter_context(locked(folder))
            except FileNotFoundError:
                raise unknown_upload() from None
            if not folder.exists():
                raise unknown_upload()
            yield folder

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A temporary folder on the same disk; after a crash `remove_stale` removes it."""
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def remove_stale(self, older_than_s: float, now_s: float) -> int:
        """Remove uploads and scratch folders unchanged for `older_than_s`; returns their number. `now_s`: Unix time."""
        stale = [folder for folder in self._folder.iterdir() if now_s - last_change(folder) > older_than_s]
        for folder in stale:
            with suppress(UploadUnknown), self.exclusive(folder.name):
                if now_s - last_change(folder) > older_than_s:  # it may have resumed before the lock
                    shutil.rmtree(folder, ignore_errors=True)
        return sum(not folder.exists() for folder in stale)

    def _make_room_for(self, size_bytes: int) -> None:
        """Let copies give way to the next bytes of an upload; only a part of its space was reserved."""
        received_bytes = sum(upload.received_bytes for upload in self._in_progress())
        check_quota(self._videos.used_bytes() + received_bytes, size_bytes, self._limits.quota_bytes)
        make_room(self._videos.folder, self.free_bytes())

    def _in_progress(self) -> Iterator[UploadInProgress]:
        now_s = self._clock().timestamp()
        for folder in self._folder.iterdir():
            with suppress(FileNotFoundError):  # removed since it was listed
                metadata, data = read_json(folder / "meta.json", UploadMetadata), received_file(folder)
                if metadata and data:
                    yield UploadInProgress(metadata.size_bytes, data.stat().st_size, now_s - last_change(folder))


def received_file(folder: Path) -> Path | None:
    """The file with the received bytes, as uploaded or staged; None once the video is stored."""
    staged = (folder / "kept" / f"video{suffix}" for suffix in KEPT_SUFFIXES)
    return next((path for path in (folder / "data", *staged) if path.exists()), None)


def offset_mismatch(upload: Upload) -> OffsetMismatch:
    """The error for a chunk at the wrong offset, or an upload that is not complete."""
    return OffsetMismatch(f"The upload is at byte {upload.offset_bytes}.", "Continue from there.")


def unknown_upload() -> UploadUnknown:
    """The error for an upload that does not exist."""
    return UploadUnknown("This upload no longer exists.", "Choose the file again.")
