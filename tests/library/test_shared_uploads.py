"""Uploads whose pieces arrive at two dashboards that share no disk, by the routes and over a real socket."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette

import frametally.storage.cached_files as cache_module
from frametally.library.library import Library
from frametally.library.quota import QuotaReached
from frametally.library.routes import UPLOADS_PREFIX, library_routes
from frametally.library.tickets import Tickets
from frametally.library.upload_store import OffsetMismatch, UploadUnknown
from frametally.network.routes import starlette_routes
from frametally.storage.cache import Cache
from frametally.storage.cached_files import open_cache
from frametally.storage.digests import digests_of
from frametally.storage.objects import open_objects
from tests.support.numbered_videos import write_numbered
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage
from tests.support.serving import answering

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@dataclass
class Side:
    folder: Path
    library: Library
    cache: Cache
    url: str

    def begin(self, size_bytes: int) -> str:
        name = base64.b64encode(b"clip.mp4").decode()
        ticket = {"Authorization": f"Bearer {Tickets('one secret').for_upload()}"}
        headers = {**TUS, **ticket, "Upload-Length": str(size_bytes), "Upload-Metadata": f"filename {name}"}
        answer = requests.post(self.url, headers=headers, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def patch(self, upload: str, offset: int, data: bytes, **more: str) -> requests.Response:
        headers = {**TUS, "Upload-Offset": str(offset), **more}
        return requests.patch(self.url + upload, data=data, headers=headers, timeout=30)

    def offset(self, upload: str) -> str:
        return requests.head(self.url + upload, headers=TUS, timeout=10).headers["Upload-Offset"]


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture(params=["folder", "s3"])
def sides(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Side, Side]]:
    monkeypatch.setattr(cache_module, "_CACHES", {})
    url, keys = f"file://{tmp_path}/objects", None
    if request.param == "s3":
        url, keys = f"s3://{BUCKET}/{tmp_path.name}", request.getfixturevalue("storage").keys
    with ExitStack() as stack:
        made = []
        for name in "ab":
            folder = tmp_path / name
            folder.mkdir()
            cache = Cache(folder, open_objects(url, keys), url, 1 << 40, min_idle_s=0, mirror_every_s=0)
            open_cache(cache)
            library = Library(folder / "media", max_video_bytes=1 << 30, quota_bytes=100 << 20)
            routes = starlette_routes(library_routes(library, Tickets("one secret"), folder))
            port = stack.enter_context(answering(Starlette(routes=routes), lifespan=False))
            made.append(Side(folder, library, cache, f"http://127.0.0.1:{port}{UPLOADS_PREFIX}"))
        yield made[0], made[1]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbered(tmp_path_factory.mktemp("video") / "clip.mp4", 40)


def test_pieces_alternate_between_dashboards(sides: tuple[Side, Side], video: Path) -> None:
    a, b = sides
    content, third = video.read_bytes(), video.stat().st_size // 3
    upload = a.begin(len(content))
    assert b.patch(upload, 0, content[:third]).headers["Upload-Offset"] == str(third)
    assert a.patch(upload, third, content[third : 2 * third]).headers["Upload-Offset"] == str(2 * third)
    assert (a.offset(upload), b.offset(upload)) == (str(2 * third), str(2 * third))
    assert a.patch(upload, third, content[third:]).status_code == 409, "a late piece of a lost connection"
    digest = {"Frametally-Digest": digests_of(video).block_digest}
    last = b.patch(upload, 2 * third, content[2 * third :], **digest)
    sha256 = hashlib.sha256(content).hexdigest()
    assert last.headers["Frametally-Video"] == sha256
    answer = requests.head(a.url + upload, headers=TUS, timeout=10)
    assert answer.headers["Frametally-Video"] == sha256, "a lost last response is repeated by any of them"
    found = a.library.get(sha256)
    assert found is not None
    assert found.path.read_bytes() == content
    names = [each.key.rpartition("/")[2] for each in a.cache.objects.list("uploads")]
    assert names == ["meta", "video"], "its pieces are gone"
    assert list((b.folder / "media" / "uploads").iterdir()) == []
    assert a.library.uploads.remove_stale(0, datetime.now(UTC).timestamp() + 10) == 1
    assert list(a.cache.objects.list("uploads")) == []


def test_a_damaged_piece_is_sent_again_to_another_dashboard(sides: tuple[Side, Side], video: Path) -> None:
    a, b = sides
    content, half = video.read_bytes(), video.stat().st_size // 2
    upload = a.begin(len(content))
    a.patch(upload, 0, content[:half])
    right = base64.b64encode(hashlib.sha256(content[half:]).digest()).decode()
    damaged = b.patch(upload, half, content[half:-1] + b"?", **{"Upload-Checksum": f"sha256 {right}"})
    assert damaged.status_code == 460
    assert a.offset(upload) == str(half)
    done = a.patch(upload, half, content[half:], **{"Upload-Checksum": f"sha256 {right}"})
    assert done.headers["Frametally-Video"] == hashlib.sha256(content).hexdigest()


def test_another_file_than_was_sent_is_removed_everywhere(sides: tuple[Side, Side], video: Path) -> None:
    a, b = sides
    content = video.read_bytes()
    upload = a.begin(len(content))
    refused = b.patch(upload, 0, content, **{"Frametally-Digest": "0" * 64})
    assert refused.status_code == 422
    assert requests.head(a.url + upload, headers=TUS, timeout=10).status_code == 404
    assert list(a.cache.objects.list("")) == []


def test_of_two_that_send_the_same_piece_one_is_kept(sides: tuple[Side, Side]) -> None:
    a, b = sides
    upload = a.begin(100)
    a.library.uploads.append(upload, 0, b"x" * 40)
    with pytest.raises(OffsetMismatch):
        b.library.uploads.append(upload, 0, b"y" * 50)
    stale = b.library.uploads.get(upload)
    assert stale.offset_bytes == 40
    a.library.uploads.append(upload, 40, b"x" * 10)
    with pytest.raises(OffsetMismatch):
        b.library.uploads.append(upload, 40, b"y" * 20)
    b.library.uploads.cancel(upload, actor=None)
    with pytest.raises(UploadUnknown):
        a.library.uploads.get(upload)
    with pytest.raises(UploadUnknown):
        a.library.uploads.append(upload, 50, b"x")


def test_the_quota_counts_what_all_of_them_receive(sides: tuple[Side, Side]) -> None:
    a, b = sides
    first = a.begin(60 << 20)
    a.library.uploads.append(first, 0, bytes(30 << 20))
    with pytest.raises(QuotaReached):
        b.library.uploads.begin("other.mp4", 80 << 20, actor=None)
    b.library.uploads.cancel(first, actor=None)
    a.cache.objects.put(f"uploads/{first}/{30 << 20:015d}", b"a late piece")
    for side in sides:
        side.library.uploads.cancel(side.begin(80 << 20), actor=None)
    with pytest.raises(UploadUnknown):
        b.library.uploads.get("../../secret")
