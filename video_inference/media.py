"""The kept videos: how one arrives piece by piece, and where it stays under its sha256. Folders are the state.

    uploads/<id>/      meta.json, data               arriving; `data` is as long as what has arrived
                       kept/{facts.json, video.mp4}  complete and checked, about to move
    videos/<sha256>/   facts.json, video.mp4         kept

A step is one rename, so a crash leaves what was before it or what is after it; `finish` picks up from either.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from video_inference.disk import (
    check_room,
    disk_full_explained,
    fsync,
    last_change,
    read_json,
    sha256_of,
    write_at,
    write_json,
)
from video_inference.errors import MediaError, VideoError
from video_inference.file_names import KEPT_SUFFIXES, clean_file_name, video_suffix_of
from video_inference.probe import VideoFacts, probe


class UploadUnknown(MediaError):
    """There is no such upload, or no longer."""


class OffsetMismatch(MediaError):
    """A piece does not begin where the last one ended."""


class VideoTooLarge(MediaError):
    """More bytes than are accepted, or than were announced."""


class KeptVideo(msgspec.Struct, frozen=True, kw_only=True):
    """A whole, readable video that stays."""

    sha256: str
    file_name: str
    """As the person who brought it last gave it, cleaned for showing."""
    path: Path
    facts: VideoFacts


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


class _Card(msgspec.Struct, frozen=True):
    file_name: str
    video: str
    facts: VideoFacts


class MediaLibrary:
    """Everything below one folder; any number of processes may share it."""

    def __init__(self, folder: Path, *, max_video_bytes: int) -> None:
        self.max_video_bytes = max_video_bytes
        self._uploads = folder / "uploads"
        self._videos = folder / "videos"
        for part in (self._uploads, self._videos):
            part.mkdir(parents=True, exist_ok=True)

    def begin(self, file_name: str, size_bytes: int) -> Upload:
        """Make room for a video of exactly `size_bytes`.

        Raises:
            MediaError: its kind of file is not accepted, it is empty or too large, or the disk has no room.
        """
        name = clean_file_name(file_name)
        video_suffix_of(name)
        self._check_size(size_bytes)
        upload_id = uuid.uuid4().hex
        folder = self._uploads / upload_id
        folder.mkdir()
        (folder / "data").touch()
        write_json(folder / "meta.json", _Meta(name, size_bytes))
        return Upload(id=upload_id, file_name=name, size_bytes=size_bytes, offset_bytes=0)

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

    def finish(self, upload_id: str) -> KeptVideo:
        """Check a complete upload and keep it; asked again, the answer is the same.

        Raises:
            VideoError: it is no video that can be read; the upload is gone.
            OffsetMismatch: it is not complete.
            UploadUnknown: there is none with this id.
        """
        with self._locked(upload_id) as folder:
            upload = self.upload(upload_id)
            if upload.offset_bytes != upload.size_bytes:
                raise OffsetMismatch(f"The upload is at byte {upload.offset_bytes}.", "Go on from there.")
            try:
                sha256 = upload.video_sha256 or self._keep(folder, upload)
            except VideoError:
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

    def add(self, path: Path, file_name: str | None = None) -> KeptVideo:
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
            return self._renamed(known, name)
        upload = self.begin(name, path.stat().st_size)
        folder = self._uploads / upload.id
        try:
            with disk_full_explained():
                shutil.copyfile(path, folder / "data")
            return self.finish(upload.id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def get(self, sha256: str) -> KeptVideo | None:
        """The kept video with this sha256, in lower-case hex; None where there is none, or where it is no sha256."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            return None
        home = self._videos / sha256
        card = read_json(home / "facts.json", _Card)
        if card is None:
            return None
        return KeptVideo(sha256=sha256, file_name=card.file_name, path=home / card.video, facts=card.facts)

    def remove_stale_uploads(self, older_than_s: float, now: float) -> int:
        """Remove uploads that nothing has arrived of for so long, and the traces of finished ones.

        Args:
            older_than_s: seconds without a change.
            now: seconds since the epoch, as `time.time()` gives them.
        """
        stale = [folder for folder in self._uploads.iterdir() if now - last_change(folder) > older_than_s]
        for folder in stale:
            shutil.rmtree(folder, ignore_errors=True)
        return len(stale)

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes < 1:
            raise MediaError("The file is empty.", "Choose the video again; the copy may have failed.")
        if size_bytes > self.max_video_bytes:
            limit = size_in_words(self.max_video_bytes)
            raise VideoTooLarge(
                f"The video has {size_in_words(size_bytes)}; up to {limit} are accepted.",
                "Choose a shorter part of it.",
            )
        check_room(self._uploads, size_bytes)

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

    def _keep(self, folder: Path, upload: Upload) -> str:
        data = _arrived_in(folder)
        if data is None:
            raise _unknown()
        sha256 = sha256_of(data)
        known = self.get(sha256)
        if not known:
            _stage(folder, data, upload.file_name)
        # The sha256 before the move: whoever asks after a crash in between still learns what it became.
        write_json(folder / "meta.json", _Meta(upload.file_name, upload.size_bytes, sha256))
        if known:
            self._renamed(known, upload.file_name)
        else:
            self._move_in(folder / "kept", sha256)
        (folder / "data").unlink(missing_ok=True)
        shutil.rmtree(folder / "kept", ignore_errors=True)
        return sha256

    def _move_in(self, staged: Path, sha256: str) -> None:
        try:
            staged.rename(self._videos / sha256)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        fsync(self._videos)

    def _renamed(self, kept: KeptVideo, file_name: str) -> KeptVideo:
        if kept.file_name != file_name:
            write_json(kept.path.with_name("facts.json"), _Card(file_name, kept.path.name, kept.facts))
        return msgspec.structs.replace(kept, file_name=file_name)


def size_in_words(size_bytes: int) -> str:
    """`1.5 GB`: powers of 1024, as file managers count."""
    size = float(size_bytes)
    for unit in ("bytes", "KB", "MB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} GB"


def _stage(folder: Path, data: Path, file_name: str) -> None:
    """Everything of the kept folder, whole and on the disk, before it appears under its name."""
    staged = folder / "kept"
    video = f"video{video_suffix_of(file_name)}"
    facts = probe(data)
    staged.mkdir(exist_ok=True)
    write_json(staged / "facts.json", _Card(file_name, video, facts))
    fsync(data.replace(staged / video))
    fsync(staged)


def _arrived_in(folder: Path) -> Path | None:
    staged = (folder / "kept" / f"video{suffix}" for suffix in KEPT_SUFFIXES)
    return next((path for path in (folder / "data", *staged) if path.exists()), None)


def _unknown() -> UploadUnknown:
    return UploadUnknown("This upload is not known here any more.", "Choose the file again.")
