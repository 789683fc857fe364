"""The OpenAPI description compared with the API: all routes are described, and all responses match.

    SCHEMATHESIS_EXAMPLES=1000 SCHEMATHESIS_SEED=2 pytest tests/engine/test_openapi.py

runs more examples than by default, with another seed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import requests
from jsonschema_rs import meta

from frametally.engine.openapi import DESCRIPTION_PATH, description
from tests.support.engine_jobs import run_here
from tests.support.engines import KEY, RunningEngine, model

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "3")
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
DESCRIPTION_URL = f"{{}}{DESCRIPTION_PATH}?api_key={KEY}"
PRIVATE = "http://127.0.0.1/video.mp4"
"""A URL that the engine does not download; its job fails."""
CONFIG = """
[auth.openapi.key]
api_key = {key}

[dictionaries]
uploads.values = [{upload}]
results.values = [{results}]
inputs.values = [{input_url}]
jobs.values = [{done}, {failed}]
models.values = ["motion"]
versions.values = ["1", 1]
types.values = ["object-detection"]

[parameters]
"query.job_id" = {{ dictionary = "jobs", probability = 0.5 }}
"body.input_url" = {{ dictionary = "inputs", probability = 0.5 }}
"body.models[*].model_id" = {{ dictionary = "models", probability = 0.7 }}
"body.models[*].model_version" = {{ dictionary = "versions", probability = 0.7 }}
"body.models[*].inference_type" = {{ dictionary = "types", probability = 0.7 }}

[[operations]]
include-operation-id = "uploadVideo"
parameters = {{ "path.token" = {{ dictionary = "uploads", probability = 0.5 }} }}

