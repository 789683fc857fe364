"""Fault mode: the engine injects faults of the real service, to test a dashboard against them.

`rate-limit:3,results-nulls` names two faults: the first applies to its first three requests, the second to all. If
several apply to one request, each changes or replaces the response of the next one named.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from frametally.contract import MODELS_PATH, UPLOAD_URL_PATH, VIDEO_INFER_PATH, StatusReport
from frametally.engine.links import RESULTS_PATH, UPLOAD_PATH
from frametally.errors import SettingsError
from frametally.network.routes import GuardedRoute, Handler

RETRY_AFTER_S: Final = 30
UNKNOWN_WORD: Final = "warming up"
FAILURE: Final = "The model could not be loaded."
_OFFSETS: Final = ("frame_offset", "time_offset")
_LOG = logging.getLogger("frametally.engine")

Answer = Callable[[Request, Handler], Awaitable[Response]]


@dataclass(frozen=True)
class Fault:
    """One fault: the requests it applies to, and the response it gives."""

    meaning: str
    calls: frozenset[tuple[str, str]]
    """(method, path without a trailing slash)."""
    answer: Answer


@dataclass
class ActiveFault:
    """A requested fault, and how many requests it still applies to."""

    name: str
    calls_left: float = math.inf

    def around(self, route: GuardedRoute) -> GuardedRoute:
        """The route with this fault in place of its handler; unchanged if the fault does not apply to it."""
        fault, inner, path = FAULTS[self.name], route.handler, route.path.rstrip("/")
        if fault.calls.isdisjoint((method, path) for method in route.methods):
            return route

        async def answer(request: Request) -> Response:
            if self.calls_left <= 0 or (request.method, path) not in fault.calls:
                return await inner(request)
            self.calls_left -= 1
            _LOG.info("fault %s applied to %s %s", self.name, request.method, route.path)
            return await fault.answer(request, inner)

        return replace(route, handler=answer)


def read_faults(text: str, *, host: str | None) -> list[ActiveFault]:
    """The faults of the setting, for a server that listens on `host` (None or empty: on all interfaces).

    Raises:
        SettingsError: an unknown fault, or a server that other machines can reach.
    """
    faults = [_read_fault(part.strip()) for part in text.split(",") if part.strip()]
    if faults and not _is_loopback(host or ""):
        raise SettingsError(
            f"FRAMETALLY_ENGINE_FAULTS requires a loopback address; this server listens on {host or 'every address'}.",
            "Start it with --host 127.0.0.1 (the dashboard: --server.address 127.0.0.1), or unset it.",
        )
    return faults


def faulty(routes: Iterable[GuardedRoute], faults: Sequence[ActiveFault]) -> list[GuardedRoute]:
    """The routes of the API with these faults injected; the access check of a route still runs first."""
    changed = list(routes)
    for fault in reversed(faults):
        changed = [fault.around(route) for route in changed]
    return changed


def _read_fault(text: str) -> ActiveFault:
    name, colon, times = text.partition(":")
    if name not in FAULTS:
        raise SettingsError(f"FRAMETALLY_ENGINE_FAULTS: unknown fault {name!r}.", f"Use one of {', '.join(FAULTS)}.")
    if colon and not (times.isascii() and times.isdigit() and int(times) > 0):
        raise SettingsError(
            f"FRAMETALLY_ENGINE_FAULTS: {text!r} has no number of requests.", f"Write {name}:3, or {name}."
        )
    return ActiveFault(name, int(times) if colon else math.inf)


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _replace_response(status: int, body: str, media_type: str, headers: dict[str, str] | None = None) -> Answer:
    """Respond with this; the engine's handler does not run."""

    async def answer(_: Request, __: Handler) -> Response:
        return Response(body, status, headers, media_type=media_type)

    return answer


def _change_body(change: Callable[[bytes], Response]) -> Answer:
    """Run the engine's handler and change the body of its response if the status is 200."""

    async def answer(request: Request, inner: Handler) -> Response:
        response = await inner(request)
        if response.status_code != 200:
            return response
        return await run_in_threadpool(lambda: change(_body_of(response)))

    return answer


def _status(report: dict[str, Any]) -> Answer:
    """Replace the status report, without `Retry-After`, as the real service sends it."""
    return _change_body(lambda _: _json(report))


