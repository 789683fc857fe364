"""Requests to an ASGI app without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Scope

from tests.support.event_loops import run_coroutine

REMOTE, LOCAL = "203.0.113.7", "127.0.0.1"


@dataclass
class Answer:
    """A response, or what became of a WebSocket."""

    status_code: int = 0
    headers: Headers = field(default_factory=Headers)
    text: str = ""
    is_accepted: bool = False


def asked(
    app: ASGIApp,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    client: str = REMOTE,
    scheme: str = "http",
    body: Sequence[bytes] = (b"",),
) -> Answer:
    """The answer to one request; `scheme` "ws" opens a WebSocket. An exception of the app is ignored."""
    return run_coroutine(ask(app, path, headers, method=method, client=client, scheme=scheme, body=body))


async def ask(
    app: ASGIApp,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    client: str = REMOTE,
    scheme: str = "http",
    body: Sequence[bytes] = (b"",),
) -> Answer:
    """As `asked`, in a running loop."""
    answer, is_socket = Answer(), scheme.startswith("ws")
    target, _, query = path.partition("?")
    scope: Scope = {
        "type": "websocket" if is_socket else "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": target,
        "raw_path": target.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [
            (n.lower().encode(), v.encode()) for n, v in ({"Host": "testserver"} | dict(headers or {})).items()
        ],
        "client": (client, 40000),
        "server": ("127.0.0.1", 80),
        "subprotocols": [],
        "extensions": {},
        "state": {},
    }
    pieces = list(body)
    received: list[Message] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]

    async def receive() -> Message:
        if is_socket:
            return received.pop(0)
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                answer.status_code, answer.headers = message["status"], Headers(raw=message["headers"])
            case "http.response.body":
                answer.text += message.get("body", b"").decode()
            case "websocket.accept":
                answer.is_accepted = True

    with suppress(RuntimeError):
        await app(scope, receive, send)
    return answer
