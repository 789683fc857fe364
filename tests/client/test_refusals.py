"""Error responses: each maps to the most specific error, with a next step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import (
    BadRequest,
    InvalidResponse,
    RateLimited,
    ServerError,
    ServiceError,
    ServiceUnreachable,
    Unauthorized,
)
from tests.support.clients import KEY
from tests.support.misbehaving import MisbehavingServer, answer, cut_chunks, cut_short


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, BadRequest),
        (400, BadRequest),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, BadRequest),
        (408, ServerError),
        (418, BadRequest),
        (429, RateLimited),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
    ],
)
def test_each_status_maps_to_an_error(
    client: VideoInferenceClient, server: MisbehavingServer, status: int, kind: type[ServiceError]
) -> None:
    server.replies_with(answer({"error": "No."}, status=status))
    with pytest.raises(kind, match=f"Checking the job status failed: 127.0.0.1 returned {status}"):
        client.get_status("j1")


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        ({"error": "No such model."}, "No such model."),
        ({"message": "No such model"}, "No such model."),
        ({"error": {"message": "No such model.", "status": 404}}, "No such model."),
        ({"error": "not_found", "message": "No such model."}, "not_found. No such model."),
        ({"error": "x" * 1000}, "x" * 300 + "…"),
        ({"error": "two\r\n\tlines"}, "two lines."),
    ],
)
def test_message_of_the_service_is_quoted_and_shortened(
    client: VideoInferenceClient, server: MisbehavingServer, body: object, quoted: str
) -> None:
    server.replies_with(answer(body, status=400))
    with pytest.raises(BadRequest) as caught:
        client.get_status("j1")
    assert f"returned 400 Bad Request: {quoted}" in caught.value.what


@pytest.mark.parametrize("body", [b"", b"<html>Oops</html>", b"[1]", b'{"error": 7}', b'"\xff"', b"[" * 60_000])
def test_error_without_a_message_shows_the_status(
    client: VideoInferenceClient, server: MisbehavingServer, body: bytes
) -> None:
    server.replies_with(answer(body, status=400))
    with pytest.raises(BadRequest) as caught:
        client.get_status("j1")
    assert caught.value.what.endswith("returned 400 Bad Request.")


def test_error_with_a_truncated_body_keeps_its_status(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(b"{", status=401, Content_Length="99"))
    with pytest.raises(Unauthorized):
        client.get_status("j1")


def test_retry_after_of_429_is_read_in_seconds(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=429, Retry_After="90"))
    with pytest.raises(RateLimited, match="Try again in 90 s") as caught:
        client.get_status("j1")
    assert caught.value.retry_after_s == 90


def test_retry_after_of_503_is_read(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=503, Retry_After="120"))
    with pytest.raises(ServerError) as caught:
        client.get_status("j1")
    assert caught.value.retry_after_s == 120


def test_retry_after_is_read_as_a_date(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    server.replies_with(answer(status=429, Retry_After=moment))
    with pytest.raises(RateLimited) as caught:
        client.get_status("j1")
    assert caught.value.retry_after_s is not None
    assert 50 < caught.value.retry_after_s <= 100


@pytest.mark.parametrize(
    ("header", "retry_after_s"),
    [
        ("0.25", 0.25),
        ("-5", 0),
        ("inf", 3600),
        ("99999999", 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("nan", None),
        ("soon", None),
    ],
)
def test_unusual_retry_after_is_clamped_to_an_hour_or_ignored(
    client: VideoInferenceClient, server: MisbehavingServer, header: str, retry_after_s: float | None
) -> None:
    server.replies_with(answer({"status": 1}, Retry_After=header))
    assert client.get_status("j1").retry_after_s == retry_after_s


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"workspace": 7}',
        b'{"workspace": null}',
        b"{}",
        b'{"workspace": "\xff"}',
        b'{"workspace": ' + b"[" * 60_000,
    ],
)
def test_json_outside_the_contract_is_an_invalid_response(
    client: VideoInferenceClient, server: MisbehavingServer, body: bytes
) -> None:
    server.replies_with(answer(body, Content_Type="application/json"))
    with pytest.raises(InvalidResponse, match=r"unexpected response \([\d,]+ bytes .* application/json"):
        client.open_workspace()


def test_html_response_is_invalid_and_not_quoted(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(b"<html>Please log in</html>", Content_Type="text/html; charset=utf-8"))
    with pytest.raises(
        InvalidResponse, match=r"unexpected response \(26 bytes that do not match the API, text/html"
    ) as it:
        client.open_workspace()
    assert "log in" not in str(it.value)
    assert len(server.seen) == 1


def test_huge_json_is_not_read_completely(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(b'{"workspace": "' + b"x" * (5 << 20) + b'"}'))
    with pytest.raises(InvalidResponse, match="more than 1,048,576 bytes"):
        client.open_workspace()


@pytest.mark.parametrize("reply", [cut_short(b'{"status": 1}', promised_bytes=99), cut_chunks(b'{"status": 1}')])
def test_truncated_response_is_reported_as_unreachable(
    client: VideoInferenceClient, server: MisbehavingServer, reply: object
) -> None:
    server.replies = [reply]  # type: ignore[list-item]
    with pytest.raises(ServiceUnreachable, match="response cut short"):
        client.get_status("j1")


@pytest.mark.parametrize("body", [{"signed_url": ""}, {"message": "later"}])
def test_response_without_a_link_is_invalid(
    client: VideoInferenceClient, server: MisbehavingServer, body: object
) -> None:
    server.replies_with(answer(body))
    with pytest.raises(InvalidResponse, match="no link"):
        client.request_upload_url("a.mp4")


def test_response_without_a_job_id_is_invalid(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"job_id": ""}))
    with pytest.raises(InvalidResponse, match="no job id"):
        client.start_job(input_url="https://host/v.mp4", infer_fps=1, models=[])


def test_service_without_a_model_list_has_no_models(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(b"<html>Not found</html>", status=404))
    assert client.list_models() == []


def test_unauthorized_model_list_raises(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=401))
    with pytest.raises(Unauthorized):
        client.list_models()
    assert server.seen[0].query["api_key"] == [KEY]


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b'{"error": "internal secret"}', {}), (b'{"error": "internal secret"}', {"Content_Type": "text/html"})],
    ids=["no type", "HTML"],
)
def test_an_error_that_is_not_json_is_not_quoted(
    client: VideoInferenceClient, server: MisbehavingServer, body: bytes, headers: dict[str, str]
) -> None:
    server.replies_with(answer(body, status=400, **headers))
    with pytest.raises(BadRequest) as refused:
        client.get_status("j1")
    assert "secret" not in str(refused.value)


def test_an_error_of_another_server_at_a_link_is_not_quoted(
    client: VideoInferenceClient, other_server: MisbehavingServer, tmp_path: Path
) -> None:
    other_server.replies_with(answer({"error": "internal secret"}, status=404))
    with pytest.raises(BadRequest) as refused:
        client.download_results(f"{other_server.url}/r", tmp_path / "r.json")
    assert "secret" not in str(refused.value)


def test_a_long_link_or_id_is_not_stored(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": 0, "output_signed_url": "http://x/" + "a" * 9000, "job_id": "a" * 9000}))
    with pytest.raises(InvalidResponse, match="the link of the response is too long"):
        client.get_status("j1")
    with pytest.raises(InvalidResponse, match="the job id of the response is too long"):
        client.start_job(input_url="http://x/v", infer_fps=5, models=[])
