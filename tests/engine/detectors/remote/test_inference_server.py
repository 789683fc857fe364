"""Failures of an inference server: retries and error messages."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from frametally.engine.detectors.remote import inference_server
from frametally.engine.detectors.remote.inference_server import InferenceServer
from frametally.errors import ModelError
from tests.support.misbehaving import MisbehavingServer, Reply, answer, cut_short, redirect, reset, silence

SECRET = "rf_S3cret"
PATH = "/infer/object_detection"


@pytest.fixture
def misbehaving() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        yield server


class Waiting:
    """A sleep function that returns at once and records the requested durations."""

    def __init__(self) -> None:
        self.waited_s: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waited_s.append(seconds)


def opened(url: str, sleep: Waiting | None = None, *, key: str | None = SECRET, **options: Any) -> InferenceServer:
    return InferenceServer(url, key, model="coco/3", sleep=sleep or Waiting(), **options)


def complaint(url: str, sleep: Waiting | None = None, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        opened(url, sleep, **options).post(PATH, {"model_id": "coco/3"})
    chain: BaseException | None = caught.value
    while chain:
        assert SECRET not in f"{chain} {chain.args!r}"
        chain = chain.__cause__ or chain.__context__
    assert str(caught.value).startswith("coco/3 cannot be run: the inference server ")
    assert caught.value.next_step
    return str(caught.value)


TEMPORARY: list[Reply] = [
    answer({"message": "Model is temporarily not ready - retry request."}, status=503),
    answer({"message": "Internal error."}, status=500),
    answer(b"<html>Bad Gateway</html>", status=502),
    answer(status=429),
    reset,
    cut_short(b'{"predi', promised_bytes=99),
]


@pytest.mark.parametrize("fault", TEMPORARY)
def test_temporary_failures_are_retried(misbehaving: MisbehavingServer, fault: Reply) -> None:
    misbehaving.replies_with(fault, fault, answer({"predictions": []}))
    waiting = Waiting()
    assert opened(misbehaving.url, waiting).post(PATH, {"model_id": "coco/3"}) == {"predictions": []}
    first_s, second_s = waiting.waited_s
    assert 1 <= first_s <= 1.2
    assert 3 <= second_s <= 3.6
    bodies = {seen.body for seen in misbehaving.seen}
    assert bodies == {b'{"model_id":"coco/3","api_key":"rf_S3cret"}'}


@pytest.mark.parametrize("fault", TEMPORARY)
def test_retries_are_limited(misbehaving: MisbehavingServer, fault: Reply) -> None:
    misbehaving.replies_with(fault)
    waiting = Waiting()
    complaint(misbehaving.url, waiting)
    assert (len(misbehaving.seen), len(waiting.waited_s)) == (5, 4)


@pytest.mark.parametrize(("header", "waited_s"), [("9", 9), ("0", 1), ("86400", 30), ("Fri, 31 Dec 1999", 1), ("²", 1)])
def test_retry_after_is_obeyed_up_to_a_limit(misbehaving: MisbehavingServer, header: str, waited_s: float) -> None:
    misbehaving.replies_with(answer(status=503, Retry_After=header), answer({}))
    waiting = Waiting()
    opened(misbehaving.url, waiting).post(PATH, {})
    assert waiting.waited_s == [pytest.approx(waited_s, rel=0.2)]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            answer({"message": "Unauthorized access"}, status=401),
            "returned 401: Unauthorized access. Set FRAMETALLY_IN",
        ),
        (answer({"message": "No scope."}, status=403), "returned 403: No scope. Set FRAMETALLY_INFERENCE_KEY"),
        (answer({"detail": "Not Found"}, status=404), "returned 404: Not Found. Check the model's id and version."),
        (answer(b"nginx", status=405), "returned 405. Check the model's id and version."),
        (answer({"message": "Gaze was removed"}, status=410), "returned 410: Gaze was removed. Another version of the"),
        (
            answer({"message": "Not enough credits"}, status=402),
            "returned 402: Not enough credits. Change the parameters of",
        ),
        (
            answer({"detail": [{"loc": ["body", "confidence"], "msg": "Input should be less"}, 7]}, status=422),
            "returned 422: confidence: Input should be less. Change the parameters of the job",
        ),
        (answer({"detail": [{"loc": 7}]}, status=422), "returned 422: the request: is invalid. Change"),
        (redirect("http://other.example/"), "returned 307. Set the address that it redirects to"),
        (answer(b"<html>", status=200), "returned a response that is not JSON. Check that a Roboflow"),
        (answer(b'{"predictions": NaN}'), "returned a response that is not JSON."),
        (answer(b"[" * 100_000), "returned a response that is not JSON."),
        (answer(b'{"a": "\xff"}'), "returned a response that is not JSON."),
        (answer(b"", status=200), "returned a response that is not JSON."),
        (answer({"message": f"{SECRET} is no key"}, status=400), "returned 400: … is no key. Change the"),
        (answer({"message": "word\n" * 1000}, status=400), "returned 400: " + ("word " * 40)),
    ],
)
def test_a_rejection_is_not_retried_and_has_a_next_step(
    misbehaving: MisbehavingServer, reply: Reply, message: str
) -> None:
    misbehaving.replies_with(reply)
    assert message in complaint(misbehaving.url)
    assert len(misbehaving.seen) == 1


def test_a_missing_key_is_reported(misbehaving: MisbehavingServer) -> None:
    misbehaving.replies_with(answer({"message": "Required Roboflow API key is missing."}, status=400))
    assert "is missing. Set FRAMETALLY_INFERENCE_KEY to" in complaint(misbehaving.url, key=None)
    assert misbehaving.seen[0].body == b'{"model_id":"coco/3"}'


def test_an_unreachable_server_is_reported(free_port: int) -> None:
    waiting = Waiting()
    message = complaint(f"http://127.0.0.1:{free_port}", waiting)
    assert message.endswith("connection refused. Check that it runs, then run the job again.")
    assert len(waiting.waited_s) == 4
    assert "name not found" in complaint("http://no-such-host.invalid")


def test_a_silent_server_times_out(misbehaving: MisbehavingServer) -> None:
    misbehaving.replies_with(silence(misbehaving))
    message = complaint(misbehaving.url, answer_s=0.1, retries=1)
    assert "timed out" in message
    assert len(misbehaving.seen) == 2


def test_a_slow_server_times_out(misbehaving: MisbehavingServer) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not misbehaving.stopping.wait(0.02):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    misbehaving.replies_with(drip)
    assert "timed out" in complaint(misbehaving.url, answer_s=0.3, retries=0)


def test_a_large_response_is_rejected(misbehaving: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference_server, "MAX_ANSWER_BYTES", 1000)
    misbehaving.replies_with(answer(b" " * 1001))
    assert "returned more than 1,000 bytes" in complaint(misbehaving.url)


def test_an_untrusted_certificate_is_rejected(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to create a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with MisbehavingServer() as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        message = complaint(server.url.replace("http://127.0.0.1", "https://localhost"), retries=0)
        assert "certificate not trusted" in message
        assert server.seen == []


def test_proxies_of_the_environment_are_not_used(
    misbehaving: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    misbehaving.replies_with(answer({}))
    assert opened(misbehaving.url).post(PATH, {}) == {}
    assert misbehaving.seen[0].target == PATH


def test_a_server_url_may_have_a_path(misbehaving: MisbehavingServer) -> None:
    misbehaving.replies_with(answer({}))
    opened(f"{misbehaving.url}/gpu-1").post(PATH, {})
    assert misbehaving.seen[0].path == f"/gpu-1{PATH}"
