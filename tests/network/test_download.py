"""Downloads of public videos: what is refused at each hop, and what is stored."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import certifi
import pytest

from frametally.errors import MediaError
from frametally.network.addresses import is_public
from frametally.network.download import download
from tests.support.certificates import make_certificate, server_context
from tests.support.engine_jobs import run_here
from tests.support.engines import RunningEngine, StartEngine
from tests.support.misbehaving import MisbehavingServer, answer

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A small web server: `answers` by path, and the `hosts` of the requests."""

    def __init__(self) -> None:
        site = self
        self.answers: dict[str, Answer] = {}
        self.hosts: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.hosts.append(self.headers["Host"])
                site.answers[self.path](self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"


def sends(data: bytes, *, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(data)), **named}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def redirects(where: str) -> Answer:
    return sends(b"", status=302, Location=where)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    site.server.shutdown()
    thread.join()
    site.server.server_close()


@pytest.fixture
def public_names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Address by host name, used instead of DNS."""
    names: dict[str, str] = {}

    def look_up(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        address = names.get(host, host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return names


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses_are_distinguished(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]
)
def test_private_address_is_refused_in_every_notation(tmp_path: Path, host: str) -> None:
    with pytest.raises(MediaError, match="is a private address"):
        download(f"http://{host}:9/video.mp4", tmp_path / "video", max_bytes=100, private_urls=False)
    assert list(tmp_path.iterdir()) == []


def test_redirect_to_a_private_address_is_refused(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch, public_names: dict[str, str]
) -> None:
    monkeypatch.setattr(
        "frametally.network.addresses.is_public", lambda address: address == ipaddress.ip_address("127.0.0.1")
    )  # simulates the public internet
    site.answers["/video.mp4"] = redirects(f"http://inside.example:{site.port}/secret")
    site.answers["/secret"] = sends(b"secret")
    public_names.update({"outside.example": "127.0.0.1", "inside.example": "127.0.0.2"})
    with pytest.raises(MediaError, match=r"inside\.example is a private address"):
        download(f"http://outside.example:{site.port}/video.mp4", tmp_path / "video", max_bytes=100, private_urls=False)
    assert site.hosts == [f"outside.example:{site.port}"]


def test_connection_goes_to_the_checked_address(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def changing(host: str, *args: Any, **options: Any) -> Any:
        if host == "name.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "127.0.0.9"
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    site.answers["/video.mp4"] = sends(b"video")
    download(f"http://name.example:{site.port}/video.mp4", tmp_path / "video", max_bytes=100, private_urls=True)
    assert asked == ["name.example"]
    assert site.hosts == [f"name.example:{site.port}"]
    assert (tmp_path / "video").read_bytes() == b"video"


def test_redirects_are_followed(tmp_path: Path, site: Site) -> None:
    site.answers["/a"] = redirects("/b?c=1")
    site.answers["/b?c=1"] = redirects(f"{site.url}/video.mp4")
    site.answers["/video.mp4"] = sends(bytes(3_000_000))
    download(f"{site.url}/a", tmp_path / "video", max_bytes=3_000_000, private_urls=True)
    assert (tmp_path / "video").stat().st_size == 3_000_000


def test_chunked_body_is_downloaded(tmp_path: Path, site: Site) -> None:
    def chunks(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nvideo\r\n6\r\n-video\r\n0\r\n\r\n")

    site.answers["/video.mp4"] = chunks
    download(f"{site.url}/video.mp4", tmp_path / "video", max_bytes=100, private_urls=True)
    assert (tmp_path / "video").read_bytes() == b"video-video"


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (sends(b"gone", status=404), "returned 404, not the video"),
        (sends(b"<html>", Content_Type="text/html; charset=utf-8"), "returned a web page"),
        (sends(bytes(101)), "larger than the 100 bytes allowed"),
        (sends(b"half", Content_Length="90"), "response cut short"),
        (redirects("/video.mp4"), "too many redirects"),
        (redirects("file:///etc/passwd"), "not an http or https URL"),
        (redirects("http://["), "not an http or https URL"),
        (redirects("http://host]/"), "not an http or https URL"),
    ],
)
def test_response_without_a_video_leaves_no_file(tmp_path: Path, site: Site, answer: Answer, complaint: str) -> None:
    site.answers["/video.mp4"] = answer
    with pytest.raises(MediaError, match=complaint):
        download(f"{site.url}/video.mp4", tmp_path / "video", max_bytes=100, private_urls=True)
    assert list(tmp_path.iterdir()) == []


def test_slow_download_is_aborted(tmp_path: Path, site: Site) -> None:
    site.answers["/video.mp4"] = sends(b"video")
    with pytest.raises(MediaError, match="took too long"):
        download(f"{site.url}/video.mp4", tmp_path / "video", max_bytes=100, private_urls=True, max_s=0)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_server_that_sends_single_bytes_hits_the_deadline(tmp_path: Path, site: Site, head: bytes) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not over.wait(0.02):
            handler.wfile.write(b"x")

    site.answers["/video.mp4"] = drip
    try:
        with pytest.raises(MediaError, match="took too long"):
            download(f"{site.url}/video.mp4", tmp_path / "video", max_bytes=1 << 20, private_urls=True, max_s=0.3)
    finally:
        over.set()
    assert list(tmp_path.iterdir()) == []


def test_refused_connection_is_reported_without_the_url(tmp_path: Path, site: Site, free_port: int) -> None:
    with pytest.raises(MediaError, match=r"from 127\.0\.0\.1: connection refused") as refused:
        download(f"http://127.0.0.1:{free_port}/v.mp4?token=secret", tmp_path / "video", max_bytes=9, private_urls=True)
    assert "secret" not in str(refused.value)


def test_certificate_must_be_trusted_and_match_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path)
    with MisbehavingServer() as server:
        server.wrap(server_context(certificate))
        server.replies_with(answer(b"video"))
        url = f"https://localhost:{server.port}/video.mp4"
        with pytest.raises(MediaError, match="certificate not trusted"):
            download(url, tmp_path / "video", max_bytes=100, private_urls=True)
        monkeypatch.setattr(certifi, "where", lambda: str(certificate))
        with pytest.raises(MediaError, match="certificate not trusted"):
            download(url.replace("localhost", "127.0.0.1"), tmp_path / "video", max_bytes=100, private_urls=True)
        assert server.seen == []
        download(url, tmp_path / "video", max_bytes=100, private_urls=True)
    assert (tmp_path / "video").read_bytes() == b"video"


def test_job_reads_a_private_address_if_allowed(deaf_engine: RunningEngine, site: Site, small_video: Path) -> None:
    site.answers["/video.mp4"] = sends(small_video.read_bytes())
    job_id = deaf_engine.submit(f"{site.url}/video.mp4")
    run_here(deaf_engine, job_id, private_urls=True)
    assert len(deaf_engine.results(job_id)["motion"]) == 20


def test_job_for_a_private_address_fails_with_a_reason(start_engine: StartEngine, site: Site) -> None:
    engine = start_engine()
    report = engine.wait(engine.submit(f"{site.url}/video.mp4"))
    assert report.is_failed
    assert report.reason.startswith("127.0.0.1 is a private address")
    assert site.hosts == []
