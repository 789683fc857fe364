"""Removal of stored videos: by a person, who is shown what uses it, and by age and size."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from frametally.errors import MediaError
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.library import upload_store
from frametally.library.library import Library
from frametally.library.quota import QuotaReached
from frametally.library.removal import Retention, remove_old_videos, remove_video, use_of
from tests.support.ledgers import a_job

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY_S = 86_400.0


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "media", max_video_bytes=1 << 30)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", lambda: NOW)


def _stored(library: Library, video: Path, name: str, *, days_ago: float = 0.0, more: bytes = b"") -> str:
    copy = library.videos.folder.parent / name
    copy.write_bytes(video.read_bytes() + more)
    sha256 = library.add(copy, actor=None).sha256
    used_s = (NOW - timedelta(days=days_ago)).timestamp()
    os.utime(library.videos.folder / sha256 / "facts.json", (used_s, used_s))
    return sha256


def test_a_removed_video_is_gone_with_its_copies_and_its_jobs_stay(
    library: Library, ledger: Ledger, small_video: Path
) -> None:
    sha256 = _stored(library, small_video, "road.mp4")
    (library.videos.folder / sha256 / "derived").mkdir()
    (library.videos.folder / sha256 / "derived" / "play-0.mp4").write_bytes(bytes(1000))
    ledger.add(a_job("j1", status=JobStatus.SUCCEEDED, video_sha256=sha256))
    use = use_of(library, ledger, sha256)
    assert ([job.id for job in use.jobs], use.file_name, use.needed_by) == (["j1"], "road.mp4", [])
    assert use.size_bytes > small_video.stat().st_size + 1000
    remove_video(library, ledger, sha256, actor="ada")
    assert library.get(sha256) is None
    assert [*library.videos.folder.iterdir(), *(library.videos.folder.parent / "uploads").iterdir()] == []
    assert ledger.job("j1").status is JobStatus.SUCCEEDED
    with pytest.raises(MediaError, match="no longer exists"):
        remove_video(library, ledger, sha256, actor="ada")


def test_a_video_that_an_open_job_needs_is_not_removed(library: Library, ledger: Ledger, small_video: Path) -> None:
    sha256 = _stored(library, small_video, "road.mp4", days_ago=90)
    ledger.add(a_job("j1", status=JobStatus.CREATED, video_sha256=sha256))
    with pytest.raises(MediaError, match="has not ended"):
        remove_video(library, ledger, sha256, actor=None)
    assert remove_old_videos(library, ledger, Retention(videos_days=1, videos_bytes=1), NOW) == []
    assert library.get(sha256) is not None


def test_videos_are_removed_by_age_counted_from_their_last_use(
    library: Library, ledger: Ledger, small_video: Path
) -> None:
    old = _stored(library, small_video, "old.mp4", days_ago=40)
    analyzed = _stored(library, small_video, "analyzed.mp4", days_ago=40, more=b"1")
    _stored(library, small_video, "new.mp4", days_ago=5, more=b"2")
    ended = NOW - timedelta(days=10)
    ledger.add(a_job("j1", status=JobStatus.SUCCEEDED, video_sha256=analyzed, created_at=ended, ended_at=ended))
    assert remove_old_videos(library, ledger, Retention(), NOW) == []
    assert remove_old_videos(library, ledger, Retention(videos_days=30), NOW) == [old]
    assert {entry.file_name for entry in library.videos.entries()} == {"analyzed.mp4", "new.mp4"}


def test_videos_used_longest_ago_are_removed_above_a_size(library: Library, ledger: Ledger, small_video: Path) -> None:
    size_bytes = small_video.stat().st_size
    oldest, older = (_stored(library, small_video, f"{n}.mp4", days_ago=9 - n, more=bytes([n])) for n in (1, 2))
    _stored(library, small_video, "new.mp4")
    assert remove_old_videos(library, ledger, Retention(videos_bytes=2 * size_bytes), NOW) == [oldest, older]


def test_before_an_upload_is_refused_the_settings_make_room_for_it(
    ledger: Ledger, tmp_path: Path, small_video: Path
) -> None:
    size_bytes = small_video.stat().st_size
    library = Library(tmp_path / "media", max_video_bytes=1 << 30, quota_bytes=3 * size_bytes, clock=lambda: NOW)
    old = _stored(library, small_video, "old.mp4", days_ago=40)
    new = _stored(library, small_video, "new.mp4", days_ago=1, more=b"1")
    with pytest.raises(QuotaReached):
        library.uploads.begin("next.mp4", 2 * size_bytes, actor=None)
    asked: list[int] = []

    def make_space(incoming_bytes: int) -> None:
        asked.append(incoming_bytes)
        remove_old_videos(library, ledger, Retention(videos_days=30), NOW, incoming_bytes=incoming_bytes)

    library.uploads.when_full(make_space)
    begun = library.uploads.begin("next.mp4", int(1.5 * size_bytes), actor=None)
    assert (library.get(old), asked) == (None, [int(1.5 * size_bytes)])
    assert library.get(new) is not None
    library.uploads.cancel(begun.id, actor=None)
    with pytest.raises(QuotaReached):  # nothing more may go; what may go is asked for once in a while
        library.uploads.begin("next.mp4", 3 * size_bytes, actor=None)
    assert len(asked) == 1


@pytest.mark.timeout(30)
def test_an_upload_that_goes_on_after_a_day_does_not_wait_for_its_own_removal(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_store, "CHECK_EVERY_BYTES", 100)
    upload = library.uploads.begin("a.mp4", 200, actor=None)
    library.uploads.append(upload.id, 0, bytes(90))
    folder = library.uploads.folder_of(upload.id)
    for path in (*folder.iterdir(), folder):
        os.utime(path, (time.time() - 2 * DAY_S,) * 2)
    full = Library(tmp_path / "media", max_video_bytes=1 << 30, quota_bytes=1).uploads
    full.when_full(lambda _: full.remove_stale(DAY_S, time.time()))
    with pytest.raises(QuotaReached):
        full.append(upload.id, 90, bytes(20))
    assert full.get(upload.id).offset_bytes == 90


def test_the_reason_of_a_refusal_stays_while_the_ledger_is_away(tmp_path: Path) -> None:
    library = Library(tmp_path / "media", max_video_bytes=1 << 30, quota_bytes=1000)

    def away(_: int) -> None:
        raise OperationalError("update", {}, Exception("database is locked"))

    library.uploads.when_full(away)
    with pytest.raises(QuotaReached):
        library.uploads.begin("a.mp4", 5000, actor=None)


def test_an_upload_that_does_not_fit_counts_for_the_limit_of_the_total_size(
    library: Library, ledger: Ledger, small_video: Path
) -> None:
    old = _stored(library, small_video, "old.mp4", days_ago=40)
    new = _stored(library, small_video, "new.mp4", days_ago=1, more=b"1")
    size_bytes = small_video.stat().st_size
    retention = Retention(videos_bytes=3 * size_bytes)
    assert remove_old_videos(library, ledger, retention, NOW) == []
    assert remove_old_videos(library, ledger, retention, NOW, incoming_bytes=4 * size_bytes) == []  # never fits
    assert remove_old_videos(library, ledger, retention, NOW, incoming_bytes=int(1.5 * size_bytes)) == [old]
    assert library.get(new) is not None
