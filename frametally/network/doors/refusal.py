"""What a door answers instead of the route: a short text, or a WebSocket that is not accepted."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status_code: int,
    text: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer a request with this status; close a WebSocket before it is accepted, which is a 403 response."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    response = PlainTextResponse(text, status_code, headers={"Cache-Control": "no-store", **(headers or {})})
    await response(scope, receive, send)


def is_request(scope: Scope) -> bool:
    """Whether this is an HTTP request or a WebSocket, not the lifespan of the server."""
    return scope["type"] in ("http", "websocket")


def is_https(scope: Scope) -> bool:
    """Whether the client uses TLS, to this server or to a proxy in front of it."""
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip()
    return scope.get("scheme") in ("https", "wss") or forwarded == "https"
