"""The URL probe: the kind of content is recognized from the first bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from frametally.network.url_probe import UrlReport, probe_url
from tests.support.video_files import write_video


@contextmanager
def serving(content: bytes, content_type: str, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A web server with one response, and the ranges requested from it."""
    requested: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested.append(self.headers.get("Range", ""))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:8192])

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/video", requested
        server.shutdown()
        thread.join()


def test_a_probe_requests_the_first_bytes_and_recognizes_a_video(small_video: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "square.mkv", frames=10, fps=10)
    write_video(tmp_path / "square.avi", frames=10, fps=10)
    write_video(tmp_path / "square.ts", frames=10, fps=10)
    for path in (small_video, *tmp_path.iterdir()):
        with serving(path.read_bytes(), "application/octet-stream") as (url, requested):
            assert probe_url(url, private_urls=True) == UrlReport(status=200, content="video")
        assert requested == ["bytes=0-4095"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "content"),
    [
        (b"<!DOCTYPE html><html>", "text/plain", 200, "page"),
        (b"anything", "text/html; charset=utf-8", 200, "page"),
        (b"{}", "application/json", 200, "other"),
        (b"", "video/mp4", 200, "other"),
        (b"<html>no</html>", "text/html", 404, "page"),
    ],
)
def test_a_probe_recognizes_what_is_not_a_video(body: bytes, content_type: str, status: int, content: str) -> None:
    with serving(body, content_type, status) as (url, _):
        report = probe_url(url, private_urls=True)
    assert (report.status, report.content, report.refusal) == (status, content, "")


def test_a_probe_refuses_private_addresses(small_video: Path) -> None:
    with serving(small_video.read_bytes(), "video/mp4") as (url, requested):
        report = probe_url(url, private_urls=False)
    assert "private" in report.refusal
    assert requested == []
    assert "connection refused" in probe_url("http://127.0.0.1:9/v.mp4", private_urls=True).refusal
    assert "not an http" in probe_url("file:///etc/passwd", private_urls=True).refusal
