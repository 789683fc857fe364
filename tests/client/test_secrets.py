"""The key appears in no message, cause, traceback or log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import FrametallyError
from tests.support.clients import KEY, make_client
from tests.support.misbehaving import MisbehavingServer, Reply, answer, cut_chunks, redirect, reset, silence

SPELLINGS = {KEY, quote(KEY, safe=""), quote_plus(KEY)}
ECHO = {"error": f"The key {KEY} is bad, see https://host/help?api_key={quote_plus(KEY)}&sig=1"}


def everything_about(error: BaseException) -> Iterator[str]:
    """All texts of an error and of its causes and contexts, and the traceback."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        seen.add(id(current))
        yield from (str(current), repr(current), repr(current.args), repr(vars(current)))
        yield from (repr(getattr(getattr(current, "request", None), "url", None)),)
        linked = (current.__cause__, current.__context__, *current.args)
        waiting.extend(item for item in linked if isinstance(item, BaseException) and id(item) not in seen)
    yield "".join(traceback.format_exception(error))


def assert_holds_no_key(text: str) -> None:
    assert not [spelling for spelling in SPELLINGS if spelling in text]


REPLIES: dict[str, Callable[[MisbehavingServer], Reply]] = {
    "echo 400": lambda _: answer(ECHO, status=400),
    "echo 401": lambda _: answer(ECHO, status=401),
    "echo 429": lambda _: answer(ECHO, status=429),
    "echo 500": lambda _: answer(ECHO, status=500),
    "echo cut by the length limit": lambda _: answer({"error": "x" * 290 + KEY}, status=400),
    "echo in body and Content-Type": lambda _: answer(KEY.encode(), Content_Type=f"text/{KEY}"),
    "echo in invalid UTF-8": lambda _: answer(b'{"job_id": "' + KEY.encode() + b'\xff"}'),
    "echo in Content-Encoding": lambda _: answer(b"{}", Content_Encoding=KEY),
    "redirect": lambda _: redirect(f"http://{KEY}.example/{KEY}?api_key={KEY}"),
    "redirect loop": lambda _: redirect("/videoinfer/?again=1"),
    "reset": lambda _: reset,
    "cut": lambda _: cut_chunks(b"{"),
    "silence": silence,
}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


@pytest.mark.parametrize("name", REPLIES)
def test_failed_request_does_not_reveal_the_key(
    client: VideoInferenceClient, server: MisbehavingServer, log: pytest.LogCaptureFixture, name: str
) -> None:
    server.replies_with(REPLIES[name](server))
    with pytest.raises(FrametallyError) as caught:
        client.start_job(input_url="https://host/v.mp4", infer_fps=1, models=[])
    assert_holds_no_key("\n".join(everything_about(caught.value)))
    assert_holds_no_key(log.text)


@pytest.mark.parametrize(
    "url", ["http://frametally.invalid", "http://127.0.0.1:{closed}", "https://127.0.0.1:{closed}", "x"]
)
def test_unreachable_service_does_not_reveal_the_key(log: pytest.LogCaptureFixture, url: str, free_port: int) -> None:
    with pytest.raises(FrametallyError) as caught:
        make_client(url.format(closed=free_port)).open_workspace()
    assert_holds_no_key("\n".join(everything_about(caught.value)))
    assert_holds_no_key(log.text)


def test_urllib3_log_shows_paths_without_queries(
    client: VideoInferenceClient, server: MisbehavingServer, log: pytest.LogCaptureFixture
) -> None:
    server.replies_with(answer({"status": 1}))
    client.get_status("j1")
    assert '"GET /videoinfer/?… HTTP/1.1" 200' in log.text
    assert_holds_no_key(log.text)


def test_failed_transfer_does_not_reveal_its_link(
    client: VideoInferenceClient, server: MisbehavingServer, log: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    signature = "abc123"
    server.replies_with(reset)
    with pytest.raises(FrametallyError) as caught:
        client.download_results(f"{server.url}/r?X-Goog-Signature={signature}", tmp_path / "r.json")
    assert signature not in "\n".join(everything_about(caught.value)) + log.text


def test_link_in_a_message_of_the_service_is_redacted(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"error": "Cannot read https://storage/v.mp4?sig=abc123 (404)"}, status=400))
    with pytest.raises(FrametallyError, match=r"Cannot read https://storage/v\.mp4\?… \(404\)"):
        client.get_status("j1")


def test_repr_of_the_client_does_not_contain_the_key(client: VideoInferenceClient) -> None:
    assert_holds_no_key(repr(client) + str(client))
