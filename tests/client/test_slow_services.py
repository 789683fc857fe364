"""Responses that arrive byte by byte: no read of a socket times out, but the request ends all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import ServerError, ServiceUnreachable
from tests.support.clients import make_client
from tests.support.misbehaving import MisbehavingServer, dripping

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK", _HEAD], ids=["head", "body"])
def test_a_dripping_call_ends(server: MisbehavingServer, head: bytes) -> None:
    server.replies_with(dripping(server, head))
    with pytest.raises(ServiceUnreachable, match="timed out, as it sends too slowly"):
        make_client(server.url, call_limit_s=0.3).get_status("j1")


def test_an_error_with_a_dripping_body_is_reported_by_its_status(server: MisbehavingServer) -> None:
    server.replies_with(dripping(server, b"HTTP/1.1 500 No\r\n\r\n{"))
    with pytest.raises(ServerError, match="returned 500 Internal Server Error"):
        make_client(server.url, call_limit_s=0.3).get_status("j1")


@pytest.mark.parametrize("head", [_HEAD, _GZIP], ids=["plain", "gzip"])
def test_a_dripping_download_ends_without_a_file(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path, head: bytes
) -> None:
    server.replies_with(dripping(server, head))
    with pytest.raises(ServiceUnreachable, match="sends too slowly"):
        client.download_results(f"{server.url}/r", tmp_path / "r.json")
    assert list(tmp_path.iterdir()) == []


def test_an_upload_with_a_dripping_response_ends(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path
) -> None:
    video = tmp_path / "v.mp4"
    video.write_bytes(b"video")
    server.replies_with(dripping(server))
    with pytest.raises(ServiceUnreachable, match="sends too slowly"):
        client.upload(video, f"{server.url}/put")
