"""Two dashboards with data folders of their own, and one object storage: a folder here, S3 where its packages are."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
import requests
from msgspec import structs
from msgspec.json import encode as json_encode
from starlette.applications import Starlette

import frametally.storage.cached_files as cache_module
from frametally.config.settings import Settings
from frametally.errors import MediaError, SettingsError
from frametally.evaluation.files.kept import KeptFile, keep_truth, kept_truth, remove_truth
from frametally.evaluation.reading import read_truth
from frametally.health import object_storage as object_storage_module
from frametally.health.object_storage import keep_all, open_storage
from frametally.library.library import Library
from frametally.library.routes import FILES_PREFIX, library_routes
from frametally.library.tickets import Tickets
from frametally.network.routes import starlette_routes
from frametally.previews.sparkline import load_sparkline
from frametally.previews.thumbnail import thumbnail_file
from frametally.results import archive_results, find_original, open_results, results_version
from frametally.results.archive import drop_removed, keep_results, remove_results
from frametally.results.manifest import MANIFEST_NAME, SCHEMA_VERSION, read_manifest
from frametally.storage.cache import Cache
from frametally.storage.cached_files import fetched, is_there, kept, latest, open_cache
from frametally.storage.digests import digests_of
from frametally.storage.objects import Objects, StoreUnavailable, open_objects
from frametally.storage.objects.folder import FolderObjects
from frametally.video.frame_index import load_index
from frametally.video.frame_reader import FrameReader
from tests.support.documents import box, document, entry, original_of, read_back
from tests.support.numbered_videos import number_of, write_numbered
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage
from tests.support.serving import answering

KEEP_ALL = 1 << 40


@dataclass
class Dashboard:
    folder: Path
    cache: Cache
    library: Library

    @property
    def results(self) -> Path:
        return self.folder / "results"


@pytest.fixture(autouse=True)
def no_caches_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_CACHES", {})


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


def dashboard(folder: Path, url: str, keys: dict[str, str] | None = None, max_bytes: int = KEEP_ALL) -> Dashboard:
    folder.mkdir()
    cache = Cache(folder, open_objects(url, keys), url, max_bytes, min_idle_s=0, mirror_every_s=0)
    open_cache(cache)
    return Dashboard(folder, cache, Library(folder / "media", max_video_bytes=1 << 30))


@pytest.fixture(params=["folder", "s3"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Dashboard, Dashboard]:
    if request.param == "folder":
        url, keys = f"file://{tmp_path}/objects", None
    else:
        url, keys = f"s3://{BUCKET}/{tmp_path.name}", request.getfixturevalue("storage").keys
    return dashboard(tmp_path / "a", url, keys), dashboard(tmp_path / "b", url, keys)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbered(tmp_path_factory.mktemp("video") / "clip.mp4", 40)


class Failing:
    """A store that fails after so many removals."""

    def __init__(self, objects: Objects, removals: int) -> None:
        self._objects, self._left = objects, removals

    def __getattr__(self, name: str) -> object:
        return getattr(self._objects, name)

    def delete(self, key: str) -> None:
        if not self._left:
            raise StoreUnavailable("The object storage does not respond.")
        self._left -= 1
        self._objects.delete(key)


def archive(results: Path, job_id: str, boxes: int) -> Path:
    results.mkdir(exist_ok=True)
    download = results / f"{job_id}.json"
    download.write_text(json.dumps(document(*(entry(*[box()] * boxes) for _ in range(20)))))
    archive_results(download, results / job_id)
    download.unlink()
    keep_results(results / job_id)
    return results / job_id


def test_labels_of_results_are_kept_in_the_object_storage(two: tuple[Dashboard, Dashboard], tmp_path: Path) -> None:
    a, b = two
    (tmp_path / "counts.csv").write_text("frame,class,count\n0,car,2\n")
    truth = read_truth(tmp_path / "counts.csv")
    file = KeptFile("counts.csv", datetime(2026, 1, 2, tzinfo=UTC), None)
    folder = archive(a.results, "job", 1)
    keep_truth(folder, truth, file)
    shutil.rmtree(folder)  # as a cache that is full does
    open_results(folder)
    for results in (a.results, b.results):
        found = kept_truth(results / "job")
        assert found is not None
        assert (found[0].classes, found[1]) == (("car",), file)
    keep_truth(b.results / "job", truth, structs.replace(file, name="others.csv"))  # as long as the other name
    found = kept_truth(folder)
    assert found is not None
    assert found[1].name == "others.csv"
    remove_truth(folder)
    assert kept_truth(folder) is None
    assert kept_truth(b.results / "job") is None


def test_a_video_of_one_dashboard_is_that_of_the_other(two: tuple[Dashboard, Dashboard], video: Path) -> None:
    a, b = two
    stored = a.library.add(video, actor=None)
    found = b.library.get(stored.sha256)
    assert found is not None
    assert (found.file_name, found.info) == (stored.file_name, stored.info)
    assert [each.sha256 for each in b.library.videos.entries()] == [stored.sha256]
    digest = digests_of(video).block_digest
    recognized = b.library.recognize("Other name.mp4", video.stat().st_size, digest, actor=None)
    assert recognized is not None
    assert not found.place.exists(), "its properties are enough"
    renamed = a.library.get(stored.sha256)
    assert renamed is not None
    assert renamed.file_name == "Other name.mp4"
    assert found.path.read_bytes() == video.read_bytes()
    b.library.remove(stored.sha256, actor=None)
    assert a.library.get(stored.sha256) is None
    assert list(a.library.videos.folder.iterdir()) == []
    assert list(a.cache.objects.list("media")) == []
    assert a.library.add(video, actor=None).sha256 == stored.sha256, "it can be stored again"


def test_a_removal_that_was_interrupted_can_be_repeated(tmp_path: Path, video: Path) -> None:
    a = dashboard(tmp_path / "a", f"file://{tmp_path}/objects")
    stored = a.library.add(video, actor=None)
    assert thumbnail_file(stored)
    working = a.cache.objects
    for count in (0, 1, 1):  # of three objects
        a.cache.objects = cast("Objects", Failing(working, removals=count))
        with pytest.raises(MediaError, match="does not respond"):
            a.library.remove(stored.sha256, actor=None)
        a.cache.objects = working
        assert [each.sha256 for each in a.library.videos.entries()] == [stored.sha256]
    a.library.remove(stored.sha256, actor=None)
    assert list(working.list("media")) == []
    assert a.library.get(stored.sha256) is None


def test_frames_are_read_from_the_store_without_the_whole_file(two: tuple[Dashboard, Dashboard], video: Path) -> None:
    a, b = two
    stored = a.library.add(video, actor=None)
    load_index(stored.place)
    found = b.library.get(stored.sha256)
    assert found is not None
    reader = FrameReader(found.place, load_index(found.place))
    shown = [reader.displayed(frame) for frame in (0, 39, 17, 18)]
    assert [number_of(each.image) for each in shown if each] == [0, 39, 17, 18]
    assert not found.place.exists()


def test_results_of_one_dashboard_are_those_of_the_other(two: tuple[Dashboard, Dashboard]) -> None:
    a, b = two
    here, there = archive(a.results, "job-1", 3), b.results / "job-1"
    assert results_version(there)
    assert read_back(open_results(there)) == read_back(open_results(here))
    original = find_original(there)
    assert original is not None
    assert not original.exists(), "fetched when it is read"
    assert original_of(there) == original_of(here)
    export = there / "derived" / "counts-1.csv"
    export.parent.mkdir()
    export.write_text("frame,count\n")
    kept(export)
    export.unlink()
    assert fetched(export).read_text() == "frame,count\n", "and what was made from it"
    remove_results(there)
    assert list(a.cache.objects.list("results")) == []


def test_what_was_used_longest_ago_gives_way(tmp_path: Path, video: Path) -> None:
    url = f"file://{tmp_path}/objects"
    a = dashboard(tmp_path / "a", url)
    sizes = [sum(path.stat().st_size for path in archive(a.results, f"job-{n}", 3).iterdir()) for n in range(4)]
    b = dashboard(tmp_path / "b", url, max_bytes=sizes[0] * 5 // 2)
    opened = []
    for number in range(4):
        opened.append(open_results(b.results / f"job-{number}"))
        os.utime(b.cache._mark(b.results / f"job-{number}"), (1e9 + number, 1e9 + number))
    here = sorted(path.name for path in b.results.iterdir() if path.is_dir())
    assert here[-1] == "job-3"
    assert len(here) <= 3
    assert "job-0" not in here
    assert opened[0].confidences("cars")[0].size == 60, "a removed table is fetched again, not read as empty"
    a.cache.make_room(KEEP_ALL * 2)
    assert [path for path in a.results.iterdir() if path.is_dir()] == [], "all of it is in the store"


def test_removed_tables_that_the_store_has_of_an_earlier_version_are_rebuilt(tmp_path: Path) -> None:
    a = dashboard(tmp_path / "a", f"file://{tmp_path}/objects")
    folder = archive(a.results, "job-1", 3)
    opened = open_results(folder)
    earlier = structs.replace(opened.manifest, version=SCHEMA_VERSION - 1)
    a.cache.objects.put(f"results/job-1/{MANIFEST_NAME}", json_encode(earlier))
    a.cache.objects.put(a.cache.key(folder / "derived" / "counts.csv"), b"as the earlier version counted")
    a.cache.make_room(KEEP_ALL * 2)
    assert opened.confidences("cars")[0].size == 60
    assert not is_there(folder / "derived" / "counts.csv")
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.files == opened.manifest.files


def test_files_that_are_not_in_the_store_yet_are_never_removed(tmp_path: Path, video: Path) -> None:
    plain = Library(tmp_path / "a" / "media", max_video_bytes=1 << 30)
    stored = plain.add(video, actor=None)
    archive(tmp_path / "a" / "results", "job-1", 1)
    cache = Cache(tmp_path / "a", open_objects(f"file://{tmp_path}/objects"), "x", 1, min_idle_s=0, mirror_every_s=0)
    open_cache(cache)
    cache.make_room(KEEP_ALL)
    assert plain.get(stored.sha256) is not None
    assert stored.place.exists()
    keep_all(cache)
    assert list(cache.unmarked()) == []
    other = dashboard(tmp_path / "b", f"file://{tmp_path}/objects")
    assert other.library.get(stored.sha256) is not None
    assert open_results(other.results / "job-1").confidences("cars")[0].size == 20


def test_a_file_of_an_incomplete_copy_does_not_put_the_only_video_at_risk(tmp_path: Path, video: Path) -> None:
    """Two data folders had the video before there was a store, which one of them is still putting there."""
    stored = Library(tmp_path / "a" / "media", max_video_bytes=1 << 30).add(video, actor=None)
    objects = open_objects(f"file://{tmp_path}/objects")
    cache = Cache(tmp_path / "a", objects, "x", 1, min_idle_s=0, mirror_every_s=0)
    open_cache(cache)
    made_elsewhere = stored.place.parent / "derived" / "copy.mp4"
    objects.put(cache.key(made_elsewhere), b"copy")
    assert fetched(made_elsewhere).read_bytes() == b"copy"
    cache.make_room(KEEP_ALL)
    cache.mirror(stored.place.parent.parent, "facts.json")
    assert stored.place.read_bytes() == video.read_bytes()


def test_labels_in_the_store_do_not_put_the_only_results_at_risk(tmp_path: Path) -> None:
    folder = archive(tmp_path / "results", "job-1", 1)
    cache = Cache(tmp_path, open_objects(f"file://{tmp_path}/objects"), "x", 1, min_idle_s=0, mirror_every_s=0)
    open_cache(cache)
    cache.objects.put(cache.key(folder / "labels.truth"), b"labels")
    assert latest(folder / "labels.truth").read_bytes() == b"labels"
    cache.make_room(KEEP_ALL)
    drop_removed(folder.parent)
    assert open_results(folder).confidences("cars")[0].size == 20


RANGES = ["", "bytes=0-", "bytes=5-9", "bytes=-7", "bytes=100000000-", "bytes=0-0", "bytes=10-100000000"]


def test_ranges_of_the_store_are_those_of_the_file(two: tuple[Dashboard, Dashboard], video: Path) -> None:
    a, b = two
    stored = a.library.add(video, actor=None)
    path = stored.place.relative_to(a.folder)
    with ExitStack() as stack:
        urls = []
        for one in two:
            tickets = Tickets("one secret")
            app = Starlette(routes=starlette_routes(library_routes(one.library, tickets, one.folder)))
            port = stack.enter_context(answering(app, lifespan=False))
            urls.append(f"http://127.0.0.1:{port}{FILES_PREFIX}{tickets.for_file(path)}")
        for span in RANGES:
            headers = {"Range": span} if span else {}
            here, there = (requests.get(url, headers=headers, timeout=10) for url in urls)
            assert (there.status_code, there.content) == (here.status_code, here.content), span
            for name in ("Content-Range", "Content-Length", "Content-Type", "ETag", "Cache-Control"):
                if here.status_code < 400:
                    assert there.headers.get(name) == here.headers.get(name), (span, name)
        assert requests.head(urls[1], timeout=10).headers["Content-Length"] == str(video.stat().st_size)
        stale = {"Range": "bytes=0-3", "If-Range": '"another"'}
        assert requests.get(urls[1], headers=stale, timeout=10).status_code == 200
        other = Tickets("one secret").for_file(Path("results/../secret"))
        assert requests.get(urls[1].rpartition("/")[0] + "/" + other, timeout=10).status_code == 404
    assert not (b.folder / path).exists()


def test_a_file_that_is_fetched_at_once_by_many_is_whole(two: tuple[Dashboard, Dashboard], video: Path) -> None:
    a, b = two
    found = b.library.get(a.library.add(video, actor=None).sha256)
    assert found is not None
    read: list[bytes] = []
    threads = [threading.Thread(target=lambda: read.append(found.path.read_bytes())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [video.read_bytes()] * 6


def test_a_video_that_cannot_be_put_into_the_store_is_not_stored(tmp_path: Path, video: Path) -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            raise StoreUnavailable("The object storage does not respond.")

    a = dashboard(tmp_path / "a", f"file://{tmp_path}/objects")
    working, a.cache.objects = a.cache.objects, Broken()  # type: ignore[assignment]
    upload = a.library.uploads.begin("clip.mp4", video.stat().st_size, actor=None)
    a.library.uploads.append(upload.id, 0, video.read_bytes())
    with pytest.raises(MediaError, match="does not respond"):
        a.library.finish(upload.id, actor=None)
    assert list(a.library.videos.folder.iterdir()) == []
    a.cache.objects = working
    assert a.library.finish(upload.id, actor=None).path.exists(), "a repeated request finishes it"


def test_what_is_in_the_cache_can_be_viewed_without_the_store(tmp_path: Path, video: Path) -> None:
    class Gone:
        def __getattr__(self, name: str) -> object:
            raise StoreUnavailable("The object storage does not respond.")

    a = dashboard(tmp_path / "a", f"file://{tmp_path}/objects")
    stored, folder = a.library.add(video, actor=None), archive(a.results, "job-1", 3)
    a.cache.objects = Gone()  # type: ignore[assignment]
    found = a.library.get(stored.sha256)
    assert found is not None
    shown = FrameReader(found.place, load_index(found.place)).displayed(7)
    assert shown is not None
    assert number_of(shown.image) == 7
    assert a.library.damage_scanner.damage(found, at_once=True) is not None
    assert thumbnail_file(found)
    assert load_sparkline(folder).peak == 3
    assert open_results(folder).confidences("cars")[0].size == 60
    assert original_of(folder)
    assert a.library.get("0" * 64) is None


def test_a_deployment_checks_its_store_and_shares_the_link_secret(tmp_path: Path) -> None:
    def settings(name: str) -> Settings:
        folder = tmp_path / name
        return Settings.read(
            {"FRAMETALLY_DATA_DIR": str(folder), "FRAMETALLY_STORAGE_URL": f"file://{tmp_path}/objects"}
        )

    a, b = settings("a"), settings("b")
    for one in (a, b):
        one.data_dir.mkdir()
        assert open_storage(one)
    assert a.link_secret_file.read_bytes() == b.link_secret_file.read_bytes()
    assert b.link_secret_file.stat().st_mode & 0o777 == 0o600
    assert [each.key for each in open_objects(f"file://{tmp_path}/objects").list("")] == ["secret"]


def test_what_was_there_before_is_put_into_the_store_with_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that fail at once would skip every folder during an outage of seconds, until the next start."""
    patient: list[Objects] = []
    keepers: queue.Queue[Cache] = queue.Queue()

    def opened(url: str, keys: Mapping[str, str], *, is_patient: bool = True) -> Objects:
        objects = open_objects(url, keys)
        if is_patient:
            patient.append(objects)
        return objects

    monkeypatch.setattr(object_storage_module, "open_objects", opened)
    monkeypatch.setattr(object_storage_module, "keep_all", keepers.put)
    store = {"FRAMETALLY_DATA_DIR": str(tmp_path / "a"), "FRAMETALLY_STORAGE_URL": f"file://{tmp_path}/objects"}
    settings = Settings.read(store)
    settings.data_dir.mkdir()
    of_pages, keeper = open_storage(settings), keepers.get(timeout=10)
    assert of_pages
    assert (keeper.objects in patient, of_pages.objects in patient) == (True, False)
    keeper.mark(tmp_path / "a" / "results" / "job-1")
    assert of_pages.is_marked(tmp_path / "a" / "results" / "job-1")