def _results(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    """Apply `change` to the decoded results."""
    return _change_body(lambda body: _json(change(json.loads(body))))


def _entries(change: Callable[[int, Any], Any]) -> Answer:
    """Apply `change(index, entry)` to each entry of each model."""

    def changed(results: dict[str, Any]) -> dict[str, Any]:
        return {
            key: values if key in _OFFSETS else [change(index, entry) for index, entry in enumerate(values)]
            for key, values in results.items()
        }

    return _results(changed)


def _in_words(body: bytes) -> Response:
    report = msgspec.json.decode(body, type=StatusReport)
    word = "completed" if report.is_done else "failed" if report.is_failed else "processing"
    return _json({**msgspec.to_builtins(report), "status": word}, {"Retry-After": "1"})


def _plural(found: dict[str, Any]) -> dict[str, Any]:
    return {f"{key}s" if key in _OFFSETS else key: values for key, values in found.items()}


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


class _BrokenOff(Response):
    """Announces the whole body, sends half of it and closes the connection."""

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": _half(bytes(self.body)), "more_body": True})
        await _hang_up(receive)


async def _break_upload(request: Request, _: Handler) -> Response:
    """Read half of the body, or one chunk if its length is unknown, then close the connection."""
    announced_bytes = int(request.headers.get("content-length", "0"))
    received_bytes = 0
    with suppress(ClientDisconnect):
        async for chunk in request.stream():
            received_bytes += len(chunk)
            if 2 * received_bytes >= announced_bytes:
                break
        await _hang_up(request.receive)
    return Response(status_code=499)  # the client has disconnected


async def _hang_up(receive: Receive) -> None:
    """Close the connection without a response. ASGI has no message for that, so uvicorn's transport is used."""
    receive.__self__.transport.close()  # type: ignore[attr-defined]
    while (await receive())["type"] != "http.disconnect":
        pass


def _body_of(response: Response) -> bytes:
    return Path(response.path).read_bytes() if isinstance(response, FileResponse) else bytes(response.body)


def _json(message: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(message), headers=headers, media_type="application/json")


def _storage_error(code: str, message: str) -> str:
    """An error body in the format of the storage behind signed links."""
    return f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"


_JOBS = VIDEO_INFER_PATH.rstrip("/")
_STATUS_CALL = frozenset({("GET", _JOBS)})
_UPLOAD = frozenset({("PUT", UPLOAD_PATH + "{token}")})
_DOWNLOAD = frozenset({("GET", RESULTS_PATH + "{token}")})
_WITH_KEY = _STATUS_CALL | {
    ("POST", ""),
    ("POST", UPLOAD_URL_PATH.rstrip("/")),
    ("POST", _JOBS),
    ("DELETE", _JOBS),
    ("GET", MODELS_PATH),
}

FAULTS: Final = {
    "status-stuck": Fault("every job stays at status 1", _STATUS_CALL, _status({"status": 1})),
    "status-absent": Fault("the status response is empty", _STATUS_CALL, _status({})),
    "status-word": Fault(
        "the status is a word, as in the vendor's examples: processing, completed, failed",
        _STATUS_CALL,
        _change_body(_in_words),
    ),
    "status-unknown-word": Fault(
        f"the status is an undocumented word: {UNKNOWN_WORD}", _STATUS_CALL, _status({"status": UNKNOWN_WORD})
    ),
    "status-failed": Fault(
        "the job has failed, with a message", _STATUS_CALL, _status({"status": 2, "message": FAILURE})
    ),
    "status-failed-silent": Fault("the job has failed, without a message", _STATUS_CALL, _status({"status": 3})),
    "rate-limit": Fault(
        f"429 to every request with the key, with Retry-After: {RETRY_AFTER_S}",
        _WITH_KEY,
        _replace_response(
            429, '{"error": {"message": "Too many requests."}}', "application/json", {"Retry-After": str(RETRY_AFTER_S)}
        ),
    ),
    "broken-500": Fault(
        "500 to every request with the key",
        _WITH_KEY,
        _replace_response(500, "<html><h1>Internal Server Error</h1></html>", "text/html"),
    ),
    "link-expired": Fault(
        "the output link has expired",
        _DOWNLOAD,
        _replace_response(400, _storage_error("ExpiredToken", "The provided token has expired."), "application/xml"),
    ),
    "link-403": Fault(
        "the output link is refused",
        _DOWNLOAD,
        _replace_response(403, _storage_error("AccessDenied", "Access denied."), "application/xml"),
    ),
    "results-cut": Fault("the connection closes after half of the results", _DOWNLOAD, _change_body(_BrokenOff)),
    "results-truncated": Fault(
        "the results are truncated to half, as a complete response",
        _DOWNLOAD,
        _change_body(lambda body: Response(_half(body), media_type="application/json")),
    ),
    "results-nulls": Fault(
        "every second frame was not analyzed", _DOWNLOAD, _entries(lambda index, entry: None if index % 2 else entry)
    ),
    "results-frame-offsets": Fault(
        "the offsets are spelled `frame_offsets` and `time_offsets`", _DOWNLOAD, _results(_plural)
    ),
    "results-unknown-type": Fault(
        "the entries are of an unknown type", _DOWNLOAD, _entries(lambda _, __: {"depth_map": "AAAA"})
    ),
    "upload-breaks": Fault("the connection closes after half of the upload", _UPLOAD, _break_upload),
}
