"""Whether one more video fits: by its own size, beside all others, on the disk; asked before its first byte."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from frametally.errors import MediaError
from frametally.storage.atomic import check_room, size_in_words

_STANDS_STILL_S = 600.0
"""An upload that nothing has come of for so long keeps no room from others, but for what has arrived."""


class VideoTooLarge(MediaError):
    """More bytes than are accepted, or than were announced."""


class QuotaReached(MediaError):
    """All videos together would take more than they may."""


class Limits(NamedTuple):
    """What videos may take."""

    folder: Path
    """On the disk that has to have room."""
    max_video_bytes: int
    quota_bytes: int | None
    """All of them together; None: as much as the disk has."""


class Arriving(NamedTuple):
    """An upload under way."""

    size_bytes: int
    arrived_bytes: int
    still_for_s: float
    """How long ago something of it came."""

    @property
    def coming_bytes(self) -> int:
        """What is still to come, and has its room kept."""
        return 0 if self.still_for_s > _STANDS_STILL_S else self.size_bytes - self.arrived_bytes


def check_fits(size_bytes: int, limits: Limits, kept_bytes: int, arriving: Iterable[Arriving]) -> None:
    """Have room for a video of this size beside what is kept and what is announced.

    Raises:
        MediaError: it is empty or too large, or there is no room for it.
    """
    if size_bytes < 1:
        raise MediaError("The file is empty.", "Choose the video again; the copy may have failed.")
    if size_bytes > limits.max_video_bytes:
        raise VideoTooLarge(
            f"The video has {size_in_words(size_bytes)}; up to {size_in_words(limits.max_video_bytes)} are accepted.",
            "Choose a shorter part of it.",
        )
    under_way = list(arriving)
    coming_bytes = sum(upload.coming_bytes for upload in under_way)
    check_room(limits.folder, coming_bytes + size_bytes)
    used_bytes = kept_bytes + coming_bytes + sum(upload.arrived_bytes for upload in under_way)
    if limits.quota_bytes is not None and used_bytes + size_bytes > limits.quota_bytes:
        raise QuotaReached(
            f"The videos here take {size_in_words(used_bytes)} of {size_in_words(limits.quota_bytes)}; "
            f"{size_in_words(size_bytes)} more do not fit.",
            "Whoever runs this dashboard can raise FRAMETALLY_MEDIA_QUOTA_BYTES.",
        )
