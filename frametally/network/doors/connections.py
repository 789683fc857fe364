"""Bounds of connections: how many there are, how long a request may take to arrive, and how large its head may be.

uvicorn waits for the head of a request, and for each piece of its body, as long as the client likes.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_WITHIN_S: Final = 20.0
MAX_HEAD_BYTES: Final = 64 << 10
BODY_PIECE_WITHIN_S: Final = 60.0
MAX_CONNECTIONS: Final = 2000
_OTHER_FILES: Final = 512
"""Files and connections that this process opens besides those of clients."""


class _Bounds(asyncio.Protocol):
    """Put before an HTTP protocol of uvicorn, closes what is beyond the bounds."""

    max_connections: int
    head_within_s: float
    connections: set[Any]
    transport: asyncio.Transport
    cycle: Any
    """Of uvicorn: all connections, the transport of this one, its newest request."""
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_websocket = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self.transport.abort()
        else:
            self._expect_head()

    def data_received(self, data: bytes) -> None:
        if not self._has_request():
            self._head_bytes += len(data)
        super().data_received(data)
        if self._has_request():
            self._head_bytes = 0
            self._expect_nothing()
        elif self._head_bytes > MAX_HEAD_BYTES:
            self.transport.abort()
        elif not self._is_websocket:
            self._expect_head()

    def handle_websocket_upgrade(self) -> None:
        self._expect_nothing()
        self._is_websocket = True
        super().handle_websocket_upgrade()  # type: ignore[misc]

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = asyncio.get_running_loop().call_later(self.head_within_s, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def bounded(protocol: type[Any], *, max_connections: int, head_within_s: float = HEAD_WITHIN_S) -> type[Any]:
    """A subclass of an HTTP protocol of uvicorn that closes what is beyond the bounds."""
    limits = {"max_connections": max_connections, "head_within_s": head_within_s}
    return type("BoundedProtocol", (_Bounds, protocol), limits)


def allow_connections(wanted: int = MAX_CONNECTIONS) -> int:
    """Raise the limit of open files as far as this process may; returns the number of connections that it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + _OTHER_FILES:
        needed = wanted + _OTHER_FILES
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - min(_OTHER_FILES, soft // 2)))


class SlowBodies:
    """ASGI middleware that ends a request when its body stops to arrive."""

    def __init__(self, app: ASGIApp, piece_within_s: float = BODY_PIECE_WITHIN_S) -> None:
        self._app = app
        self._piece_within_s = piece_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_complete = False

        async def receive_in_time() -> Message:
            nonlocal is_complete
            if is_complete:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._piece_within_s)
            except TimeoutError:
                message = {"type": "http.disconnect"}
            is_complete = not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)
