"""Stored videos, each once, in a folder named by its sha256.

videos/<sha256>/   facts.json, video.mp4
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from frametally.contract import INDEX_VERSION
from frametally.errors import VideoError
from frametally.storage.atomic import fsync, publish, read_json, write_json
from frametally.storage.cache import Cache
from frametally.storage.cached_files import cache_of, fetched
from frametally.storage.digests import digests_of
from frametally.storage.file_names import video_suffix_of
from frametally.video.probe import VideoInfo, probe

METADATA_FILE: Final = "facts.json"


class StoredVideo(msgspec.Struct, frozen=True, kw_only=True):
    """A video in the store: complete, and readable when it was stored."""

    sha256: str
    """Lower-case hex."""
    file_name: str
    """Display name: that of the last upload, cleaned."""
    place: Path
    """Where the file is, or will be when it is fetched from object storage."""
    info: VideoInfo

    @property
    def path(self) -> Path:
        """The file, which is fetched first if it is in object storage only.

        Raises:
            StoreUnavailable: it could not be.
            DiskFull: there is no room for it.
        """
        return fetched(self.place)


class StoredEntry(NamedTuple):
    """A video in the store, as its folder tells."""

    sha256: str
    file_name: str
    size_bytes: int
    stored_s: float
    """Unix time of its last upload or change of name."""


class _Metadata(msgspec.Struct, frozen=True):
    """The content of `facts.json`; the names of the file and of its keys are those of earlier versions."""

    file_name: str
    video: str
    """The name of the video file in the same folder."""
    info: VideoInfo = msgspec.field(name="facts")
    block_digest: str = ""
    """Empty if the video was stored before block digests existed."""


class VideoStore:
    """All stored videos below one folder, which any number of processes may share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        """The folder below which the videos are."""
        return self._folder

    def get(self, sha256: str) -> StoredVideo | None:
        """The video with this sha256 in lower-case hex; None if there is none or the text is no sha256."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            return None
        self._mirror()
        metadata = read_json(fetched(self._folder / sha256 / METADATA_FILE, is_optional=True), _Metadata)
        return self._video(sha256, metadata) if metadata else None

    def has(self, sha256: str) -> bool:
        """Whether there is a video with this sha256, without reading its properties."""
        self._mirror()
        return bool(re.fullmatch(r"[0-9a-f]{64}", sha256)) and (self._folder / sha256 / METADATA_FILE).exists()

    def used_bytes(self) -> int:
        """The size of all video files together."""
        return sum(metadata.info.size_bytes for _, metadata in self._all())

    def entries(self) -> list[StoredEntry]:
        """All videos, without reading their files."""
        found = []
        for sha256, metadata in self._all():
            with suppress(FileNotFoundError):  # removed since it was listed
                stored_s = (self._folder / sha256 / METADATA_FILE).stat().st_mtime
                found.append(StoredEntry(sha256, metadata.file_name, metadata.info.size_bytes, stored_s))
        return found

    def withdraw(self, sha256: str, target: Path) -> None:
        """Move a video with its copies out of the store, in one step.

        Raises:
            FileNotFoundError: there is no such video.
        """
        if not self.has(sha256):
            raise FileNotFoundError(sha256)
        if self._cache:
            self._cache.remove(self._folder / sha256, METADATA_FILE)
        try:
            (self._folder / sha256).rename(target)
        except FileNotFoundError:  # what was in object storage only, or seen to be removed there
            if not self._cache:
                raise
        fsync(self._folder)

    def has_size(self, size_bytes: int) -> bool:
        """Whether a stored video has exactly this size."""
        return any(metadata.info.size_bytes == size_bytes for _, metadata in self._all())

    def find(self, size_bytes: int, block_digest: str) -> StoredVideo | None:
        """The video with this size and block digest (see `digests.py`); None if there is none."""
        for sha256, metadata in self._all():
            if metadata.info.size_bytes == size_bytes and self._block_digest(sha256, metadata) == block_digest:
                return self._video(sha256, metadata)
        return None

    def publish(self, staged: Path, sha256: str) -> None:
        """Move a staged folder into the store; leaves it where it is if the video has been stored since.

        Raises:
            StoreUnavailable: it could not be put into object storage; it stays where it is.
        """
        if self._cache:
            self._cache.keep(staged, self._folder / sha256, METADATA_FILE)
        try:
            staged.rename(self._folder / sha256)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        fsync(self._folder)
        if self._cache:
            self._cache.mark(self._folder / sha256)

    def rename(self, video: StoredVideo, file_name: str) -> StoredVideo:
        """Change the display name."""
        path = video.place.with_name(METADATA_FILE)
        metadata = read_json(path, _Metadata)
        if metadata and metadata.file_name != file_name:
            self._write(path, msgspec.structs.replace(metadata, file_name=file_name))
        return msgspec.structs.replace(video, file_name=file_name)

    def _all(self) -> Iterator[tuple[str, _Metadata]]:
        self._mirror()
        for folder in self._folder.iterdir():
            metadata = read_json(folder / METADATA_FILE, _Metadata)
            if metadata:
                yield folder.name, metadata

    def _block_digest(self, sha256: str, metadata: _Metadata) -> str:
        if not metadata.block_digest:
            folder = self._folder / sha256
            digest = digests_of(fetched(folder / metadata.video)).block_digest
            metadata = msgspec.structs.replace(metadata, block_digest=digest)
            self._write(folder / METADATA_FILE, metadata)
        return metadata.block_digest

    def _video(self, sha256: str, metadata: _Metadata) -> StoredVideo:
        path = self._folder / sha256 / metadata.video
        if metadata.info.index_version < INDEX_VERSION:
            metadata = self._probed_again(path, metadata)
        return StoredVideo(sha256=sha256, file_name=metadata.file_name, place=path, info=metadata.info)

    def _probed_again(self, path: Path, metadata: _Metadata) -> _Metadata:
        """With the properties as this version reads them; unchanged if the file cannot be read any more."""
        with suppress(VideoError, OSError):
            metadata = msgspec.structs.replace(metadata, info=probe(fetched(path)))
            self._write(path.with_name(METADATA_FILE), metadata)
        return metadata

    def _write(self, path: Path, metadata: _Metadata) -> None:
        write_json(path, metadata)
        if self._cache:
            self._cache.objects.put(self._cache.key(path), path)

    def _mirror(self) -> None:
        """See what other dashboards have stored, renamed and removed."""
        if self._cache:
            self._cache.mirror(self._folder, METADATA_FILE)

    @property
    def _cache(self) -> Cache | None:
        return cache_of(self._folder)


def stage(data: Path, staged: Path, file_name: str, block_digest: str) -> None:
    """Build the complete folder of a video in `staged`, synced to disk, for `VideoStore.publish`; moves `data` into it.

    Raises:
        VideoError: the file is not a readable video.
    """
    video = f"video{video_suffix_of(file_name)}"
    info = probe(data)
    staged.mkdir(exist_ok=True)
    write_json(staged / METADATA_FILE, _Metadata(file_name, video, info, block_digest))
    publish(data, staged / video)
