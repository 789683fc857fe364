"""The kept videos, and how one arrives piece by piece. Folders are the state.

    uploads/<id>/      meta.json, data               arriving; `data` is as long as what has arrived
                       kept/{facts.json, video.mp4}  complete and checked, about to move
    videos/<sha256>/   facts.json, video.mp4         kept

A step is one rename, so a crash leaves what was before it or what is after it; `finish` picks up from either.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from frametally.clock import utc_now
from frametally.errors import MediaError, VideoError
from frametally.library.quota import Arriving, Limits, check_fits
from frametally.library.quota import QuotaReached as QuotaReached
from frametally.library.quota import VideoTooLarge as VideoTooLarge
from frametally.library.video_store import StoredVideo as StoredVideo
from frametally.library.video_store import VideoStore, stage
from frametally.storage.atomic import (
    disk_full_explained,
    last_change,
    locked,
    read_json,
    sha256_of,
    write_at,
    write_json,
)
from frametally.storage.digests import digests_of
from frametally.storage.file_names import KEPT_SUFFIXES, clean_file_name, video_suffix_of


class UploadUnknown(MediaError):
    """There is no such upload, or no longer."""


class OffsetMismatch(MediaError):
    """A piece does not begin where the last one ended."""


class UploadDamaged(MediaError):
    """What arrived is not what was sent."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A video on its way in."""

    id: str
    file_name: str
    size_bytes: int
    offset_bytes: int
    """How much has arrived."""
    video_sha256: str | None = None
    """The kept video it became; None until then."""


class _Meta(msgspec.Struct, frozen=True):
    file_name: str
    size_bytes: int
    video_sha256: str | None = None