[[operations]]
include-operation-id = "getResults"
parameters = {{ "path.token" = {{ dictionary = "results", probability = 0.5 }} }}
"""


Call = Callable[..., requests.Response]


@pytest.fixture
def call(deaf_engine: RunningEngine) -> Call:
    """Send a described request; fails if the response does not match the description."""
    import schemathesis  # takes seconds: not while tests are collected

    schema = schemathesis.openapi.from_url(DESCRIPTION_URL.format(deaf_engine.url))

    def made(
        method: str, path: str, *, key: str | None = KEY, query: dict[str, str] | None = None, **parts: Any
    ) -> Any:
        keyed = {"api_key": key} if key is not None else {}
        return schema[path][method].Case(query={**keyed, **(query or {})}, **parts).call_and_validate()

    return made


def described() -> dict[str, Any]:
    return dict(msgspec.json.decode(description()))


def token_of(link: str) -> str:
    return urlsplit(link).path.rpartition("/")[2]


def test_the_description_lists_every_route_and_no_other(deaf_engine: RunningEngine) -> None:
    named = {(name.upper(), path.rstrip("/")) for path, item in described()["paths"].items() for name in item}
    routes = deaf_engine.engine.routes()
    methods = {(name, route.path.rstrip("/")) for route in routes for name in route.methods or ()}
    assert named == {(name, path) for name, path in methods if name != "HEAD"}


def test_the_description_needs_the_key_and_has_no_secret(deaf_engine: RunningEngine) -> None:
    assert deaf_engine.call("GET", DESCRIPTION_PATH, key=None).status_code == 401
    answer = deaf_engine.call("GET", DESCRIPTION_PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == description()
    assert KEY not in answer.text


def test_every_message_has_a_schema_and_every_reference_resolves() -> None:
    schemas = described()["components"]["schemas"]
    for message in schemas.values():
        meta.validate(message)
    assert set(re.findall(rb'"#/components/schemas/(\w+)"', description())) == {name.encode() for name in schemas}


def test_responses_of_a_whole_job_match_the_description(
    deaf_engine: RunningEngine, call: Call, small_video: Path
) -> None:
    assert call("POST", "/").json() == {"workspace": "embedded"}
    assert call("GET", "/models").status_code == 200
    link = call("POST", "/video_upload_signed_url/", body={"file_name": "v.mp4"}).json()["signed_url"]
    video, token = small_video.read_bytes(), {"token": token_of(link)}
    put = {"path_parameters": token, "media_type": "application/octet-stream", "key": None}
    assert call("PUT", "/videoinfer/uploads/{token}", body=video, **put).content == b""
    job = {"input_url": link, "infer_fps": 5, "models": [model("motion")]}
    query = {"job_id": call("POST", "/videoinfer/", body=job).json()["job_id"]}
    waiting = call("GET", "/videoinfer/", query=query)
    assert (waiting.json()["status"], int(waiting.headers["retry-after"][0])) == (1, 1)
    run_here(deaf_engine, query["job_id"])
    status = call("GET", "/videoinfer/", query=query)
    results = {"path_parameters": {"token": token_of(status.json()["output_signed_url"])}, "key": None}
    assert len(call("GET", "/videoinfer/results/{token}", **results).json()["motion"]) == 20


def test_range_responses_match_the_description(deaf_engine: RunningEngine, small_video: Path) -> None:
    """Truncated JSON is invalid, so Schemathesis would reject the response."""
    job_id = deaf_engine.submit(deaf_engine.upload(small_video))
    run_here(deaf_engine, job_id)
    link = deaf_engine.status(job_id).output_signed_url
    answers = described()["paths"]["/videoinfer/results/{token}"]["get"]["responses"]
    for wanted, status in (("0-9", 206), ("0-9,20-29", 206), ("9999999-", 416), ("9-0", 400)):
        got = requests.get(str(link), headers={"Range": f"bytes={wanted}"}, timeout=20)
        assert got.status_code == status
        assert got.headers["content-type"].partition(";")[0] in answers[str(status)]["content"]


@pytest.mark.parametrize("key", [None, "wrong"])
def test_errors_without_a_key_match_the_description(call: Call, key: str | None) -> None:
    for path, item in described()["paths"].items():
        for name, operation in item.items():
            if operation.get("security") != []:
                body: dict[str, Any] = {"body": {}} if "requestBody" in operation else {}
                assert call(name.upper(), path, key=key, query={"job_id": "x"}, **body).status_code == 401


@pytest.fixture
def config(deaf_engine: RunningEngine, small_video: Path, tmp_path: Path) -> Path:
    """Configuration with which about half of the generated requests use existing links, uploads and jobs.

    Later jobs stay queued, so that no URL is downloaded.
    """
    link = deaf_engine.upload(small_video)
    done, failed = deaf_engine.submit(link), deaf_engine.submit(PRIVATE)
    for job_id in (done, failed):
        run_here(deaf_engine, job_id)
    values = {
        "key": KEY,
        "upload": token_of(deaf_engine.upload_link()),
        "results": token_of(str(deaf_engine.status(done).output_signed_url)),
        "input_url": link,
        "done": done,
        "failed": failed,
    }
    path = tmp_path / "schemathesis.toml"
    path.write_text(CONFIG.format(**{name: json.dumps(value) for name, value in values.items()}))
    return path


def test_arbitrary_requests_get_described_responses(deaf_engine: RunningEngine, config: Path) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "--no-color"),
        *("run", DESCRIPTION_URL.format(deaf_engine.url), "--max-examples", EXAMPLES),
        # A request that matches the schema can be rejected: for its model, its link or a missing upload.
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
        *("--seed", SEED, "--generation-database", "none", "--continue-on-failure"),
        *("--request-timeout", "60", "--suppress-health-check", "too_slow"),
    ]
    ran = subprocess.run(command, cwd=config.parent, capture_output=True, text=True, timeout=3000, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    operations = (
        sum(len(item) for item in described()["paths"].values()) - 1
    )  # Schemathesis leaves out the route of the description
    assert f"{operations} selected / {operations} total" in ran.stdout
    accepted = list((deaf_engine.folder / "jobs").iterdir())
    assert len(accepted) > 5, "nearly all generated jobs were rejected"
