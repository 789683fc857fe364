"""Admission control: whether one more video fits, checked before its first byte is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from frametally.errors import MediaError
from frametally.storage.space import check_room, format_size

_STALLED_AFTER_S = 600.0
"""An upload that has received nothing for longer no longer reserves space for the rest."""


LEAD_BYTES: Final = 256 << 20
"""Space that an upload reserves for what it sends next: a declared size alone keeps nothing from others."""
CHECK_EVERY_BYTES: Final = 64 << 20
"""An upload checks the quota again after so many bytes."""


class VideoTooLarge(MediaError):
    """The video exceeds the maximum size, or the size declared for its upload."""


class QuotaReached(MediaError):
    """The video would exceed the quota for all videos together."""


class Limits(NamedTuple):
    """The space that videos may take."""

    folder: Path
    """On the disk whose free space is checked."""
    max_video_bytes: int
    quota_bytes: int | None
    """For all videos together; None: the disk less its reserve."""


class UploadInProgress(NamedTuple):
    """An upload that is not complete."""

    size_bytes: int
    received_bytes: int
    idle_s: float
    """Time since the last change of the upload."""

    @property
    def reserved_bytes(self) -> int:
        """The space reserved for the bytes expected next; 0 if the upload has stalled."""
        return 0 if self.idle_s > _STALLED_AFTER_S else min(self.size_bytes - self.received_bytes, LEAD_BYTES)


def check_fits(
    size_bytes: int,
    limits: Limits,
    stored_bytes: int,
    in_progress: Iterable[UploadInProgress],
    copies_bytes: int = 0,
) -> None:
    """Check that a video of this size fits in addition to the stored videos and the uploads in progress.

    `copies_bytes`: what the copies take, which give way to videos.

    Raises:
        MediaError: it is empty or too large, or there is no room for it.
    """
    if size_bytes < 1:
        raise MediaError("The file is empty.", "Choose the video again; the copy may have failed.")
    if size_bytes > limits.max_video_bytes:
        raise VideoTooLarge(
            f"The video is {format_size(size_bytes)} large; up to {format_size(limits.max_video_bytes)} are accepted.",
            "Choose a shorter video.",
        )
    uploads = list(in_progress)
    reserved_bytes = sum(upload.reserved_bytes for upload in uploads)
    check_room(limits.folder, reserved_bytes + size_bytes - copies_bytes)
    used_bytes = stored_bytes + reserved_bytes + sum(upload.received_bytes for upload in uploads)
    check_quota(used_bytes, size_bytes, limits.quota_bytes)


def check_quota(used_bytes: int, size_bytes: int, quota_bytes: int | None) -> None:
    """Raise QuotaReached where there is no room for `size_bytes` more."""
    if quota_bytes is not None and used_bytes + size_bytes > quota_bytes:
        raise QuotaReached(
            f"The stored videos use {format_size(used_bytes)} of {format_size(quota_bytes)}. "
            f"There is no room for another {format_size(size_bytes)}.",
            "Remove videos on the Configuration page, or let the operator raise FRAMETALLY_MEDIA_QUOTA_BYTES.",
        )