def test_a_store_that_ignores_conditions_prevents_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced(objects: FolderObjects, key: str, data: bytes) -> bool:
        objects.put(key, data)
        return True

    monkeypatch.setattr(FolderObjects, "put_new", replaced)
    settings = Settings.read(
        {"FRAMETALLY_DATA_DIR": str(tmp_path / "a"), "FRAMETALLY_STORAGE_URL": f"file://{tmp_path}/objects"}
    )
    with pytest.raises(SettingsError, match="conditional writes"):
        open_storage(settings)
    assert list(open_objects(f"file://{tmp_path}/objects").list("")) == []


def test_a_store_that_refuses_the_credentials_prevents_the_start(storage: ObjectStorage, tmp_path: Path) -> None:
    wrong = {**storage.keys, "AWS_SECRET_ACCESS_KEY": "wrong-secret"}
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path), "FRAMETALLY_STORAGE_URL": storage.url}, wrong)
    with pytest.raises(SettingsError, match="refused") as caught:
        open_storage(settings)
    assert "wrong-secret" not in f"{caught.value!r} {settings!r}"


def test_nothing_of_it_is_imported_by_default() -> None:
    code = (
        "import sys, frametally.deployment, frametally.storage.cached_files;"
        "print([name for name in sys.modules if name.startswith(('obstore', 'frametally.storage.objects.cloud'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
