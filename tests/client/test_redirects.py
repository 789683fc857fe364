"""Redirects: a request with the key stays at its origin, a signed link may lead elsewhere without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import BadRequest
from frametally.network.urls import is_same_service, split_url
from tests.support.clients import KEY
from tests.support.misbehaving import MisbehavingServer, answer, redirect


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("location", ["/video_upload_signed_url", "/video_upload_signed_url?api_key=mangled&next=1"])
def test_redirect_within_the_service_repeats_the_request(
    client: VideoInferenceClient, server: MisbehavingServer, status: int, location: str
) -> None:
    server.replies_with(redirect(location, status), answer({"signed_url": "https://storage/x"}))
    assert client.request_upload_url("a.mp4") == "https://storage/x"
    again = server.seen[1]
    assert (again.method, again.path, again.query) == ("POST", "/video_upload_signed_url", {"api_key": [KEY]})
    assert json.loads(again.body) == {"file_name": "a.mp4"}


def test_redirected_status_request_keeps_its_job_id(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(redirect("/videoinfer"), answer({"status": 1}))
    client.get_status("j1")
    assert server.seen[1].query == {"api_key": [KEY], "job_id": ["j1"]}


def test_redirect_loop_ends(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(redirect("/videoinfer/"))
    with pytest.raises(BadRequest, match="too many redirects"):
        client.get_status("j1")
    assert len(server.seen) == 4


def test_redirect_to_another_host_does_not_get_the_key(
    client: VideoInferenceClient, server: MisbehavingServer, other_server: MisbehavingServer
) -> None:
    server.replies_with(redirect(f"{other_server.url}/?api_key={KEY}"))
    with pytest.raises(BadRequest, match=r"redirects to 127.0.0.1, which is not followed") as caught:
        client.open_workspace()
    assert KEY not in str(caught.value)
    assert other_server.seen == []


@pytest.mark.parametrize("location", ["http://[bad", "ftp://127.0.0.1/", "file:///etc/passwd", "javascript:x"])
def test_redirect_to_another_scheme_is_refused(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path, location: str
) -> None:
    server.replies_with(redirect(location))
    with pytest.raises(BadRequest, match="which is not followed"):
        client.get_status("j1")
    with pytest.raises(BadRequest, match="which is not followed"):
        client.download_results(f"{server.url}/r", tmp_path / "r.json")


def test_see_other_is_refused_for_a_post(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(redirect("/videoinfer/", 303))
    with pytest.raises(BadRequest):
        client.start_job(input_url="https://host/v.mp4", infer_fps=1, models=[])
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("origin", "target", "same"),
    [
        ("http://a", "http://a:80/x", True),
        ("https://a:443", "https://a/x", True),
        ("http://a", "https://a/x", True),
        ("http://A", "http://a/x", True),
        ("https://a", "http://a/x", False),
        ("http://a", "http://a:81/x", False),
        ("http://a", "http://b/x", False),
        ("http://a", "http://a@b/x", False),
        ("http://a", "http://a.b/x", False),
    ],
)
def test_same_service_is_the_same_origin_or_its_https_upgrade(origin: str, target: str, same: bool) -> None:
    assert is_same_service(split_url(origin), split_url(target)) is same


def test_redirected_results_are_downloaded_without_the_key(
    client: VideoInferenceClient, server: MisbehavingServer, other_server: MisbehavingServer, tmp_path: Path
) -> None:
    server.replies_with(redirect(f"{other_server.url}/real?sig=2", 302))
    other_server.replies_with(answer({"frame_offset": []}))
    client.download_results(f"{server.url}/r?sig=1", tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text()) == {"frame_offset": []}
    assert other_server.seen[0].target == "/real?sig=2"
    assert not any(request.holds(KEY) for request in server.seen + other_server.seen)


def test_redirected_upload_is_refused(
    client: VideoInferenceClient, server: MisbehavingServer, other_server: MisbehavingServer, tmp_path: Path
) -> None:
    video = tmp_path / "v.mp4"
    video.write_bytes(b"video")
    server.replies_with(redirect(other_server.url))
    with pytest.raises(BadRequest, match="which is not followed"):
        client.upload(video, f"{server.url}/put?sig=1")
    assert other_server.seen == []
