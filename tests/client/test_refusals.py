"""Answers that are not the one asked for: each becomes the most specific error, which says what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

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
def test_each_status_becomes_its_own_error(
    client: VideoInferenceClient, server: MisbehavingServer, status: int, kind: type[ServiceError]
) -> None:
    server.replies_with(answer({"error": "No."}, status=status))
    with pytest.raises(kind, match=f"Checking the job status failed: 127.0.0.1 returned {status}"):
        client.get_status("j1")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": "No such model."}, "No such model."),
        ({"message": "No such model"}, "No such model."),
        ({"error": {"message": "No such model.", "status": 404}}, "No such model."),
        ({"error": "not_found", "message": "No such model."}, "not_found. No such model."),
        ({"error": "x" * 1000}, "x" * 300 + "…"),
        ({"error": "two\r\n\tlines"}, "two lines."),
    ],
)
def test_what_the_service_says_itself_is_told_in_short(
    client: VideoInferenceClient, server: MisbehavingServer, body: object, said: str
) -> None:
    server.replies_with(answer(body, status=400))
    with pytest.raises(BadRequest) as caught:
        client.get_status("j1")
    assert f"returned 400 Bad Request: {said}" in caught.value.what


@pytest.mark.parametrize("body", [b"", b"<html>Oops</html>", b"[1]", b'{"error": 7}', b'"\xff"', b"[" * 60_000])
def test_a_refusal_without_words_says_the_status(
    client: VideoInferenceClient, server: MisbehavingServer, body: bytes
) -> None:
    server.replies_with(answer(body, status=400))
    with pytest.raises(BadRequest) as caught:
        client.get_status("j1")
    assert caught.value.what == "Checking the job status failed: 127.0.0.1 returned 400 Bad Request."


def test_a_refusal_whose_body_is_cut_still_tells_its_status(
    client: VideoInferenceClient, server: MisbehavingServer
) -> None:
    server.replies_with(answer(b"{", status=401, Content_Length="99"))
    with pytest.raises(Unauthorized):
        client.get_status("j1")


def test_a_busy_service_names_the_seconds_to_wait(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=429, Retry_After="90"))
    with pytest.raises(RateLimited, match="Try again in 90 s") as caught:
        client.get_status("j1")
    assert caught.value.retry_after_s == 90


def test_a_broken_service_may_name_the_seconds_to_wait(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=503, Retry_After="120"))
    with pytest.raises(ServerError) as caught:
        client.get_status("j1")
    assert caught.value.retry_after_s == 120


def test_a_busy_service_names_the_time_to_wait_for(client: VideoInferenceClient, server: MisbehavingServer) -> None:
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
def test_an_odd_time_to_wait_is_kept_within_an_hour(
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
def test_json_that_is_not_the_contract_is_unreadable(
    client: VideoInferenceClient, server: MisbehavingServer, body: bytes
) -> None:
    server.replies_with(answer(body, Content_Type="application/json"))
    with pytest.raises(InvalidResponse, match=r"unexpected response \([\d,]+ bytes .* application/json"):
        client.open_workspace()


def test_html_instead_of_json_is_named_and_not_repeated(
    client: VideoInferenceClient, server: MisbehavingServer
) -> None:
    server.replies_with(answer(b"<html>Please log in</html>", Content_Type="text/html; charset=utf-8"))
    with pytest.raises(
        InvalidResponse, match=r"unexpected response \(26 bytes that do not match the API, text/html"
    ) as it:
        client.open_workspace()
    assert "log in" not in str(it.value)
    assert len(server.seen) == 1


def test_huge_json_is_not_read_to_its_end(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(b'{"workspace": "' + b"x" * (5 << 20) + b'"}'))
    with pytest.raises(InvalidResponse, match="more than 4,194,304 bytes"):
        client.open_workspace()


@pytest.mark.parametrize("reply", [cut_short(b'{"status": 1}', promised_bytes=99), cut_chunks(b'{"status": 1}')])
def test_an_answer_cut_short_is_no_answer(
    client: VideoInferenceClient, server: MisbehavingServer, reply: object
) -> None:
    server.replies = [reply]  # type: ignore[list-item]
    with pytest.raises(ServiceUnreachable, match="response cut short"):
        client.get_status("j1")


@pytest.mark.parametrize("body", [{"signed_url": ""}, {"message": "later"}])
def test_an_answer_without_a_link_is_unreadable(
    client: VideoInferenceClient, server: MisbehavingServer, body: object
) -> None:
    server.replies_with(answer(body))
    with pytest.raises(InvalidResponse, match="no link"):
        client.request_upload_url("a.mp4")


def test_an_answer_without_a_job_id_is_unreadable(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"job_id": ""}))
    with pytest.raises(InvalidResponse, match="no job id"):
        client.start_job(input_url="https://host/v.mp4", infer_fps=1, models=[])


def test_a_service_without_a_list_of_models_has_none(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(b"<html>Not found</html>", status=404))
    assert client.list_models() == []


def test_a_refused_key_is_no_empty_list_of_models(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=401))
    with pytest.raises(Unauthorized):
        client.list_models()
    assert server.seen[0].query["api_key"] == [KEY]
