"""The PUT to a signed link: streamed with a fixed length, without the key."""

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


def test_upload_has_type_and_length_and_no_key(
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


def test_progress_is_reported_per_block(client: VideoInferenceClient, video: Path, link: str) -> None:
    reported: list[tuple[int, int]] = []
    client.upload(video, link, lambda sent_bytes, total_bytes: reported.append((sent_bytes, total_bytes)))
    assert reported == [(count * BLOCK_BYTES, 1 << 20) for count in (1, 2, 3, 4)]


def test_empty_file_is_sent(client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str) -> None:
    video.write_bytes(b"")
    client.upload(video, link)
    assert server.seen[0].headers["Content-Length"] == "0"
    assert "Transfer-Encoding" not in server.seen[0].headers


def test_growing_file_is_sent_up_to_its_initial_size(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    before = video.read_bytes()

    def grow(sent_bytes: int, total_bytes: int) -> None:
        with video.open("ab") as file:
            file.write(b"more")

    client.upload(video, link, grow)
    assert server.seen[0].body == before


def test_shrinking_file_is_reported(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    def shrink(sent_bytes: int, total_bytes: int) -> None:
        with video.open("r+b") as file:
            file.truncate(sent_bytes)

    with pytest.raises(MediaError, match="became shorter during the upload"):
        client.upload(video, link, shrink)


def test_progress_callback_can_cancel(client: VideoInferenceClient, video: Path, link: str) -> None:
    class Canceled(Exception):
        pass

    def cancel(sent_bytes: int, total_bytes: int) -> None:
        raise Canceled

    with pytest.raises(Canceled):
        client.upload(video, link, cancel)


def test_missing_file_is_an_os_error(client: VideoInferenceClient, tmp_path: Path, link: str) -> None:
    with pytest.raises(FileNotFoundError):
        client.upload(tmp_path / "gone.mp4", link)


def test_upload_uses_constant_memory(client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path) -> None:
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
def test_expired_link_has_its_own_error(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str, status: int, body: bytes
) -> None:
    server.replies_with(answer(body, status=status, Content_Type="application/xml"))
    with pytest.raises(LinkExpired, match="request a new one") as caught:
        client.upload(video, link)
    assert "X-Goog" not in str(caught.value)


def test_other_bad_request_is_not_an_expired_link(
    client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str
) -> None:
    server.replies_with(answer(b"<Error><Code>EntityTooLarge</Code></Error>", status=400))
    with pytest.raises(BadRequest):
        client.upload(video, link)


def test_error_before_the_body_is_read_is_reported(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path
) -> None:
    video = tmp_path / "large.mp4"
    with video.open("wb") as file:
        file.truncate(256 << 20)
    server.reads_bodies = False
    server.replies_with(answer({"error": "At most 1 GB."}, status=413))
    with pytest.raises(BadRequest, match=r"413 .* At most 1 GB"):
        client.upload(video, server.url)


def test_connection_reset_during_the_upload_is_reported(
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


def test_stalled_upload_times_out(client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path) -> None:
    video = tmp_path / "large.mp4"
    with video.open("wb") as file:
        file.truncate(256 << 20)
    server.reads_bodies = False
    server.replies_with(silence(server))
    with pytest.raises(ServiceUnreachable, match="timed out"):
        client.upload(video, server.url)


def test_upload_is_not_retried(client: VideoInferenceClient, server: MisbehavingServer, video: Path, link: str) -> None:
    server.replies_with(answer(status=503), answer())
    with pytest.raises(ServerError):
        client.upload(video, link)
    assert len(server.seen) == 1
