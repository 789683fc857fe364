"""Responses and errors of the API."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import requests

from tests.support.engine_jobs import PUBLIC
from tests.support.engines import KEY, RunningEngine, StartEngine, model

KEYED_CALLS = [
    ("POST", "/"),
    ("POST", "/video_upload_signed_url/"),
    ("POST", "/video_upload_signed_url"),
    ("POST", "/videoinfer/"),
    ("POST", "/videoinfer"),
    ("GET", "/videoinfer/"),
    ("GET", "/videoinfer"),
    ("DELETE", "/videoinfer/"),
    ("DELETE", "/videoinfer"),
    ("GET", "/models"),
    ("GET", "/models/"),
]


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", "é"])
def test_every_call_requires_the_key(deaf_engine: RunningEngine, key: str | None) -> None:
    for method, path in KEYED_CALLS:
        answer = deaf_engine.call(method, path, key=key, json={})
        assert answer.status_code == 401
        assert answer.json()["error"] == "The API key is missing or wrong."


def test_every_path_works_with_and_without_a_trailing_slash(deaf_engine: RunningEngine) -> None:
    for method, path in KEYED_CALLS:
        answer = deaf_engine.call(method, path, json={"file_name": "a.mp4"}, allow_redirects=False)
        assert answer.status_code in (200, 400, 404)
        assert answer.headers["content-type"] == "application/json"


def test_post_to_the_root_returns_the_workspace_and_get_is_not_allowed(deaf_engine: RunningEngine) -> None:
    assert deaf_engine.call("POST", "/").json() == {"workspace": "embedded"}
    assert deaf_engine.call("GET", "/").status_code == 405


def test_the_models_are_listed(deaf_engine: RunningEngine) -> None:
    (motion,) = deaf_engine.call("GET", "/models").json()["models"]
    assert motion == {
        "model_id": "motion",
        "model_version": "1",
        "inference_type": "object-detection",
        "classes": ["moving"],
    }


def test_a_queued_job_is_pending_with_retry_after(deaf_engine: RunningEngine) -> None:
    job_id = deaf_engine.submit(PUBLIC)
    answer = deaf_engine.call("GET", "/videoinfer/", params={"job_id": job_id})
    assert answer.json() == {"status": 1, "progress": 0.0, "jobs_before": 0, "cancellable": True}
    assert int(answer.headers["retry-after"]) <= 2


@pytest.mark.parametrize("job_id", ["", "nonsense", "../../key", "0f0e7bd2-6a52-4c35-9f86-3f5b6f7a9f11", "\0"])
def test_an_unknown_job_is_not_found(deaf_engine: RunningEngine, job_id: str) -> None:
    assert deaf_engine.call("GET", "/videoinfer/", params={"job_id": job_id}).status_code == 404


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"\xff", "malformed"),
        (b'{"models": [{"model_id": "m", "model_version": 1, "inference_params": {"a": ' + b"[" * 100_000, "recursion"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `input_url`"),
        (b'{"input_url": 1, "infer_fps": 5, "models": []}', r"Expected `str`, got `int` - at `$.input_url`"),
        (b'{"input_url": "u", "infer_fps": "5", "models": []}', "infer_fps"),
        (b'{"input_url": "u", "infer_fps": 5, "models": [{}]}', "model_id"),
    ],
)
def test_a_malformed_body_is_rejected_with_details(deaf_engine: RunningEngine, body: bytes, complaint: str) -> None:
    answer = deaf_engine.call("POST", "/videoinfer/", data=body)
    assert answer.status_code == 400
    assert complaint in answer.json()["message"]


@pytest.mark.parametrize("fps", [0, 1e-9, -1, 1000.5, 1e300])
def test_a_rate_out_of_range_is_rejected(deaf_engine: RunningEngine, fps: float) -> None:
    answer = deaf_engine.ask(PUBLIC, fps=fps)
    assert answer.status_code == 400
    assert "between 0.00001 and 1000" in answer.json()["error"]


@pytest.mark.parametrize(
    ("models", "complaint"),
    [
        ([model("nothing")], "Model nothing/1 is not installed. Installed models: motion/1."),
        ([model("../../motion")], "Model ../../motion/1 is not installed."),
        ([model("motion", "../1")], "Model motion/../1 is not installed."),
        ([model("motion"), model("motion", 1.0)], "A model is listed twice."),
        ([model("motion", confidence=7)], "The inference_params are invalid."),
        ([{**model("motion"), "inference_type": "gaze-detection"}], "is a model for object-detection"),
    ],
)
def test_an_invalid_model_request_is_rejected(
    deaf_engine: RunningEngine, models: list[dict[str, Any]], complaint: str
) -> None:
    answer = deaf_engine.ask(PUBLIC, *models)
    assert answer.status_code == 400
    assert complaint in " ".join(answer.json().values())


def test_a_job_without_models_is_rejected(deaf_engine: RunningEngine) -> None:
    body = {"input_url": PUBLIC, "infer_fps": 5, "models": []}
    assert deaf_engine.call("POST", "/videoinfer/", json=body).json()["error"] == "The job has no model."


@pytest.mark.parametrize(
    "url", ["", "video.mp4", "file:///etc/passwd", "ftp://host/a.mp4", "http://", "https://u:p@h/v"]
)
def test_an_input_url_that_is_not_public_is_rejected(deaf_engine: RunningEngine, url: str) -> None:
    answer = deaf_engine.ask(url)
    assert answer.status_code == 400
    assert "The video URL" in answer.json()["error"]


def test_a_large_json_body_is_rejected(deaf_engine: RunningEngine) -> None:
    answer = deaf_engine.call("POST", "/videoinfer/", data=b" " * (1 << 20) + b"{}")
    assert answer.status_code == 413


def test_the_log_shows_each_call_and_neither_key_nor_token(
    start_engine: StartEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine = start_engine(worker=False)
    with caplog.at_level(logging.INFO, "frametally.engine"):
        link = engine.upload_link()
        requests.put(link, data=b"video", timeout=20)
        job_id = engine.submit(link)
        engine.status(job_id)
        engine.call("GET", "/models", key="a-wrong-key")
    lines = [record.getMessage() for record in caplog.records if record.name == "frametally.engine"]
    assert [line.rsplit(" ", 2)[0] for line in lines] == [
        "POST /video_upload_signed_url/ job_id=- 200",
        "PUT /videoinfer/uploads/… job_id=- 200",
        f"POST /videoinfer/ job_id={job_id} 200",
        f"GET /videoinfer/ job_id={job_id} 200",
        "GET /models job_id=- 401",
    ]
    token = link.partition("/uploads/")[2].partition("?")[0]
    assert not [secret for secret in (KEY, token, "a-wrong-key", "api_key") if secret in caplog.text]
