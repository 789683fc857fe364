"""The library on a real disk, also after a crash at each step."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from frametally.errors import MediaError, VideoError
from frametally.library import library as library_module
from frametally.library import upload_store
from frametally.library import video_store as video_store
from frametally.library.library import Library, UploadDamaged
from frametally.library.quota import LEAD_BYTES, QuotaReached, VideoTooLarge
from frametally.library.upload_store import OffsetMismatch, UploadUnknown
from frametally.library.video_store import VideoStore
from frametally.storage import digests
from frametally.storage import space as disk
from frametally.storage.atomic import publish, write_json
from frametally.storage.digests import digests_of
from frametally.storage.file_names import clean_file_name
from frametally.storage.space import DISK_RESERVE_BYTES, DiskFull


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "media", max_video_bytes=32 * 1024**2)


def bring(library: Library, content: bytes, name: str = "square.mp4") -> str:
    """Upload all bytes without finishing."""
    upload = library.uploads.begin(name, len(content), actor=None)
    library.uploads.append(upload.id, 0, content)
    return upload.id


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_chunked_upload_is_stored_under_its_sha256(library: Library, small_video: Path) -> None:
    content = small_video.read_bytes()
    upload = library.uploads.begin("Ausflug · Straße.MP4", len(content), actor=None)
    half = library.uploads.append(upload.id, 0, content[: len(content) // 2])
    assert library.uploads.get(upload.id).offset_bytes == half
    library.uploads.append(upload.id, half, content[half:])
    kept = library.finish(upload.id, actor=None)
    assert kept.sha256 == sha256_of(small_video)
    assert kept.path.read_bytes() == content
    assert kept.file_name == "Ausflug · Straße.MP4"
    assert (kept.info.width_px, kept.info.height_px, kept.info.frame_count) == (320, 240, 40)
    assert library.get(kept.sha256) == kept


def test_actor_is_recorded_with_the_upload_and_logged(
    library: Library, small_video: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = small_video.read_bytes()
    upload = library.uploads.begin("square.mp4", len(content), actor="ada")
    metadata = tmp_path / "media" / "uploads" / upload.id / "meta.json"
    assert json.loads(metadata.read_bytes())["actor"] == "ada"
    library.uploads.append(upload.id, 0, content)
    with caplog.at_level(logging.INFO, "frametally.library"):
        video = library.finish(upload.id, actor="ben")
        library.rename(video, "dock.mp4", actor="eve")
        library.add(small_video, "again.mp4", actor="dan")
        library.uploads.cancel(upload.id, actor="kim")
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("frametally.library")]
    assert [message.rpartition(" by ")[2] for message in logged] == ["ben", "eve", "dan", "kim"]
    assert json.loads((video.path.parent / "facts.json").read_bytes())["file_name"] == "again.mp4"


def test_metadata_of_earlier_versions_is_read(library: Library, small_video: Path, tmp_path: Path) -> None:
    video = library.add(small_video, actor=None)
    path = video.path.parent / "facts.json"
    assert set(json.loads(path.read_bytes())) == {"file_name", "video", "facts", "block_digest"}
    upload_id = "0" * 32
    folder = tmp_path / "media" / "uploads" / upload_id
    folder.mkdir()
    (folder / "data").write_bytes(b"12345")
    (folder / "meta.json").write_text('{"file_name": "clip.mp4", "size_bytes": 10, "video_sha256": null}')
    assert library.uploads.get(upload_id).offset_bytes == 5


def test_libraries_on_one_folder_share_their_state(library: Library, small_video: Path, tmp_path: Path) -> None:
    upload_id = bring(library, small_video.read_bytes())
    other = Library(tmp_path / "media", max_video_bytes=1)
    assert other.uploads.get(upload_id) == library.uploads.get(upload_id)
    kept = other.finish(upload_id, actor=None)
    assert library.get(kept.sha256) == kept


def test_chunk_at_a_wrong_offset_is_refused(library: Library) -> None:
    upload = library.uploads.begin("square.mp4", 10, actor=None)
    library.uploads.append(upload.id, 0, b"12345")
    for offset in (0, 4, 6):
        with pytest.raises(OffsetMismatch, match="at byte 5"):
            library.uploads.append(upload.id, offset, b"x")
    assert library.uploads.get(upload.id).offset_bytes == 5


def test_chunk_beyond_the_announced_size_is_refused(library: Library) -> None:
    upload = library.uploads.begin("square.mp4", 4, actor=None)
    with pytest.raises(VideoTooLarge):
        library.uploads.append(upload.id, 0, b"12345")
    assert library.uploads.get(upload.id).offset_bytes == 0


def test_incomplete_upload_cannot_be_finished(library: Library) -> None:
    upload = library.uploads.begin("square.mp4", 4, actor=None)
    with pytest.raises(OffsetMismatch):
        library.finish(upload.id, actor=None)


@pytest.mark.parametrize("name", ["clip.wmv", "clip.flv", "clip.gif", "clip.mp4.exe", "clip", ""])
def test_other_file_types_are_refused_with_a_next_step(library: Library, name: str) -> None:
    with pytest.raises(MediaError, match="Convert it to MP4"):
        library.uploads.begin(name, 10, actor=None)


def test_empty_and_too_large_videos_are_refused(library: Library) -> None:
    with pytest.raises(MediaError, match="is empty"):
        library.uploads.begin("clip.mp4", 0, actor=None)
    with pytest.raises(VideoTooLarge, match=r"up to 33\.6 MB are accepted"):
        library.uploads.begin("clip.mp4", 32 * 1024**2 + 1, actor=None)


def test_video_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiskFull):
        Library(tmp_path, max_video_bytes=2**62).uploads.begin("clip.mp4", 2**61, actor=None)


def test_video_beyond_the_quota_is_refused_before_it_is_sent(tmp_path: Path, small_video: Path) -> None:
    size_bytes = small_video.stat().st_size
    library = Library(tmp_path / "media", max_video_bytes=32 * 1024**2, quota_bytes=2 * size_bytes + 99)
    library.finish(bring(library, small_video.read_bytes()), actor=None)
    arriving = library.uploads.begin("clip.mp4", size_bytes, actor=None)
    library.uploads.append(arriving.id, 0, b"x" * 100)
    with pytest.raises(QuotaReached, match="no room for another"):
        library.uploads.begin("clip.mp4", size_bytes, actor=None)
    library.uploads.cancel(arriving.id, actor=None)
    assert library.uploads.begin("clip.mp4", size_bytes, actor=None).size_bytes == size_bytes


def test_announced_upload_reserves_its_space(tmp_path: Path) -> None:
    library = Library(tmp_path, max_video_bytes=100, quota_bytes=100)
    library.uploads.begin("clip.mp4", 90, actor=None)
    with pytest.raises(QuotaReached, match="90 bytes of 100 bytes"):
        library.uploads.begin("other.mp4", 90, actor=None)


def test_simultaneous_uploads_do_not_exceed_the_quota(tmp_path: Path) -> None:
    libraries = [Library(tmp_path, max_video_bytes=100, quota_bytes=100) for _ in range(8)]

    def begin(library: Library) -> bool:
        with suppress(QuotaReached):
            return bool(library.uploads.begin("clip.mp4", 40, actor=None))
        return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, libraries)) == 2


def test_stalled_upload_reserves_only_its_received_bytes(tmp_path: Path) -> None:
    library = Library(tmp_path, max_video_bytes=100, quota_bytes=100)
    given_up = library.uploads.begin("clip.mp4", 90, actor=None)
    library.uploads.append(given_up.id, 0, b"x" * 20)
    long_ago_s = time.time() - 3600
    for path in (tmp_path / "uploads" / given_up.id, *(tmp_path / "uploads" / given_up.id).iterdir()):
        os.utime(path, (long_ago_s, long_ago_s))
    assert library.uploads.begin("other.mp4", 80, actor=None).size_bytes == 80
    with pytest.raises(QuotaReached):
        library.uploads.begin("other.mp4", 1, actor=None)


def test_stored_video_is_recognized_by_content_even_without_a_saved_digest(
    library: Library, small_video: Path, tmp_path: Path
) -> None:
    kept = library.add(small_video, actor=None)
    size_bytes, digest = small_video.stat().st_size, digests_of(small_video).block_digest
    assert library.recognize("again.mp4", size_bytes, digest, actor=None) == library.get(kept.sha256)
    card = tmp_path / "media" / "videos" / kept.sha256 / "facts.json"
    card.write_text(card.read_text().replace(digest, ""))
    assert library.videos.has_size(size_bytes)
    again = library.recognize("Straße.mp4", size_bytes, digest, actor=None)
    assert again is not None
    assert (again.sha256, again.file_name) == (kept.sha256, "Straße.mp4")
    assert digest in card.read_text()
    assert library.recognize("again.mp4", size_bytes, "0" * 64, actor=None) is None
    assert library.recognize("again.mp4", size_bytes + 1, digest, actor=None) is None
    with pytest.raises(MediaError, match="Convert it to MP4"):
        library.recognize("again.wmv", size_bytes, digest, actor=None)


def test_upload_with_a_wrong_digest_is_removed(library: Library, small_video: Path, tmp_path: Path) -> None:
    upload_id = bring(library, small_video.read_bytes())
    with pytest.raises(UploadDamaged, match="differs from the file that was sent"):
        library.finish(upload_id, "0" * 64, actor=None)
    assert names_below(tmp_path) == []


@pytest.mark.parametrize("size_bytes", [0, 1, 5, 8, 9, 16, 20])
def test_block_digest_is_the_hash_of_the_block_hashes(
    tmp_path: Path, size_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "BLOCK_BYTES", 8)
    monkeypatch.setattr(digests, "_READ_BYTES", 5)
    content = bytes(range(size_bytes))
    (tmp_path / "file").write_bytes(content)
    hashes = [hashlib.sha256(content[start : start + 8]).digest() for start in range(0, size_bytes, 8)]
    expected = (hashlib.sha256(content).hexdigest(), hashlib.sha256(b"".join(hashes)).hexdigest())
    assert digests_of(tmp_path / "file") == expected


def test_damaged_chunk_is_truncated_unless_more_bytes_follow(library: Library) -> None:
    upload = library.uploads.begin("clip.mp4", 10, actor=None)
    library.uploads.append(upload.id, 0, b"12345")
    library.uploads.truncate(upload.id, 2, 5)
    assert library.uploads.get(upload.id).offset_bytes == 2
    library.uploads.truncate(upload.id, 0, 5)
    assert library.uploads.get(upload.id).offset_bytes == 2


def test_uploads_keep_the_disk_reserve(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = library.uploads.begin("clip.mp4", 10, actor=None)
    monkeypatch.setattr(disk, "DISK_RESERVE_BYTES", 2**61)  # simulates a disk that other uploads have filled
    with pytest.raises(DiskFull):
        library.uploads.append(upload.id, 0, b"01234")
    assert library.uploads.get(upload.id).offset_bytes == 0


def test_file_that_is_no_video_is_removed(library: Library, tmp_path: Path) -> None:
    upload_id = bring(library, b"no video at all" * 1000)
    with pytest.raises(VideoError, match="not a video that can be read"):
        library.finish(upload_id, actor=None)
    with pytest.raises(UploadUnknown):
        library.uploads.get(upload_id)
    assert names_below(tmp_path) == []


def test_same_file_is_stored_once_under_its_latest_name(library: Library, small_video: Path, tmp_path: Path) -> None:
    first = library.finish(bring(library, small_video.read_bytes(), "first.mp4"), actor=None)
    second = library.finish(bring(library, small_video.read_bytes(), "second.mkv"), actor=None)
    assert second.path == first.path
    assert second.file_name == "second.mkv"
    assert names_below(tmp_path / "media" / "videos") == [f"{first.sha256}/facts.json", f"{first.sha256}/video.mp4"]
    assert [path.name for path in (tmp_path / "media" / "uploads").rglob("data")] == []


def test_finish_is_idempotent(library: Library, small_video: Path) -> None:
    upload_id = bring(library, small_video.read_bytes())
    kept = library.finish(upload_id, actor=None)
    assert library.finish(upload_id, actor=None) == kept
    state = library.uploads.get(upload_id)
    assert (state.offset_bytes, state.video_sha256) == (state.size_bytes, kept.sha256)


def test_threads_that_finish_one_upload_get_the_same_video(library: Library, small_video: Path) -> None:
    upload_id = bring(library, small_video.read_bytes())
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(partial(library.finish, actor=None), [upload_id] * 4))
    assert {video.sha256 for video in kept} == {sha256_of(small_video)}


def test_simultaneous_uploads_of_one_file_store_it_once(library: Library, small_video: Path, tmp_path: Path) -> None:
    uploads = [bring(library, small_video.read_bytes(), f"{number}.mp4") for number in range(4)]
    with ThreadPoolExecutor(len(uploads)) as pool:
        kept = list(pool.map(partial(library.finish, actor=None), uploads))
    assert {video.path for video in kept} == {tmp_path / "media" / "videos" / sha256_of(small_video) / "video.mp4"}
    assert len(names_below(tmp_path / "media" / "videos")) == 2
    assert names_below(tmp_path / "media" / "uploads") == sorted(f"{upload_id}/meta.json" for upload_id in uploads)


class Killed(BaseException):
    """Simulates kill -9: no handler catches it."""


@pytest.mark.parametrize(
    "step",
    ["begin", "checked", "facts", "staged", "meta", "moved"],
)
def test_upload_can_be_finished_after_a_crash_at_any_step(
    library: Library, small_video: Path, monkeypatch: pytest.MonkeyPatch, step: str, tmp_path: Path
) -> None:
    """The process dies right before one of the steps of `finish`, or for `staged` and `moved` right after it."""
    upload_id = bring(library, small_video.read_bytes())
    calls = {
        "begin": (library_module, "digests_of"),
        "checked": (video_store, "probe"),
        "facts": (video_store, "write_json"),
    }

    def die(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if step == "moved":
            patch.setattr(VideoStore, "publish", _then_die(VideoStore.publish))
        elif step == "meta":
            patch.setattr(upload_store, "write_json", _die_at("meta.json", write_json))
        elif step == "staged":
            patch.setattr(video_store, "publish", _then_die(publish))
        else:
            patch.setattr(*calls[step], die)
        with pytest.raises(Killed):
            library.finish(upload_id, actor=None)

    again = Library(tmp_path / "media", max_video_bytes=1)
    state = again.uploads.get(upload_id)
    assert state.offset_bytes == state.size_bytes
    assert state.video_sha256 == (sha256_of(small_video) if step == "moved" else None)
    kept = again.finish(upload_id, actor=None)
    assert kept.path.read_bytes() == small_video.read_bytes()
    assert names_below(tmp_path / "media" / "videos") == [f"{kept.sha256}/facts.json", f"{kept.sha256}/video.mp4"]
    assert names_below(tmp_path / "media" / "uploads") == [f"{upload_id}/meta.json"]


def _then_die(step: Callable[..., None]) -> Callable[..., None]:
    def run(*args: object) -> None:
        step(*args)
        raise Killed

    return run


def _die_at(name: str, step: Callable[..., None]) -> Callable[..., None]:
    def run(path: Path, *args: object) -> None:
        if path.name == name:
            raise Killed
        step(path, *args)

    return run


def test_folder_without_metadata_is_no_upload(library: Library, tmp_path: Path) -> None:
    upload = library.uploads.begin("clip.mp4", 4, actor=None)
    (tmp_path / "media" / "uploads" / upload.id / "meta.json").unlink()
    with pytest.raises(UploadUnknown):
        library.uploads.get(upload.id)


def test_canceled_upload_is_removed(library: Library, tmp_path: Path) -> None:
    upload_id = bring(library, b"12345")
    library.uploads.cancel(upload_id, actor=None)
    assert names_below(tmp_path) == []
    with pytest.raises(UploadUnknown):
        library.uploads.cancel(upload_id, actor=None)


def test_only_unchanged_uploads_are_removed_as_stale(library: Library, tmp_path: Path) -> None:
    upload_id = bring(library, b"12345")
    touched = (tmp_path / "media" / "uploads" / upload_id / "meta.json").stat().st_mtime
    assert library.uploads.remove_stale(3600, touched + 3000) == 0
    assert library.uploads.get(upload_id).offset_bytes == 5
    assert library.uploads.remove_stale(3600, touched + 4000) == 1
    assert names_below(tmp_path) == []


def test_scratch_folder_is_removed_on_exit_or_as_stale_after_a_crash(library: Library, tmp_path: Path) -> None:
    with library.uploads.scratch() as folder:
        (folder / "video").write_bytes(b"half")
    assert list((tmp_path / "media" / "uploads").iterdir()) == []
    crashed = library.uploads.scratch()
    left = crashed.__enter__()
    (left / "video").write_bytes(b"half")
    touched = (left / "video").stat().st_mtime
    assert library.uploads.begin("square.mp4", 10, actor=None).size_bytes == 10
    assert library.uploads.remove_stale(3600, touched + 3000) == 0
    assert library.uploads.remove_stale(3600, touched + 4000) == 2
    assert not left.exists()


def test_slow_upload_is_stale_a_day_after_its_last_byte(library: Library, tmp_path: Path) -> None:
    day_s = 24 * 3600.0
    upload_id = bring(library, b"12345")
    folder = tmp_path / "media" / "uploads" / upload_id
    for path in (folder, *folder.iterdir()):
        os.utime(path, (1_000_000, 1_000_000))
    os.utime(folder / "data", (1_000_000 + 3 * day_s, 1_000_000 + 3 * day_s))
    assert library.uploads.remove_stale(day_s, 1_000_000 + 4 * day_s - 1) == 0
    assert library.uploads.remove_stale(day_s, 1_000_000 + 4 * day_s + 1) == 1


def test_stored_video_remains_when_its_upload_is_removed(library: Library, small_video: Path) -> None:
    kept = library.finish(bring(library, small_video.read_bytes()), actor=None)
    assert library.uploads.remove_stale(0, 2**33) == 1
    assert library.get(kept.sha256) == kept


def test_stray_file_in_the_video_store_is_ignored(library: Library, small_video: Path, tmp_path: Path) -> None:
    kept = library.add(small_video, actor=None)
    (tmp_path / "media" / "videos" / ".DS_Store").touch()
    assert library.videos.has_size(small_video.stat().st_size)
    assert not library.videos.has_size(1)
    assert library.uploads.begin("square.mp4", 10, actor=None).offset_bytes == 0
    assert library.recognize("other.mp4", 1, "x", actor=None) is None
    assert library.get(kept.sha256) == kept


@pytest.mark.parametrize(
    "sha256", ["", "..", "../uploads", "A" * 64, "a" * 63, "a" * 64, "a" * 64 + "\n", "/etc/passwd"]
)
def test_invalid_or_unknown_sha256_finds_no_video(library: Library, sha256: str) -> None:
    assert library.get(sha256) is None


@pytest.mark.parametrize("upload_id", ["", ".", "..", "../videos", "0" * 32, "0" * 32 + "\n", "/etc", "Z" * 32])
def test_invalid_or_unknown_upload_id_is_refused(library: Library, upload_id: str) -> None:
    finish, cancel = partial(library.finish, actor=None), partial(library.uploads.cancel, actor=None)
    for ask in (library.uploads.get, finish, cancel):
        with pytest.raises(UploadUnknown):
            ask(upload_id)


def test_local_file_is_stored_once_as_a_copy(library: Library, small_video: Path, tmp_path: Path) -> None:
    source = tmp_path / "mine.mp4"
    source.write_bytes(small_video.read_bytes())
    kept = library.add(source, actor=None)
    source.write_bytes(b"overwritten in place")
    assert sha256_of(kept.path) == kept.sha256
    assert library.add(small_video, "again.mp4", actor=None).path == kept.path
    assert names_below(tmp_path / "media" / "uploads") == []


def test_local_file_that_is_no_video_leaves_nothing(library: Library, tmp_path: Path) -> None:
    source = tmp_path / "text.mp4"
    source.write_text("text")
    with pytest.raises(VideoError):
        library.add(source, actor=None)
    with pytest.raises(MediaError, match=r"no file absent\.mp4"):
        library.add(tmp_path / "absent.mp4", actor=None)
    assert names_below(tmp_path / "media") == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../etc/clip.mp4", "clip.mp4"),
        ("C:\\Users\\me\\clip.mp4", "clip.mp4"),
        ("a\x00b\r\nc.mp4", "abc.mp4"),
        ("evil\u202egpj.mp4", "evilgpj.mp4"),
        ("  Straße · 1.mp4 ", "Straße · 1.mp4"),
        ("x" * 500 + ".mp4", "x" * 157 + ".mp4"),
    ],
)
def test_file_name_is_cleaned_for_display(given: str, shown: str) -> None:
    assert clean_file_name(given) == shown


@pytest.mark.parametrize(
    "name", ["empty.mp4", "random_bytes.mp4", "audio_only.mp4", "derived/car_truncated_nomoov.mp4"]
)
def test_real_broken_files_are_refused_with_a_reason(
    library: Library, shared_data: Path, name: str, tmp_path: Path
) -> None:
    source = next((shared_data / "videos").rglob(Path(name).name))
    with pytest.raises((VideoError, MediaError)) as refusal:
        library.add(source, actor=None)
    assert refusal.value.what
    assert refusal.value.next_step
    assert names_below(tmp_path) == []


def test_a_declared_size_reserves_only_a_lead(tmp_path: Path) -> None:
    library = Library(tmp_path, max_video_bytes=1 << 40, quota_bytes=4 * LEAD_BYTES)
    for _ in range(2):
        library.uploads.begin("clip.mp4", 3 * LEAD_BYTES - 1, actor=None)
    assert library.uploads.free_bytes() == 2 * LEAD_BYTES
    with pytest.raises(QuotaReached):
        library.uploads.begin("clip.mp4", 2 * LEAD_BYTES + 1, actor=None)


def test_an_upload_stops_where_others_have_used_the_quota_and_continues_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frametally.library.quota.LEAD_BYTES", 10)
    monkeypatch.setattr("frametally.library.upload_store.CHECK_EVERY_BYTES", 10)
    library = Library(tmp_path, max_video_bytes=100, quota_bytes=100)
    first, second = (library.uploads.begin("clip.mp4", 80, actor=None) for _ in range(2))
    library.uploads.append(first.id, 0, b"x" * 60)
    with pytest.raises(QuotaReached):
        library.uploads.append(second.id, 0, b"x" * 50)
    library.uploads.cancel(first.id, actor=None)
    assert library.uploads.append(second.id, 0, b"x" * 50) == 50


def test_without_a_quota_the_disk_less_its_reserve_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(tmp_path, max_video_bytes=1 << 40)
    usage = shutil.disk_usage(tmp_path)._replace(free=DISK_RESERVE_BYTES + 700)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert library.uploads.free_bytes() == 700
    with pytest.raises(DiskFull):
        library.uploads.begin("clip.mp4", 701, actor=None)
    copy = tmp_path / "videos" / "0" / "derived" / "play-0.mp4"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(bytes(300))
    library.uploads.begin("clip.mp4", 900, actor=None)  # the copy gives way
    assert not copy.exists()
