"""OpenAPI 3.1 description of the engine's API, generated from the messages of the contract."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from frametally.contract import (
    ENGINE_RATES,
    IDEMPOTENCY_KEY,
    MODELS_PATH,
    UPLOAD_URL_PATH,
    VIDEO_INFER_PATH,
    Cancellation,
    ErrorBody,
    InferenceRequest,
    JobAccepted,
    ModelList,
    StatusReport,
    UploadUrl,
    UploadUrlRequest,
    Workspace,
)
from frametally.engine.links import RESULTS_PATH, UPLOAD_PATH
from frametally.engine.result_entries import Entry

DESCRIPTION_PATH: Final = "/videoinfer/openapi.json"
_MESSAGES: Final = (
    *(
        UploadUrlRequest,
        UploadUrl,
        InferenceRequest,
        JobAccepted,
        StatusReport,
        Cancellation,
        Workspace,
        ErrorBody,
        ModelList,
    ),
)
_JSON: Final = "application/json"
_ABOUT: Final = """\
Frametally's embedded engine implements the Video Inference API of Roboflow's hosted service on one machine.

Create an upload link, PUT the video to it, start a job with that link as its `input_url` (or with any public URL),
poll the job's status until it is 0 (done) or above 1 (failed), then download the results from `output_signed_url`.
Every path works with and without a trailing slash; unknown fields are ignored."""
_ERRORS: Final = {
    400: "The request is invalid; `message` has the details.",
    401: "The API key is missing or wrong.",
    403: "The signed link has expired or is not valid.",
    404: "Not found.",
    409: "The job has already ended.",
    413: "The body is too large.",
    507: "The engine's disk is full.",
}
"""Meaning of an `ErrorBody` by status code."""


async def get_description(_: Request) -> Response:
    """Handler of the description."""
    return Response(description(), media_type=_JSON)


@lru_cache(maxsize=1)
def description() -> bytes:
    """The description as JSON."""
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Frametally engine", "version": "1", "description": _ABOUT},
            "servers": [{"url": "/"}],
            "security": [{"key": []}],
            "paths": _paths(),
            "components": {
                "schemas": _schemas(),
                "securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "api_key"}},
            },
        }
    )


def _paths() -> dict[str, Any]:
    return {
        "/": {"post": _get_workspace()},
        UPLOAD_URL_PATH: {"post": _create_upload_url()},
        UPLOAD_PATH + "{token}": {"put": _receive_upload()},
        VIDEO_INFER_PATH: {"post": _create_job(), "get": _get_job_status(), "delete": _cancel_job()},
        RESULTS_PATH + "{token}": {"get": _get_results()},
        MODELS_PATH: {"get": _list_models()},
        DESCRIPTION_PATH: {"get": _get_description()},
    }


def _get_workspace() -> dict[str, Any]:
    return {
        "operationId": "getWorkspace",
        "summary": "Get the workspace of the key; a cheap way to validate a key",
        "responses": {**_good("The workspace", _json(_ref(Workspace))), **_bad(401)},
    }


def _create_upload_url() -> dict[str, Any]:
    return {
        "operationId": "createUploadUrl",
        "summary": "Create a signed link to PUT a video to",
        "requestBody": _body(UploadUrlRequest, {"file_name": "my_video.mp4"}),
        "responses": {**_good("The link", _json(_ref(UploadUrl))), **_bad(400, 401, 413)},
    }


def _receive_upload() -> dict[str, Any]:
    return {
        "operationId": "uploadVideo",
        "summary": "Upload a video to its signed link, which needs no key",
        "security": [],
        "parameters": [_TOKEN],
        "requestBody": {"required": True, "content": {"application/octet-stream": {}}},
        "responses": {"200": {"description": "The video is stored."}, **_bad(403, 413, 507)},
    }


def _create_job() -> dict[str, Any]:
    models = [{"model_id": "motion", "model_version": "1", "inference_type": "object-detection"}]
    example = {"input_url": "https://example.com/video.mp4", "infer_fps": 5, "models": models}
    status = {"operationId": "getJobStatus", "parameters": {"job_id": "$response.body#/job_id"}}
    accepted = {"description": "The job is queued.", "content": _json(_ref(JobAccepted)), "links": {"status": status}}
    return {
        "operationId": "createJob",
        "summary": "Start a job: run models on one video",
        "parameters": [_IDEMPOTENCY],
        "requestBody": _body(InferenceRequest, example),
        "responses": {"200": accepted, **_bad(400, 401, 413, 507)},
    }


def _get_job_status() -> dict[str, Any]:
    wait = {"description": "Seconds until the next poll; 60 by default.", "schema": {"type": "integer"}}
    good = {
        "description": "The status of the job",
        "content": _json(_ref(StatusReport)),
        "headers": {"Retry-After": wait},
    }
    return {
        "operationId": "getJobStatus",
        "summary": "Get the status of a job",
        "parameters": [_JOB_ID],
        "responses": {"200": good, **_bad(401, 404)},
    }


def _cancel_job() -> dict[str, Any]:
    return {
        "operationId": "cancelJob",
        "summary": "Cancel a job (an extension). Idempotent",
        "parameters": [_JOB_ID],
        "responses": {**_good("The job has ended as failed.", _json(_ref(Cancellation))), **_bad(401, 404, 409)},
    }


def _get_results() -> dict[str, Any]:
    return {
        "operationId": "getResults",
        "summary": "Download the results of a job from its signed link, which needs no key",
        "security": [],
        "parameters": [_TOKEN, {"name": "Range", "in": "header", "schema": {"type": "string"}}],
        "responses": {
            **_good("The results", _json({"$ref": "#/components/schemas/Results"})),
            "206": {
                "description": "The requested ranges",
                "content": {_JSON: {}, "multipart/byteranges": {}},
            },
            "400": {"description": "`Range` is malformed.", "content": {"text/plain": {}}},
            "416": {"description": "The range is not satisfiable.", "content": {"text/plain": {}}},
            **_bad(403, 404),
        },
    }


def _list_models() -> dict[str, Any]:
    return {
        "operationId": "listModels",
        "summary": "List the models that this engine can run (an extension)",
        "responses": {**_good("The models", _json(_ref(ModelList))), **_bad(401)},
    }


def _get_description() -> dict[str, Any]:
    return {
        "operationId": "getDescription",
        "summary": "Get this description (an extension)",
        "responses": {
            **_good("OpenAPI 3.1", _json({"type": "object", "required": ["openapi", "paths"]})),
            **_bad(401),
        },
    }


_JOB_ID: Final = {"name": "job_id", "in": "query", "required": True, "schema": {"type": "string"}}
_TOKEN: Final = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "The token from the signed link.",
    "schema": {"type": "string"},
}


_IDEMPOTENCY: Final = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "description": "A repeated start with the same key returns the first job (an extension).",
    "schema": {"type": "string"},
}
_SERVER_RESPONSE: Final = {"type": "object", "description": "The response of an inference server that runs the model."}


def _schemas() -> dict[str, Any]:
    """The schema of every message by name, with the limits that are checked outside of the message types."""
    entries = get_args(Entry)
    _, schemas = msgspec.json.schema_components([*_MESSAGES, *entries], ref_template="#/components/schemas/{name}")
    request = schemas["InferenceRequest"]["properties"]
    request["infer_fps"] |= {"minimum": ENGINE_RATES.lowest, "maximum": ENGINE_RATES.highest}
    request["models"] |= {"minItems": 1}
    offsets = {"frame_offset": {"type": "integer", "minimum": 0}, "time_offset": {"type": "number", "minimum": 0}}
    entry = {"anyOf": [*map(_ref, entries), _SERVER_RESPONSE, {"type": "null"}]}
    results = {
        "type": "object",
        "description": "One entry per frame for each model id; null if the frame was not analyzed.",
        "properties": {name: {"type": "array", "items": number} for name, number in offsets.items()},
        "required": list(offsets),
        "additionalProperties": {"type": "array", "items": entry},
    }
    return {**schemas, "Results": results}


def _body(message: type[Struct], example: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {_JSON: {"schema": _ref(message), "example": example}}}


def _good(meaning: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": meaning, "content": content}}


def _bad(*statuses: int) -> dict[str, Any]:
    return {str(status): {"description": _ERRORS[status], "content": _json(_ref(ErrorBody))} for status in statuses}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {_JSON: {"schema": schema}}


def _ref(message: type[Struct]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{message.__name__}"}
