"""URLs as a browser sends them: accents, IDN hosts, redirects in raw UTF-8, signed links with lower-case escapes."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametally.client.client import VideoInferenceClient
from frametally.errors import MediaError
from frametally.network.download import download
from frametally.network.url_encoding import decode_location, encode_url
from frametally.network.url_probe import probe_url
from frametally.network.urls import parse_service_url, parse_video_url
from frametally.notifications.webhook import post
from tests.support.ledgers import START
from tests.support.misbehaving import MisbehavingServer, answer, redirect


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("http://h/vidéo/café.mp4", "http://h/vid%C3%A9o/caf%C3%A9.mp4"),
        ("http://h/a b.mp4?q=ü ß&x='1'", "http://h/a%20b.mp4?q=%C3%BC%20%C3%9F&x=%271%27"),
        ("http://h/caf%c3%a9.mp4?sig=a%2fb%2Bc%7e", "http://h/caf%c3%a9.mp4?sig=a%2fb%2Bc%7e"),
        ("http://h/100%.mp4", "http://h/100%.mp4"),
        ("http://h/a|b[1]^{}.mp4", "http://h/a|b[1]%5E%7B%7D.mp4"),
        ("http://h\\v.mp4", "http://h/v.mp4"),
        ("http://h/v.mp4#t=10", "http://h/v.mp4"),
        ("  http://h/v.mp4\n", "http://h/v.mp4"),
        ("http://vidéo.example:8080/v.mp4", "http://xn--vido-dpa.example:8080/v.mp4"),
        ("http://VIDÉO.example/v.mp4", "http://xn--vido-dpa.example/v.mp4"),
        ("http://vid%C3%A9o.example/v.mp4", "http://xn--vido-dpa.example/v.mp4"),
        ("http://faß.de/v.mp4", "http://xn--fa-hia.de/v.mp4"),
        ("http://日本語。jp/映像.mp4", "http://xn--wgv71a119e.jp/%E6%98%A0%E5%83%8F.mp4"),
        ("http://☃.example/v.mp4", "http://xn--n3h.example/v.mp4"),
        ("http://１２７.0.0.1/v.mp4", "http://127.0.0.1/v.mp4"),
        ("http://my_bucket.host/v.mp4", "http://my_bucket.host/v.mp4"),
        ("http://[::1]:8080/é", "http://[::1]:8080/%C3%A9"),
    ],
)
def test_a_url_is_encoded_as_a_browser_encodes_it(typed: str, sent: str) -> None:
    assert parse_video_url(typed).geturl() == sent
    assert encode_url(sent) == sent


@pytest.mark.parametrize(
    "url", ["http://a%2Fb.example/v", "http://a%40b/v", "http://a%00b/v", "http://℀.example/v", "http://a b/v"]
)
def test_a_host_that_is_no_name_is_refused(url: str) -> None:
    with pytest.raises(MediaError, match="not an http or https URL"):
        parse_video_url(url)


@given(st.text(), st.text())
def test_any_path_and_query_become_ascii_and_stay_so(path: str, query: str) -> None:
    parts = parse_video_url(f"http://host/{path}?{query}")
    assert parts.hostname == "host"
    assert parts.geturl().isascii()
    assert parse_video_url(parts.geturl()) == parts


def test_a_service_url_may_have_an_idn_host() -> None:
    assert parse_service_url("https://Bücher.example/api/") == "https://xn--bcher-kva.example/api"


@pytest.mark.parametrize(
    ("sent", "location"),
    [
        ("/vidéo.mp4".encode(), "/vidéo.mp4"),
        (b"/caf%c3%a9.mp4?s=%2f", "/caf%c3%a9.mp4?s=%2f"),
        (b"/caf\xe9.mp4", "/caf%E9.mp4"),
    ],
)
def test_a_location_is_read_as_utf_8(sent: bytes, location: str) -> None:
    assert decode_location(sent.decode("latin-1")) == location


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The host names that were resolved, each to this machine."""
    names: list[str] = []
    look_up = socket.getaddrinfo

    def answer_locally(host: str, *args: Any, **options: Any) -> Any:
        names.append(host)
        return look_up("127.0.0.1", *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer_locally)
    return names


def raw(text: str) -> str:
    """A header whose bytes are the UTF-8 of the text."""
    return text.encode().decode("latin-1")


def test_a_download_asks_for_the_encoded_url_and_follows_a_redirect_in_raw_utf_8(
    server: MisbehavingServer, looked_up: list[str], tmp_path: Path
) -> None:
    signed = "/caf%c3%a9.mp4?sig=a%2fb%7e"
    server.replies_with(
        redirect(raw("/été/vidéo.mp4"), 302),
        redirect(raw(f"http://bücher.example:{server.port}{signed}"), 302),
        answer(b"video"),
    )
    download(f"http://vidéo.example:{server.port}/clé.mp4", tmp_path / "v", max_bytes=100, private_urls=True)
    assert [seen.target for seen in server.seen] == ["/cl%C3%A9.mp4", "/%C3%A9t%C3%A9/vid%C3%A9o.mp4", signed]
    assert [seen.headers["Host"].partition(":")[0] for seen in server.seen] == [
        *["xn--vido-dpa.example"] * 2,
        "xn--bcher-kva.example",
    ]
    assert set(looked_up) - {"127.0.0.1"} == {"xn--vido-dpa.example", "xn--bcher-kva.example"}


@pytest.mark.parametrize("host", ["vidéo.example", "１２７.0.0.1"])
def test_the_link_guard_checks_the_encoded_host(
    server: MisbehavingServer, looked_up: list[str], tmp_path: Path, host: str
) -> None:
    with pytest.raises(MediaError, match="is a private address"):
        download(f"http://{host}:{server.port}/v.mp4", tmp_path / "v", max_bytes=100, private_urls=False)
    assert server.seen == []
    assert all(name.isascii() for name in looked_up)


def test_probes_and_webhooks_keep_escapes_as_they_are(server: MisbehavingServer) -> None:
    server.replies_with(answer(b"\x1a\x45\xdf\xa3"))
    assert probe_url(f"{server.url}/caf%c3%a9.mkv?s=%2f", private_urls=True).content == "video"
    post(f"{server.url}/hooks/é%2f", {"id": "1"}, secret=None, private_urls=True, now=START)
    assert [seen.target for seen in server.seen] == ["/caf%c3%a9.mkv?s=%2f", "/hooks/%C3%A9%2f"]


def test_signed_links_of_a_service_keep_their_escapes(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path
) -> None:
    link = "/r%c3%a9sultats.json?X-Goog-Signature=%2fab%7e&d=%7E"
    (tmp_path / "v").write_bytes(b"video")
    server.replies_with(answer(), redirect(raw("/é.json?s=%c3"), 302), answer({}))
    client.upload(tmp_path / "v", server.url + link)
    client.download_results(server.url + link, tmp_path / "r.json")
    assert [seen.target for seen in server.seen] == [link, link, "/%C3%A9.json?s=%c3"]
