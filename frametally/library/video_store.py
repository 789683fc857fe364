"""The videos that stay, each under its sha256, once.

videos/<sha256>/   facts.json, video.mp4
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from frametally.storage.atomic import fsync, read_json, write_json
from frametally.storage.digests import digests_of
from frametally.storage.file_names import video_suffix_of
from frametally.video.probe import VideoInfo, probe


class StoredVideo(msgspec.Struct, frozen=True, kw_only=True):
    """A whole, readable video that stays."""

    sha256: str
    file_name: str
    """As the person who brought it last gave it, cleaned for showing."""
    path: Path
    info: VideoInfo


class _Card(msgspec.Struct, frozen=True):
    file_name: str
    video: str
    info: VideoInfo = msgspec.field(name="facts")
    block_digest: str = ""
    """Empty where it was kept before there were block digests."""


class VideoStore:
    """Everything below one folder; any number of processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, sha256: str) -> StoredVideo | None:
        """The one with this sha256, in lower-case hex; None where there is none, or where it is no sha256."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            return None
        card = read_json(self._folder / sha256 / "facts.json", _Card)
        return self._video(sha256, card) if card else None

    def used_bytes(self) -> int:
        """What all of them take on the disk."""
        return sum(card.info.size_bytes for _, card in self._cards())

    def has_size(self, size_bytes: int) -> bool:
        """Whether one has exactly this size."""
        return any(card.info.size_bytes == size_bytes for _, card in self._cards())

    def find(self, size_bytes: int, block_digest: str) -> StoredVideo | None:
        """The one with this content."""
        for sha256, card in self._cards():
            if card.info.size_bytes == size_bytes and self._block_digest(sha256, card) == block_digest:
                return self._video(sha256, card)
        return None

    def move_in(self, staged: Path, sha256: str) -> None:
        """Take a staged folder as it is; where another brought the same meanwhile, nothing happens."""
        try:
            staged.rename(self._folder / sha256)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        fsync(self._folder)

    def rename(self, kept: StoredVideo, file_name: str) -> StoredVideo:
        """Show it under another name."""
        card = read_json(kept.path.with_name("facts.json"), _Card)
        if card and card.file_name != file_name:
            write_json(kept.path.with_name("facts.json"), msgspec.structs.replace(card, file_name=file_name))
        return msgspec.structs.replace(kept, file_name=file_name)

    def _cards(self) -> Iterator[tuple[str, _Card]]:
        for home in self._folder.iterdir():
            card = read_json(home / "facts.json", _Card)
            if card:
                yield home.name, card

    def _block_digest(self, sha256: str, card: _Card) -> str:
        if not card.block_digest:
            home = self._folder / sha256
            card = msgspec.structs.replace(card, block_digest=digests_of(home / card.video).block_digest)
            write_json(home / "facts.json", card)
        return card.block_digest

    def _video(self, sha256: str, card: _Card) -> StoredVideo:
        path = self._folder / sha256 / card.video
        return StoredVideo(sha256=sha256, file_name=card.file_name, path=path, info=card.info)


def stage(data: Path, staged: Path, file_name: str, block_digest: str) -> None:
    """Everything of a kept folder, whole and on the disk, before it appears under its name.

    Raises:
        VideoError: it is no video that can be read.
    """
    video = f"video{video_suffix_of(file_name)}"
    info = probe(data)
    staged.mkdir(exist_ok=True)
    write_json(staged / "facts.json", _Card(file_name, video, info, block_digest))
    fsync(data.replace(staged / video))
    fsync(staged)
