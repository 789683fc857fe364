"""The library: stored videos, the uploads that become them, and copies that every browser plays.

    uploads/<id>/              `upload_store.py`
    videos/<sha256>/           `video_store.py`
    videos/<sha256>/derived/   `copies/`

`finish` resumes after a crash at any step.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from frametally.clock import utc_now
from frametally.errors import MediaError, VideoError
from frametally.library.copies.maker import CopyMaker
from frametally.library.damage_scanner import DamageScanner
from frametally.library.quota import Limits
from frametally.library.shared_uploads import SharedUploads
from frametally.library.upload_store import Upload, UploadStore, UploadUnknown, offset_mismatch
from frametally.library.video_store import StoredVideo, VideoStore, stage
from frametally.storage.cached_files import cache_of
from frametally.storage.digests import digests_of, sha256_of
from frametally.storage.file_names import clean_file_name, video_suffix_of
from frametally.storage.space import explain_disk_full

_LOG = logging.getLogger("frametally.library")


class UploadDamaged(MediaError):
    """The received bytes differ from those that were sent."""


class Library:
    """Videos and uploads below one folder, which any number of processes may share.

    `actor` is the user on whose behalf an action runs, None where unknown; it is logged, and recorded with an upload.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_video_bytes: int,
        quota_bytes: int | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.videos = VideoStore(folder / "videos")
        self.damage_scanner = DamageScanner()
        limits, cache = Limits(folder / "uploads", max_video_bytes, quota_bytes), cache_of(self.videos.folder)
        self.uploads = (
            SharedUploads(folder / "uploads", self.videos, limits, clock, cache)
            if cache
            else UploadStore(folder / "uploads", self.videos, limits, clock)
        )
        self.copies = CopyMaker(self.videos.folder, self.uploads)

    def get(self, sha256: str) -> StoredVideo | None:
        """The video with this sha256 in lower-case hex; None if there is none or the text is no sha256."""
        return self.videos.get(sha256)

    def recognize(self, file_name: str, size_bytes: int, block_digest: str, *, actor: str | None) -> StoredVideo | None:
        """The stored video with this content, renamed to `file_name`; None if it must be uploaded.

        Raises:
            MediaError: the file type is not accepted.
        """
        name = clean_file_name(file_name)
        video_suffix_of(name)
        video = self.videos.find(size_bytes, block_digest)
        return self.rename(video, name, actor=actor) if video else None

    def rename(self, video: StoredVideo, file_name: str, *, actor: str | None) -> StoredVideo:
        """Change the display name of a video; the last uploader's name wins."""
        _LOG.info("video %s renamed by %s", video.sha256, actor or "-")
        return self.videos.rename(video, file_name)

    def remove(self, sha256: str, *, actor: str | None) -> None:
        """Remove a video with its copies; see `removal.py`, which checks that no job needs it.

        Raises:
            MediaError: there is no such video.
        """
        with self.uploads.scratch() as folder:  # after a crash, what is left of it is removed with stale uploads
            try:
                self.videos.withdraw(sha256, folder / "removed")
            except FileNotFoundError:
                raise MediaError("This video no longer exists.", "Reload the page.") from None
        _LOG.info("video %s removed by %s", sha256, actor or "-")

    def finish(self, upload_id: str, block_digest: str = "", *, actor: str | None) -> StoredVideo:
        """Check a complete upload and store the video. Idempotent.

        `block_digest`: that of the file at the sender, as in `digests.py`; empty if it is not known.

        Raises:
            VideoError: it is not a readable video; the upload is removed.
            UploadDamaged: it is not the file that was sent; the upload is removed.
            OffsetMismatch: it is not complete.
            UploadUnknown: there is no such upload.
            MediaError: the disk is full, or the stored video was removed at the same time.
        """
        with self.uploads.exclusive(upload_id) as folder:
            upload = self.uploads.get(upload_id)
            if upload.offset_bytes != upload.size_bytes:
                raise offset_mismatch(upload)
            try:
                with explain_disk_full():
                    sha256 = upload.video_sha256 or self._store(folder, upload, block_digest, actor)
            except (VideoError, UploadDamaged):
                self.uploads.discard(upload_id)
                raise
        video = self.get(sha256)
        if video is None:
            raise MediaError("The video was removed while it was uploaded.", "Choose the file again.")
        return video

    def add(self, path: Path, file_name: str | None = None, *, actor: str | None) -> StoredVideo:
        """Store a copy of a local file; a hard link would change if a program overwrote the original in place.

        Raises:
            VideoError: it is not a readable video.
            MediaError: it cannot be stored, as in `UploadStore.begin`.
        """
        name = clean_file_name(file_name or path.name)
        if not path.is_file():
            raise MediaError(f"There is no file {name}.", "Check the path.")
        known = self.get(sha256_of(path))
        if known:
            return self.rename(known, name, actor=actor)
        upload = self.uploads.begin(name, path.stat().st_size, actor=actor)
        try:
            with self.uploads.exclusive(upload.id) as folder, explain_disk_full():
                shutil.copyfile(path, folder / "data")
                sha256 = self._store(folder, upload, "", actor)
        finally:
            self.uploads.discard(upload.id)
        video = self.get(sha256)
        if video is None:
            raise MediaError("The video was removed while it was stored.", "Add it again.")
        return video

    def _store(self, folder: Path, upload: Upload, block_digest: str, actor: str | None) -> str:
        data = self.uploads.received(upload)
        if data is None:
            raise UploadUnknown("This upload no longer exists.", "Choose the file again.")
        digests = digests_of(data)
        if block_digest not in ("", digests.block_digest):
            raise UploadDamaged("The received file differs from the file that was sent.", "Choose the file again.")
        known = self.get(digests.sha256)
        if not known:
            stage(data, folder / "kept", upload.file_name, digests.block_digest)
        # The sha256 is recorded before the move, so that after a crash in between the client can still get the result.
        self.uploads.record_video(upload, digests.sha256)
        if known:
            self.rename(known, upload.file_name, actor=actor)
        else:
            self.videos.publish(folder / "kept", digests.sha256)
        self.uploads.clear(upload.id)
        _LOG.info("upload %s stored as video %s by %s", upload.id, digests.sha256, actor or "-")
        return digests.sha256
