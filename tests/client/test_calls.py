"""What each request contains, and how a 2xx response is read."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.client.messages import NotFound
from frametally.contract import ModelInfo, ModelRequest
from frametally.errors import BadRequest
from frametally.storage.file_names import safe_file_name
from tests.support.clients import KEY, make_client
from tests.support.misbehaving import MisbehavingServer, Reply, answer, reset


def test_workspace_of_the_key_is_returned(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"workspace": "acme", "welcome": "Hello"}))
    assert client.open_workspace() == "acme"
    assert (server.seen[0].method, server.seen[0].path, server.seen[0].query) == ("POST", "/", {"api_key": [KEY]})


@pytest.mark.parametrize("spelling", ["signed_url", "signedUrl"])
def test_upload_url_is_read_in_both_spellings(
    client: VideoInferenceClient, server: MisbehavingServer, spelling: str
) -> None:
    server.replies_with(answer({spelling: "https://storage/x?sig=1"}))
    assert client.request_upload_url("/home/me/My film.mp4") == "https://storage/x?sig=1"
    assert json.loads(server.seen[0].body) == {"file_name": "My_film.mp4"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.mp4", "a.mp4"),
        ("C:\\films\\a b.MKV", "a_b.MKV"),
        ("../../etc/passwd", "passwd"),
        ("видео.mp4", "video.mp4"),
        (".mp4", "video.mp4"),
        ("..", "video"),
        ("", "video"),
        ("v1.2 final.mp4", "v1.2_final.mp4"),
        ("a\r\nX-Evil: 1.mp4", "a_X-Evil_1.mp4"),
        ("x" * 500 + ".webm", "x" * 100 + ".webm"),
    ],
)
def test_file_name_is_sent_without_folder_and_with_suffix(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


def test_start_request_contains_all_models(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"job_id": "j1", "message": "queued"}))
    models = [
        ModelRequest("cars", "2", inference_params={"confidence": 0.4}),
        ModelRequest("gaze", "1", "gaze-detection"),
    ]
    assert client.start_job(input_url="https://storage/x?sig=1", infer_fps=2.5, models=models) == "j1"
    assert json.loads(server.seen[0].body) == {
        "input_url": "https://storage/x?sig=1",
        "infer_fps": 2.5,
        "models": [
            {
                "model_id": "cars",
                "model_version": "2",
                "inference_type": "object-detection",
                "inference_params": {"confidence": 0.4},
            },
            {"model_id": "gaze", "model_version": "1", "inference_type": "gaze-detection"},
        ],
    }


def test_whole_frame_rate_is_sent_as_an_integer(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"job_id": "j1"}))
    client.start_job(input_url="https://host/v.mp4", infer_fps=5.0, models=[])
    assert b'"infer_fps":5,' in server.seen[0].body


def test_status_response_includes_retry_after(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": 1, "progress": 0.5}, Retry_After="1.5"))
    status = client.get_status("j1")
    assert (status.report.is_pending, status.report.fraction, status.retry_after_s) == (True, 0.5, 1.5)
    assert server.seen[0].query == {"api_key": [KEY], "job_id": ["j1"]}


def test_status_response_without_retry_after(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": "completed", "output_signed_url": "https://storage/r"}))
    status = client.get_status("j1")
    assert (status.report.is_done, status.retry_after_s) == (True, None)


def test_cancel_sends_a_delete_request(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer({"job_id": "j1", "message": "Cancelled."}))
    client.cancel("j1")
    seen = server.seen[0]
    assert (seen.method, seen.path, seen.query) == ("DELETE", "/videoinfer/", {"api_key": [KEY], "job_id": ["j1"]})


@pytest.mark.parametrize("reply", [answer(status=204), answer(b"OK"), answer({"deleted": 1})])
def test_any_2xx_response_confirms_a_cancellation(
    client: VideoInferenceClient, server: MisbehavingServer, reply: Reply
) -> None:
    server.replies_with(reply)
    client.cancel("j1")


def test_cancel_is_retried_after_a_temporary_failure(
    client: VideoInferenceClient, server: MisbehavingServer, waits_s: list[float]
) -> None:
    server.replies_with(reset, answer(status=503), answer({"job_id": "j1"}))
    client.cancel("j1")
    assert (len(server.seen), len(waits_s)) == (3, 2)


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (405, NotFound), (409, BadRequest)])
def test_refused_cancellation_is_reported(
    client: VideoInferenceClient, server: MisbehavingServer, status: int, error: type[Exception]
) -> None:
    server.replies_with(answer({"error": "The job has ended before."}, status=status))
    with pytest.raises(error, match=rf"Canceling the job failed: .* {status} .*The job has ended before"):
        client.cancel("j1")
    assert len(server.seen) == 1


def test_models_are_listed(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    model = {"model_id": "motion", "model_version": "1", "inference_type": "object-detection", "classes": ["moving"]}
    server.replies_with(answer({"models": [model]}))
    assert client.list_models() == [ModelInfo("motion", "1", "object-detection", ["moving"])]


def test_compressed_response_is_read(client: VideoInferenceClient, server: MisbehavingServer) -> None:
    server.replies_with(answer(gzip.compress(b'{"workspace": "acme"}'), Content_Encoding="gzip"))
    assert client.open_workspace() == "acme"


def test_threads_share_a_client(server: MisbehavingServer) -> None:
    client = make_client(server.url, read_timeout_s=10)

    def status_of(job_id: str) -> str:
        return str(client.get_status(job_id).report.message)

    server.replies_with(echo_job_id)
    job_ids = [f"j{number}" for number in range(40)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(status_of, job_ids)) == job_ids


def echo_job_id(handler: BaseHTTPRequestHandler) -> None:
    job_id = parse_qs(urlsplit(handler.path).query)["job_id"][0]
    answer({"status": 1, "message": job_id}, Set_Cookie=f"job={job_id}")(handler)
