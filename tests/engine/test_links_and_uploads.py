"""Signed links, and uploads, which are stored completely or not at all."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from itsdangerous import TimestampSigner

from frametally.engine.links import LINK_LIFETIME_S, Links
from frametally.storage import space as disk
from tests.support.engines import LINK_SECRET, RunningEngine, StartEngine
from tests.support.polling import until


def uploads(engine: RunningEngine) -> list[Path]:
    return sorted((engine.folder / "uploads").iterdir())


def wait_for_no_uploads(engine: RunningEngine) -> None:
    until(lambda: not uploads(engine))


@pytest.fixture
def expired_links(monkeypatch: pytest.MonkeyPatch) -> Links:
    """Creates links that have just expired."""
    created_s = int(time.time()) - LINK_LIFETIME_S - 2
    links = Links(LINK_SECRET)
    make = links.make

    def make_then(*args: str, app_url: str) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(TimestampSigner, "get_timestamp", lambda _: created_s)
            return make(*args, app_url=app_url)  # type: ignore[arg-type]

    monkeypatch.setattr(links, "make", make_then)
    return links


def test_a_link_is_absolute_with_an_expiry_that_the_vendor_client_parses(
    deaf_engine: RunningEngine,
) -> None:
    link = deaf_engine.upload_link()
    assert link.startswith(deaf_engine.url + "/videoinfer/uploads/")
    assert link.split("&X-Goog-Expires")[1].split("&")[0].strip("=") == str(LINK_LIFETIME_S)


def test_a_link_has_the_host_of_the_request(deaf_engine: RunningEngine) -> None:
    answer = deaf_engine.call(
        "POST", "/video_upload_signed_url/", json={"file_name": "a.mp4"}, headers={"Host": "frames.example:8501"}
    )
    assert answer.json()["signed_url"].startswith("http://frames.example:8501/videoinfer/uploads/")


def test_an_upload_is_stored_byte_for_byte(deaf_engine: RunningEngine, tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    video.write_bytes(os.urandom(9_000_001))
    deaf_engine.upload(video)
    (stored_file,) = uploads(deaf_engine)
    assert stored_file.read_bytes() == video.read_bytes()


@pytest.mark.parametrize("change", ["forged", "expired", "for results"])
def test_an_invalid_upload_link_is_rejected(deaf_engine: RunningEngine, expired_links: Links, change: str) -> None:
    good = deaf_engine.upload_link()
    for_results = Links(LINK_SECRET).make("results", "b5d4", app_url=deaf_engine.url)
    link = {
        "forged": good.replace("?", "x?"),
        "expired": expired_links.make("upload", "b5d4", app_url=deaf_engine.url),
        "for results": for_results.replace("results", "uploads"),
    }[change]
    answer = requests.put(link, data=b"video", timeout=20)
    assert answer.status_code == 403
    assert answer.json() == {"error": "This link has expired or is not valid.", "message": "Request a new one."}
    assert uploads(deaf_engine) == []


def test_an_expired_or_forged_results_link_is_rejected(deaf_engine: RunningEngine, expired_links: Links) -> None:
    for link in (
        expired_links.make("results", "b5d4", app_url=deaf_engine.url),
        f"{deaf_engine.url}/videoinfer/results/x",
    ):
        assert requests.get(link, timeout=20).status_code == 403


def test_an_uploaded_video_can_be_used_after_its_link_expired(
    deaf_engine: RunningEngine, expired_links: Links, small_video: Path
) -> None:
    upload_id = "0f0e7bd2-6a52-4c35-9f86-3f5b6f7a9f11"
    requests.put(Links(LINK_SECRET).make("upload", upload_id, app_url=deaf_engine.url), data=b"video", timeout=20)
    assert deaf_engine.ask(expired_links.make("upload", upload_id, app_url="https://another.host")).status_code == 200


def test_a_job_requires_a_complete_upload(deaf_engine: RunningEngine) -> None:
    answer = deaf_engine.ask(deaf_engine.upload_link())
    assert answer.status_code == 400
    assert "Nothing was uploaded" in answer.json()["error"]
    assert "PUT" in answer.json()["message"]


def test_an_upload_link_of_another_engine_is_rejected(deaf_engine: RunningEngine) -> None:
    answer = deaf_engine.ask(Links("another secret").make("upload", "b5d4", app_url="https://another.host"))
    assert answer.status_code == 400
    assert "not created by this engine" in answer.json()["error"]


def test_a_content_length_above_the_limit_is_rejected(start_engine: StartEngine) -> None:
    engine = start_engine(worker=False, max_video_bytes=1000)
    answer = requests.put(engine.upload_link(), data=b"x" * 1001, timeout=20)
    assert answer.status_code == 413
    assert "larger than the 1 KB allowed" in answer.json()["error"]
    assert uploads(engine) == []


def test_a_body_above_the_limit_is_rejected_without_content_length(start_engine: StartEngine) -> None:
    engine = start_engine(worker=False, max_video_bytes=5_000_000)

    def pieces() -> Iterator[bytes]:
        for _ in range(8):
            yield bytes(1_000_000)

    assert requests.put(engine.upload_link(), data=pieces(), timeout=20).status_code == 413
    assert uploads(engine) == []


def test_an_interrupted_upload_leaves_no_file(deaf_engine: RunningEngine) -> None:
    parts = urlsplit(deaf_engine.upload_link())
    with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as connection:
        head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 9000000\r\n\r\n"
        connection.sendall(head.encode() + bytes(5_000_000))
        until(lambda: uploads(deaf_engine))
    wait_for_no_uploads(deaf_engine)


def test_an_upload_that_would_use_the_disk_reserve_is_rejected(
    deaf_engine: RunningEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = deaf_engine.upload_link()
    monkeypatch.setattr(disk, "DISK_RESERVE_BYTES", 2**61)
    answer = requests.put(link, data=b"video", timeout=20)
    assert (answer.status_code, uploads(deaf_engine)) == (507, [])
    assert "no room" in answer.json()["error"]


def test_a_full_disk_is_reported(deaf_engine: RunningEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    link = deaf_engine.upload_link()
    monkeypatch.setattr(os, "fsync", full)
    answer = requests.put(link, data=b"video", timeout=20)
    assert answer.status_code == 507
    assert answer.json()["error"] == "The engine's disk is full."
    assert uploads(deaf_engine) == []