class Library:
    """Everything below one folder; any number of processes may share it."""

    def __init__(
        self,
        folder: Path,
        *,
        max_video_bytes: int,
        quota_bytes: int | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._clock = clock
        self._kept = VideoStore(folder / "videos")
        self._uploads = folder / "uploads"
        self._limits = Limits(self._uploads, max_video_bytes, quota_bytes)
        self._uploads.mkdir(parents=True, exist_ok=True)

    @property
    def max_video_bytes(self) -> int:
        """The largest video that is accepted."""
        return self._limits.max_video_bytes

    def begin(self, file_name: str, size_bytes: int) -> Upload:
        """Make room for a video of exactly `size_bytes`.

        Raises:
            MediaError: its kind of file is not accepted, it is empty or too large, or there is no room for it.
        """
        name = clean_file_name(file_name)
        video_suffix_of(name)
        upload_id = uuid.uuid4().hex
        folder = self._uploads / upload_id
        with locked(self._uploads):  # two that begin at once do not share the last room
            check_fits(size_bytes, self._limits, self._kept.used_bytes(), self._arriving())
            folder.mkdir()
            (folder / "data").touch()
            write_json(folder / "meta.json", _Meta(name, size_bytes))
        return Upload(id=upload_id, file_name=name, size_bytes=size_bytes, offset_bytes=0)

    def has_size(self, size_bytes: int) -> bool:
        """Whether a kept video has exactly this size: worth asking whether it is the same."""
        return self._kept.has_size(size_bytes)

    def recognize(self, file_name: str, size_bytes: int, block_digest: str) -> StoredVideo | None:
        """The kept video with this very content, under its new name; None where it has to be sent.

        Raises:
            MediaError: its kind of file is not accepted.
        """
        name = clean_file_name(file_name)
        video_suffix_of(name)
        kept = self._kept.find(size_bytes, block_digest)
        return self._kept.rename(kept, name) if kept else None

    def upload(self, upload_id: str) -> Upload:
        """How far an upload is.

        Raises:
            UploadUnknown: there is none with this id, or no longer.
        """
        folder = self._upload_folder(upload_id)
        data = _arrived_in(folder)
        offset_bytes = data.stat().st_size if data else None
        meta = read_json(folder / "meta.json", _Meta)
        if meta is None:
            raise _unknown()
        done = bool(meta.video_sha256 and self.get(meta.video_sha256))
        if offset_bytes is None and not done:
            raise _unknown()
        return Upload(
            id=upload_id,
            file_name=meta.file_name,
            size_bytes=meta.size_bytes,
            offset_bytes=meta.size_bytes if done or offset_bytes is None else offset_bytes,
            video_sha256=meta.video_sha256 if done else None,
        )

    def append(self, upload_id: str, offset_bytes: int, piece: bytes | bytearray) -> int:
        """Write the next piece and return the new offset; blocks for the disk, so not for an event loop.

        A connection that was given up cannot write behind the back of the one that took over: whoever comes with
        an offset that is not the end is refused.

        Raises:
            UploadUnknown, OffsetMismatch, VideoTooLarge, DiskFull: nothing of the piece counts as arrived.
        """
        with self._locked(upload_id) as folder:
            upload = self.upload(upload_id)
            if upload.offset_bytes != offset_bytes:
                raise OffsetMismatch(f"The upload is at byte {upload.offset_bytes}.", "Go on from there.")
            if offset_bytes + len(piece) > upload.size_bytes:
                raise VideoTooLarge("More arrived than the file was said to hold.", "Choose the file again.")
            if piece:
                write_at(folder / "data", offset_bytes, piece)
            return offset_bytes + len(piece)

    def take_back(self, upload_id: str, start_bytes: int, end_bytes: int) -> None:
        """Forget a piece that arrived damaged, unless more has arrived behind it.

        Raises:
            UploadUnknown: there is none with this id.
        """
        with self._locked(upload_id) as folder:
            data = folder / "data"
            if data.exists() and data.stat().st_size == end_bytes:
                os.truncate(data, start_bytes)

    def finish(self, upload_id: str, block_digest: str = "") -> StoredVideo:
        """Check a complete upload and keep it; asked again, the answer is the same.

        `block_digest` is that of the file where it came from, as in `digests.py`; empty where nobody knows it.

        Raises:
            VideoError: it is no video that can be read; the upload is gone.
            UploadDamaged: it is not the file that was sent; the upload is gone.
            OffsetMismatch: it is not complete.
            UploadUnknown: there is none with this id.
        """
        with self._locked(upload_id) as folder:
            upload = self.upload(upload_id)
            if upload.offset_bytes != upload.size_bytes:
                raise OffsetMismatch(f"The upload is at byte {upload.offset_bytes}.", "Go on from there.")
            try:
                sha256 = upload.video_sha256 or self._keep(folder, upload, block_digest)
            except (VideoError, UploadDamaged):
                shutil.rmtree(folder)
                raise
        kept = self.get(sha256)
        if kept is None:
            raise MediaError("The video was removed while it arrived.", "Choose the file again.")
        return kept

    def cancel(self, upload_id: str) -> None:
        """Forget an upload and what has arrived of it.

        Raises:
            UploadUnknown: there is none with this id.
        """
        with self._locked(upload_id) as folder:
            shutil.rmtree(folder)

    def add(self, path: Path, file_name: str | None = None) -> StoredVideo:
        """Keep a copy of a local file. A copy and not a link: programs overwrite videos in place.

        Raises:
            VideoError: it is no video that can be read.
            MediaError: it cannot be kept, as in `begin`.
        """
        name = clean_file_name(file_name or path.name)
        if not path.is_file():
            raise MediaError(f"There is no file {name}.", "Check the path.")
        known = self.get(sha256_of(path))
        if known:
            return self._kept.rename(known, name)
        upload = self.begin(name, path.stat().st_size)
        folder = self._uploads / upload.id
        try:
            with disk_full_explained():
                shutil.copyfile(path, folder / "data")
            return self.finish(upload.id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for a file that is still to be kept; what a crash leaves of it goes with the stale uploads."""
        folder = self._uploads / uuid.uuid4().hex
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def get(self, sha256: str) -> StoredVideo | None:
        """The kept video with this sha256, in lower-case hex; None where there is none, or where it is no sha256."""
        return self._kept.get(sha256)

    def remove_stale_uploads(self, older_than_s: float, now: float) -> int:
        """Remove uploads that nothing has come of for so long, and what finished ones and `scratch` left behind.

        `now`: seconds since the epoch.
        """
        stale = [folder for folder in self._uploads.iterdir() if now - last_change(folder) > older_than_s]
        for folder in stale:
            with suppress(UploadUnknown), self._locked(folder.name):
                if now - last_change(folder) > older_than_s:  # still: it may go on at this very moment
                    shutil.rmtree(folder, ignore_errors=True)
        return sum(not folder.exists() for folder in stale)

    def _arriving(self) -> Iterator[Arriving]:
        now = self._clock().timestamp()
        for folder in self._uploads.iterdir():
            with suppress(FileNotFoundError):  # it is ending at this very moment
                meta, data = read_json(folder / "meta.json", _Meta), _arrived_in(folder)
                if meta and data:
                    yield Arriving(meta.size_bytes, data.stat().st_size, now - last_change(folder))

    def _upload_folder(self, upload_id: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{32}", upload_id):
            raise _unknown()
        return self._uploads / upload_id

    @contextmanager
    def _locked(self, upload_id: str) -> Iterator[Path]:
        """One at a time works on an upload, whichever thread or process it is in."""
        folder = self._upload_folder(upload_id)
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            raise _unknown() from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not folder.exists():
                raise _unknown()
            yield folder
        finally:
            os.close(handle)

    def _keep(self, folder: Path, upload: Upload, block_digest: str) -> str:
        data = _arrived_in(folder)
        if data is None:
            raise _unknown()
        digests = digests_of(data)
        if block_digest not in ("", digests.block_digest):
            raise UploadDamaged("What arrived is not the file that was sent.", "Choose the file again.")
        known = self.get(digests.sha256)
        if not known:
            stage(data, folder / "kept", upload.file_name, digests.block_digest)
        # The sha256 before the move: whoever asks after a crash in between still learns what it became.
        write_json(folder / "meta.json", _Meta(upload.file_name, upload.size_bytes, digests.sha256))
        if known:
            self._kept.rename(known, upload.file_name)
        else:
            self._kept.move_in(folder / "kept", digests.sha256)
        (folder / "data").unlink(missing_ok=True)
        shutil.rmtree(folder / "kept", ignore_errors=True)
        return digests.sha256


def _arrived_in(folder: Path) -> Path | None:
    staged = (folder / "kept" / f"video{suffix}" for suffix in KEPT_SUFFIXES)
    return next((path for path in (folder / "data", *staged) if path.exists()), None)


def _unknown() -> UploadUnknown:
    return UploadUnknown("This upload is not known here any more.", "Choose the file again.")
