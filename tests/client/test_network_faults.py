"""Failures without a response: described by their cause, retried only where that is safe."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import RateLimited, ServerError, ServiceUnreachable, Unauthorized
from tests.support.clients import KEY, make_client
from tests.support.misbehaving import MisbehavingServer, answer, reset, silence


def test_silent_service_times_out(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(silence(server))
    with pytest.raises(ServiceUnreachable, match="timed out"):
        client.get_status("j1")


def test_reset_connection_is_reported(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(reset)
    with pytest.raises(ServiceUnreachable, match="connection closed"):
        client.get_status("j1")


def test_closed_port_is_reported(free_port: int) -> None:
    with pytest.raises(ServiceUnreachable, match=r"could not connect to 127\.0\.0\.1: connection refused"):
        make_client(f"http://127.0.0.1:{free_port}").get_status("j1")


def test_unknown_host_is_reported() -> None:
    with pytest.raises(ServiceUnreachable, match=r"frametally\.invalid: name not found"):
        make_client("http://frametally.invalid").get_status("j1")


def test_service_without_tls_is_reported(server: MisbehavingServer) -> None:
    server.reads_bodies = False
    with pytest.raises(ServiceUnreachable, match="TLS error"):
        make_client(server.url.replace("http:", "https:")).get_status("j1")


@pytest.mark.parametrize(
    "url", ["http://", "http://a..b", "ftp://host", "http://[::1", "http://host:99999", "nonsense"]
)
def test_invalid_address_is_reported(url: str) -> None:
    with pytest.raises(ServiceUnreachable, match="invalid address"):
        make_client(url).get_status("j1")


def test_failing_proxy_is_reported(
    client: VideoInferenceClient, other_server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_server.replies_with(answer(status=502))
    monkeypatch.setenv("HTTPS_PROXY", other_server.url)
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(ServiceUnreachable, match="proxy error"):
        make_client("https://frametally.invalid").get_status("j1")
    assert not any(request.holds(KEY) for request in other_server.seen)


def test_safe_requests_are_tried_three_times(
    client: VideoInferenceClient, server: MisbehavingServer, waits_s: list[float]
) -> None:
    server.replies_with(answer(status=500), reset, answer({"workspace": "acme"}))
    assert client.open_workspace() == "acme"
    assert len(server.seen) == 3
    assert 0.4 <= waits_s[0] <= 0.5 < 1.6 <= waits_s[1] <= 2.0


def test_last_error_is_raised_after_three_attempts(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=500), answer(status=500), answer(status=503))
    with pytest.raises(ServerError, match="503 Service Unavailable"):
        client.request_upload_url("a.mp4")
    assert len(server.seen) == 3


def test_requests_without_retries_fail_on_the_first_error(
    client: VideoInferenceClient, server: MisbehavingServer, waits_s: list[float]
) -> None:
    server.replies_with(answer(status=503), answer({"workspace": "acme", "models": []}))
    with pytest.raises(ServerError):
        client.open_workspace(retry=False)
    server.replies_with(answer(status=503), answer({"workspace": "acme", "models": []}))
    with pytest.raises(ServerError):
        client.list_models(retry=False)
    assert (waits_s, len(server.seen)) == ([], 2)


def test_unauthorized_request_is_not_retried(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=401))
    with pytest.raises(Unauthorized):
        client.open_workspace()
    assert len(server.seen) == 1


def test_short_retry_after_is_waited_for(
    client: VideoInferenceClient, server: MisbehavingServer, waits_s: list[float]
) -> None:
    server.replies_with(answer(status=429, Retry_After="3"), answer({"workspace": "acme"}))
    assert client.open_workspace() == "acme"
    assert waits_s == [3]


def test_long_retry_after_is_left_to_the_caller(
    client: VideoInferenceClient, server: MisbehavingServer, waits_s: list[float]
) -> None:
    server.replies_with(answer(status=429, Retry_After="60"))
    with pytest.raises(RateLimited):
        client.open_workspace()
    assert (waits_s, len(server.seen)) == ([], 1)


def test_start_request_is_not_retried(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(reset, answer({"job_id": "j2"}))
    with pytest.raises(ServiceUnreachable):
        client.start_job(input_url="https://host/v.mp4", infer_fps=1, models=[])
    assert len(server.seen) == 1


def test_status_request_is_not_retried(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=500), answer({"status": 0}))
    with pytest.raises(ServerError):
        client.get_status("j1")
    assert len(server.seen) == 1


def test_netrc_is_not_used(
    client: VideoInferenceClient, server: MisbehavingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.replies_with(answer({"workspace": "acme"}))
    client.open_workspace()
    assert "Authorization" not in server.seen[0].headers


def test_proxy_of_the_environment_is_used(other_server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", other_server.url)
    monkeypatch.setenv("NO_PROXY", "")
    other_server.replies_with(answer({"workspace": "acme"}))
    assert make_client("http://frametally.invalid").open_workspace() == "acme"
