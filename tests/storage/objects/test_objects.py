"""Objects in a folder, on S3: the same behavior; on S3 also signatures, retries, and that no secret gets out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from frametally.errors import SettingsError
from frametally.storage.objects import Objects, StoreUnavailable, open_objects, storage_keys
from frametally.storage.objects.range_file import RangeFile
from tests.support.numbered_videos import write_numbered
from tests.support.object_storage import BUCKET, REGION, SECRET_KEY, ObjectStorage, object_storage

BAD_KEYS = ["", "/a", "a/", "../a", "a/../b", "a//b", "./a", "a/.", "a b", "a\\b", "ä", "a\n", "x" * 700]


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture(params=["folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "folder":
        return open_objects(f"file://{tmp_path}/objects")
    storage: ObjectStorage = request.getfixturevalue("storage")
    return open_objects(f"s3://{BUCKET}/{tmp_path.name}", storage.keys)


def test_an_object_is_created_once_read_by_range_listed_and_removed(objects: Objects) -> None:
    assert objects.size("a/b.bin") is None
    assert objects.put_new("a/b.bin", b"0123456789")
    assert not objects.put_new("a/b.bin", b"other")
    assert objects.put_new("a/b.bin", b"0123456789"), "a repeated request counts as the one that created it"
    assert (objects.read("a/b.bin"), objects.size("a/b.bin")) == (b"0123456789", 10)
    assert objects.read_range("a/b.bin", 2, 5) == b"234"
    assert objects.read_range("a/b.bin", 8, 50) == b"89"
    assert objects.read_range("a/b.bin", 5, 5) == b""
    objects.put("a/b.bin", b"replaced")
    objects.put("a/b/c", b"")
    objects.put("ab", b"x")
    assert [(each.key, each.size_bytes) for each in objects.list("a")] == [("a/b.bin", 8), ("a/b/c", 0)]
    assert [each.key for each in objects.list("")] == ["a/b.bin", "a/b/c", "ab"]
    assert list(objects.list("missing")) == []
    for _ in range(2):
        objects.delete("a/b.bin")
    with pytest.raises(FileNotFoundError):
        objects.read("a/b.bin")
    with pytest.raises(FileNotFoundError):
        objects.read_range("a/b.bin", 0, 1)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_keys_outside_are_refused(objects: Objects, key: str) -> None:
    for call in (objects.read, objects.size, objects.delete):
        with pytest.raises(ValueError, match="key of an object"):
            call(key)
    with pytest.raises(ValueError, match="key of an object"):
        objects.put_new(key, b"")
    with pytest.raises(ValueError, match="key of an object"):
        objects.put(key, b"")


def test_of_many_that_create_an_object_at_once_one_wins(objects: Objects) -> None:
    won: list[int] = []
    barrier = threading.Barrier(8)

    def create(number: int) -> None:
        barrier.wait()
        if objects.put_new("piece/1", b"%d" % number):
            won.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [b"%d" % number for number in won] == [objects.read("piece/1")]


def test_large_content_is_stored_in_parts_or_not_at_all(objects: Objects, tmp_path: Path) -> None:
    block = np.random.default_rng(5).bytes(1 << 20)
    path = tmp_path / "large"
    path.write_bytes(block * 20)
    objects.put("large/file", path)
    objects.put("large/blocks", iter([block] * 20))
    assert objects.read("large/file") == objects.read("large/blocks") == block * 20

    def broken() -> Iterator[bytes]:
        yield from [block] * 20
        raise OSError("the sender is gone")

    with pytest.raises(OSError, match="the sender is gone"):
        objects.put("large/broken", broken())
    assert objects.size("large/broken") is None


def test_a_range_file_reads_what_the_file_has(tmp_path: Path) -> None:
    objects = open_objects(f"file://{tmp_path}/objects")
    content = np.random.default_rng(7).bytes(10_000)
    objects.put("content", content)
    with RangeFile(objects, "content", block_bytes=512, max_blocks=4) as file:
        assert file.read() == content
        rng = np.random.default_rng(1)
        for start, size in zip(rng.integers(0, 10_100, 200), rng.integers(0, 3000, 200), strict=True):
            file.seek(int(start))
            assert file.read(int(size)) == content[start : start + size]
            assert len(file._blocks) <= 4
        assert file.seek(-3, 2) == 9997
        assert file.read(10) == content[-3:]
        assert file.read(1) == b""


def test_frames_of_a_range_file_are_those_of_the_file(objects: Objects, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    write_numbered(path, 60)
    objects.put("video.mp4", path)
    file = RangeFile(objects, "video.mp4", block_bytes=4096)
    with av.open(str(path), "r") as local, av.open(file, "r") as remote:
        expected = [(frame.pts, frame.to_ndarray(format="bgr24").tobytes()) for frame in local.decode(video=0)]
        assert [(frame.pts, frame.to_ndarray(format="bgr24").tobytes()) for frame in remote.decode(video=0)] == expected
        pts = expected[-1][0]
        assert pts is not None
        remote.seek(pts, stream=remote.streams.video[0])
        assert any(frame.to_ndarray(format="bgr24").tobytes() == expected[-1][1] for frame in remote.decode(video=0))


def test_a_range_file_of_a_missing_object_is_refused(objects: Objects) -> None:
    with pytest.raises(FileNotFoundError):
        RangeFile(objects, "missing")


def test_a_store_that_asks_to_slow_down_is_asked_again(storage: ObjectStorage) -> None:
    objects = open_objects(f"s3://{BUCKET}/slow", storage.keys)
    storage.fail_next = 3
    assert objects.put_new("a", b"1")
    storage.fail_next = 3
    assert objects.read("a") == b"1"
    storage.fail_next = 3
    assert [each.key for each in objects.list("")] == ["a"]


def test_an_object_whose_response_was_lost_counts_as_created(storage: ObjectStorage) -> None:
    objects = open_objects(f"s3://{BUCKET}/lost", storage.keys)
    storage.cut_next = 1
    assert objects.put_new("a", b"1")
    assert objects.read("a") == b"1"


def test_a_broken_stream_leaves_no_part_in_the_bucket(storage: ObjectStorage) -> None:
    uploads = storage.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    assert uploads == []


def test_a_wrong_secret_is_refused_and_appears_nowhere(
    storage: ObjectStorage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = SECRET_KEY[::-1]
    objects = open_objects(f"s3://{BUCKET}/wrong", {**storage.keys, "AWS_SECRET_ACCESS_KEY": wrong})
    before = storage.refused
    for call in (lambda: objects.read("a"), lambda: objects.put_new("a", b"1"), lambda: list(objects.list(""))):
        with pytest.raises(StoreUnavailable) as caught:
            call()
        assert caught.value.__cause__ is None
        assert wrong not in f"{caught.value!r} {caught.value.__context__!r} {objects!r} {vars(objects)!r}"
    assert storage.refused >= before + 3
    assert wrong not in caplog.text
    assert "Signature=" not in caplog.text


def test_options_come_from_the_environment_or_from_the_secrets(
    storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {name: text for name, text in storage.keys.items() if name != "AWS_REGION"}
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    keys = storage_keys(environment, {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "another", "OTHER": 1})
    assert keys == {"AWS_REGION": REGION, "AWS_ALLOW_HTTP": "true"}, "what is in the environment is read from there"
    assert open_objects(f"s3://{BUCKET}/environment", keys).put_new("a", b"1")


def test_a_bucket_that_does_not_exist_is_named_as_the_reason(storage: ObjectStorage) -> None:
    objects = open_objects("s3://no-such-bucket/team", storage.keys)
    with pytest.raises(StoreUnavailable, match="does not exist"):
        objects.put_new("a", b"1")


@pytest.mark.parametrize(
    "url", ["s3://B?", "ftp://bucket/x", "s3://key:secret@bucket/x", "s3://b/x?sig=1", "file://host/x"]
)
def test_other_urls_are_refused_without_being_shown(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_objects(url, {})
    assert url not in str(caught.value)
