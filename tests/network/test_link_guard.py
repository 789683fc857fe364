"""Where the links of a service may lead, and that the embedded engine is called without proxies."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import BadRequest, ServiceUnreachable
from frametally.network.certificates import fingerprint_of
from tests.support.certificates import make_certificate, server_context
from tests.support.clients import KEY, make_client
from tests.support.misbehaving import MisbehavingServer, answer, redirect


@pytest.fixture
def inside() -> Iterator[MisbehavingServer]:
    """A server in the private network."""
    with MisbehavingServer("127.0.0.2") as server:
        server.replies_with(answer({"secret": "role-token"}))
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Addresses of successive lookups by host name; the last one repeats."""
    known: dict[str, list[str]] = {}
    look_up = socket.getaddrinfo

    def answer(host: Any, *args: Any, **options: Any) -> Any:
        addresses = known.get(host, [host])
        return look_up(addresses.pop(0) if len(addresses) > 1 else addresses[0], *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return known


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 counts as public."""
    monkeypatch.setattr(
        "frametally.network.addresses.is_public", lambda address: address == ipaddress.ip_address("127.0.0.1")
    )


@pytest.mark.usefixtures("public")
def test_private_results_link_of_a_public_service_is_refused(
    client: VideoInferenceClient, inside: MisbehavingServer, tmp_path: Path
) -> None:
    with pytest.raises(BadRequest, match=r"leads to 127\.0\.0\.2, a private address") as refused:
        client.download_results(f"{inside.url}/latest/meta-data?sig=1", tmp_path / "r.json")
    assert "private address as the service URL" in refused.value.next_step
    assert "sig=1" not in str(refused.value)
    assert (inside.seen, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.usefixtures("public")
def test_private_upload_link_of_a_public_service_is_refused(
    client: VideoInferenceClient, inside: MisbehavingServer, tmp_path: Path
) -> None:
    video = tmp_path / "v.mp4"
    video.write_bytes(b"video")
    with pytest.raises(BadRequest, match="a private address"):
        client.upload(video, f"{inside.url}/put")
    assert inside.seen == []


@pytest.mark.usefixtures("public")
def test_redirect_into_the_private_network_is_refused(
    client: VideoInferenceClient,
    other_server: MisbehavingServer,
    inside: MisbehavingServer,
    names: dict[str, list[str]],
    tmp_path: Path,
) -> None:
    names["inside.example"] = ["127.0.0.2"]
    other_server.replies_with(redirect(f"http://inside.example:{inside.port}/secret", 302))
    with pytest.raises(BadRequest, match=r"leads to inside\.example, a private address"):
        client.download_results(f"{other_server.url}/r", tmp_path / "r.json")
    assert (len(other_server.seen), inside.seen) == (1, [])


@pytest.mark.usefixtures("public")
def test_public_service_may_link_to_another_public_host(
    client: VideoInferenceClient, other_server: MisbehavingServer, names: dict[str, list[str]], tmp_path: Path
) -> None:
    names["storage.example"] = ["127.0.0.1"]
    other_server.replies_with(answer({"frame_offset": []}))
    client.download_results(f"http://storage.example:{other_server.port}/r", tmp_path / "r.json")
    assert other_server.seen[0].headers["Host"] == f"storage.example:{other_server.port}"
    assert (tmp_path / "r.json").exists()


def test_private_service_may_link_anywhere(
    client: VideoInferenceClient, inside: MisbehavingServer, tmp_path: Path
) -> None:
    client.download_results(f"{inside.url}/r", tmp_path / "r.json")
    assert (tmp_path / "r.json").exists()


@pytest.mark.usefixtures("public")
def test_connection_uses_the_checked_address_after_a_dns_change(
    client: VideoInferenceClient, other_server: MisbehavingServer, names: dict[str, list[str]], tmp_path: Path
) -> None:
    names["storage.example"] = ["127.0.0.1", "127.0.0.2"]
    other_server.replies_with(answer({"frame_offset": []}))
    client.download_results(f"http://storage.example:{other_server.port}/r", tmp_path / "r.json")
    assert len(other_server.seen) == 1
    assert names["storage.example"] == ["127.0.0.2"]  # the second lookup was not made


@pytest.mark.usefixtures("public")
def test_public_service_stays_public_after_a_dns_change(
    server: MisbehavingServer, inside: MisbehavingServer, names: dict[str, list[str]], tmp_path: Path
) -> None:
    names["service.example"] = ["127.0.0.1", "127.0.0.2"]
    client = make_client(f"http://service.example:{server.port}")
    server.replies_with(answer({"status": 0, "output_signed_url": f"{inside.url}/secret"}))
    link = client.get_status("j1").report.output_signed_url
    assert link
    with pytest.raises(BadRequest, match="a private address"):
        client.download_results(link, tmp_path / "r.json")
    assert inside.seen == []


def test_next_address_of_a_name_is_tried(server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def two(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        hosts = ["127.0.0.3", "127.0.0.1"] if host == "service.example" else [host]
        return [found for one in hosts for found in look_up(one, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    server.replies_with(answer({"workspace": "acme"}))
    assert make_client(f"http://service.example:{server.port}").open_workspace() == "acme"


@pytest.mark.usefixtures("public")
def test_private_link_is_refused_behind_a_proxy(
    other_server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTP_PROXY", other_server.url)
    monkeypatch.setenv("NO_PROXY", "")
    other_server.replies_with(answer({"frame_offset": []}))
    client = make_client("http://frametally.invalid")
    with pytest.raises(BadRequest, match=r"leads to 192\.168\.0\.1, a private address"):
        client.download_results("http://192.168.0.1/r", tmp_path / "r.json")
    assert other_server.seen == []
    client.download_results("http://storage.invalid/r", tmp_path / "r.json")
    assert [request.target for request in other_server.seen] == ["http://storage.invalid/r"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_local_service_is_called_without_a_proxy(
    server: MisbehavingServer, other_server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", other_server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server.replies_with(answer({"workspace": "acme"}))
    assert make_client(f"http://{host}:{server.port}").open_workspace() == "acme"
    assert other_server.seen == []


def test_embedded_engine_is_called_without_a_proxy(
    server: MisbehavingServer,
    other_server: MisbehavingServer,
    names: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", other_server.url)
    monkeypatch.setenv("NO_PROXY", "")
    names["box.example"] = ["127.0.0.1"]
    server.replies_with(answer({"workspace": "acme"}))
    client = VideoInferenceClient(f"http://box.example:{server.port}", KEY, is_embedded=True)
    assert client.open_workspace() == "acme"
    assert other_server.seen == []


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two self-signed certificates for another host name."""
    folder = tmp_path_factory.mktemp("certificates")
    ours, theirs = (make_certificate(folder, host="dashboard.example", name=name) for name in ("ours", "theirs"))
    return ours, theirs


def test_embedded_engine_is_recognized_by_its_certificate(certificates: tuple[Path, Path]) -> None:
    ours, theirs = certificates
    with MisbehavingServer() as server:
        server.wrap(server_context(ours))
        server.replies_with(answer({"workspace": "acme"}))
        url = f"https://127.0.0.1:{server.port}"
        embedded = VideoInferenceClient(url, KEY, is_embedded=True, certificate_sha256=fingerprint_of(ours))
        assert embedded.open_workspace() == "acme"
        mistaken = VideoInferenceClient(
            url, KEY, is_embedded=True, certificate_sha256=fingerprint_of(theirs), sleep=lambda _: None
        )
        with pytest.raises(ServiceUnreachable, match="TLS error"):
            mistaken.open_workspace()
        with pytest.raises(ServiceUnreachable, match="certificate not trusted"):
            make_client(url).open_workspace()
        assert len(server.seen) == 1


def test_a_service_that_a_user_entered_must_be_public(server: MisbehavingServer, names: dict[str, list[str]]) -> None:
    names["inside.example"] = ["127.0.0.1"]
    client = VideoInferenceClient(f"http://inside.example:{server.port}", KEY, must_be_public=True)
    with pytest.raises(BadRequest, match=r"inside\.example is a private address"):
        client.open_workspace()
    assert server.seen == []


@pytest.mark.usefixtures("public")
def test_a_public_service_that_a_user_entered_is_called_at_its_public_address(
    server: MisbehavingServer, names: dict[str, list[str]]
) -> None:
    names["service.example"] = ["127.0.0.1"]
    server.replies_with(answer({"workspace": "acme"}))
    client = VideoInferenceClient(f"http://service.example:{server.port}", KEY, must_be_public=True)
    assert client.open_workspace() == "acme"
