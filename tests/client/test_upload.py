"""The PUT to a signed link: streamed, of a fixed length, never with the key."""

from __future__ import annotations

import tracemalloc
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from frametally.client.bodies import BLOCK_BYTES
from frametally.client.client import VideoInferenceClient
from frametally.errors import (
    BadRequest,
    LinkExpired,
    MediaError,
    ServerError,
    ServiceUnreachable,
)
from tests.support.clients import KEY
from tests.support.misbehaving import MisbehavingServer, answer, reset, silence


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "v.mp4"
    path.write_bytes(bytes(range(256)) * 4096)
    return path


@pytest.fixture
def link(server: MisbehavingServer) -> str:
    server.replies_with(answer())
    return f"{server.url}/put/v.mp4?X-Goog-Algorithm=a&X-Goog-Expires=900"


def test_the_bytes_arrive_with_type_and_length_and_without_the_key(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    client.upload(video, link)
    seen = server.seen[0]
    assert (seen.method, seen.body) == ("PUT", video.read_bytes())
    assert seen.headers["Content-Type"] == "application/octet-stream"
    assert seen.headers["Content-Length"] == str(1 << 20)
    assert "Transfer-Encoding" not in seen.headers
    assert f"{server.url}{seen.target}" == link
    assert not seen.holds(KEY)


def test_progress_is_told_block_by_block(client: VideoInferenceClient, video: Path, link: str) -> None:
    told: list[tuple[int, int]] = []
    client.upload(video, link, lambda sent_bytes, total_bytes: told.append((sent_bytes, total_bytes)))
    assert told == [(count * BLOCK_BYTES, 1 << 20) for count in (1, 2, 3, 4)]


def test_an_empty_file_is_sent_as_one(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    video.write_bytes(b"")
    client.upload(video, link)
    assert server.seen[0].headers["Content-Length"] == "0"
    assert "Transfer-Encoding" not in server.seen[0].headers


def test_of_a_growing_file_the_part_that_was_there_is_sent(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    before = video.read_bytes()

    def grow(sent_bytes: int, total_bytes: int) -> None:
        with video.open("ab") as file:
            file.write(b"more")

    client.upload(video, link, grow)
    assert server.seen[0].body == before


def test_a_file_that_becomes_shorter_is_told(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    def shrink(sent_bytes: int, total_bytes: int) -> None:
        with video.open("r+b") as file:
            file.truncate(sent_bytes)

    with pytest.raises(MediaError, match="became shorter during the upload"):
        client.upload(video, link, shrink)


def test_progress_may_cancel(client: VideoInferenceClient, video: Path, link: str) -> None:
    class Cancelled(Exception):
        pass

    def cancel(sent_bytes: int, total_bytes: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        client.upload(video, link, cancel)


def test_a_missing_file_stays_an_error_of_this_machine(client: VideoInferenceClient, tmp_path: Path, link: str) -> None:
    with pytest.raises(FileNotFoundError):
        client.upload(tmp_path / "gone.mp4", link)


def test_the_file_never_lies_in_memory(client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path) -> None:
    def swallow(handler: BaseHTTPRequestHandler) -> None:
        left_bytes = int(handler.headers["Content-Length"])
        while left_bytes:
            left_bytes -= len(handler.rfile.read1(1 << 16))
        answer()(handler)

    video = tmp_path / "large.mp4"
    with video.open("wb") as file:
        file.truncate(64 << 20)
    server.reads_bodies = False
    server.replies_with(swallow)
    tracemalloc.start()
    try:
        client.upload(video, server.url)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 << 20


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b""),
        (403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"),
        (410, b""),
        (400, b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"),
    ],
)
def test_a_link_that_is_over_is_told_apart(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str, status: int, body: bytes
) -> None:
    server.replies_with(answer(body, status=status, Content_Type="application/xml"))
    with pytest.raises(LinkExpired, match="request a new one") as caught:
        client.upload(video, link)
    assert "X-Goog" not in str(caught.value)


def test_another_bad_request_is_no_expired_link(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    server.replies_with(answer(b"<Error><Code>EntityTooLarge</Code></Error>", status=400))
    with pytest.raises(BadRequest):
        client.upload(video, link)


def test_a_refusal_before_the_body_is_read_is_heard(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path
) -> None:
    video = tmp_path / "large.mp4"
    with video.open("wb") as file:
        file.truncate(256 << 20)
    server.reads_bodies = False
    server.replies_with(answer({"error": "At most 1 GB."}, status=413))
    with pytest.raises(BadRequest, match=r"413 .* At most 1 GB"):
        client.upload(video, server.url)


def test_a_connection_reset_in_the_middle_is_told(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path
) -> None:
    video = tmp_path / "large.mp4"
    with video.open("wb") as file:
        file.truncate(256 << 20)
    server.reads_bodies = False
    server.replies_with(reset)
    with pytest.raises(ServiceUnreachable, match=r"Uploading the video failed: .*connection closed"):
        client.upload(video, server.url)
    assert len(server.seen) == 1


def test_a_storage_that_stops_reading_is_given_up(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path
) -> None:
    video = tmp_path / "large.mp4"
    with video.open("wb") as file:
        file.truncate(256 << 20)
    server.reads_bodies = False
    server.replies_with(silence(server))
    with pytest.raises(ServiceUnreachable, match="timed out"):
        client.upload(video, server.url)


def test_an_upload_is_not_repeated_here(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    server.replies_with(answer(status=503), answer())
    with pytest.raises(ServerError):
        client.upload(video, link)
    assert len(server.seen) == 1
