"""Removal of stored videos: what uses one, by a person, and by age or size.

Results, and the notes on frames, are kept: they belong to jobs, or apply again when the video is uploaded again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from frametally.errors import MediaError
from frametally.job import OPEN, Job
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB
from frametally.library.library import Library
from frametally.storage.folders import size_of

_MAX_JOBS = 10_000
_LOG = logging.getLogger("frametally.library")


@dataclass(frozen=True, kw_only=True)
class VideoUse:
    """What a stored video takes, and what uses it."""

    sha256: str
    file_name: str
    size_bytes: int
    """With its copies."""
    jobs: Sequence[Job]
    """On this video, of all people, newest first."""

    @property
    def needed_by(self) -> list[Job]:
        """Jobs that have not ended: the video cannot be removed."""
        return [job for job in self.jobs if job.status.is_open]


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What is removed without a person; None: nothing."""

    videos_days: int | None = None
    """Videos that were not uploaded or analyzed for longer."""
    videos_bytes: int | None = None
    """Those used longest ago, until the others take at most this."""
    results_days: int | None = None
    """Jobs that ended longer ago, with their results."""
    audit_days: int | None = None
    """Older entries about rights, and the addresses of older actions."""


def use_of(library: Library, ledger: Ledger, sha256: str) -> VideoUse:
    """What uses a video.

    Raises:
        MediaError: there is no such video.
    """
    entry = next((entry for entry in library.videos.entries() if entry.sha256 == sha256), None)
    if entry is None:
        raise MediaError("This video no longer exists.", "Reload the page.")
    return VideoUse(
        sha256=sha256,
        file_name=entry.file_name,
        size_bytes=max(entry.size_bytes, size_of(library.videos.folder / sha256)),
        jobs=ledger.seen_by(None).jobs(video_sha256=sha256, limit=_MAX_JOBS),
    )


def remove_video(library: Library, ledger: Ledger, sha256: str, *, actor: str | None) -> None:
    """Remove a video with its copies. The frames of its jobs can then not be shown any more.

    Raises:
        MediaError: there is no such video, or a job that has not ended needs it.
    """
    if use_of(library, ledger, sha256).needed_by:
        raise MediaError("A job on this video has not ended.", "Wait for it, or cancel it first.")
    library.remove(sha256, actor=actor)


def remove_old_videos(
    library: Library, ledger: Ledger, retention: Retention, now: datetime, *, incoming_bytes: int = 0
) -> list[str]:
    """Remove videos as the settings say, except those that a job needs; returns their sha256.

    `incoming_bytes`: the size of a video that does not fit yet, which counts as stored.
    """
    if retention.videos_days is None and retention.videos_bytes is None:
        return []
    used_at, needed = _uses(ledger)
    entries = library.videos.entries()
    left_bytes = sum(entry.size_bytes for entry in entries)
    if retention.videos_bytes is not None and incoming_bytes <= retention.videos_bytes:
        left_bytes += incoming_bytes
    removed = []
    never = datetime.min.replace(tzinfo=UTC)
    last_use = {
        entry.sha256: max(datetime.fromtimestamp(entry.stored_s, UTC), used_at.get(entry.sha256, never))
        for entry in entries
    }
    for entry in sorted(entries, key=lambda entry: last_use[entry.sha256]):
        is_old = retention.videos_days is not None and last_use[entry.sha256] < now - timedelta(retention.videos_days)
        is_too_much = retention.videos_bytes is not None and left_bytes > retention.videos_bytes
        if entry.sha256 not in needed and (is_old or is_too_much):
            with suppress(MediaError):  # another process has removed it
                library.remove(entry.sha256, actor=None)
            left_bytes -= entry.size_bytes
            removed.append(entry.sha256)
    return removed


def _uses(ledger: Ledger) -> tuple[dict[str, datetime], set[str]]:
    """When each video was last used by a job, and the videos that a job needs; deleted jobs can be restored."""
    last = sa.func.max(sa.func.coalesce(JOB.c.ended_at, JOB.c.created_at))
    of_videos = JOB.c.video_sha256.is_not(None)
    with ledger.reading() as connection:
        rows = connection.execute(sa.select(JOB.c.video_sha256, last).where(of_videos).group_by(JOB.c.video_sha256))
        used_at = {sha256: at for sha256, at in rows if at is not None}
        is_open = JOB.c.status.in_(sorted(OPEN))
        needed = connection.execute(sa.select(JOB.c.video_sha256).where(of_videos, is_open)).scalars()
        return used_at, set(needed)
