"""Sends a document of ours in place of one of another package, which is recognized by its content."""

from __future__ import annotations

import gzip
import zlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEVEL: Final = 9
_GZIP: Final = 16 + zlib.MAX_WBITS
_VALIDATORS: Final = (b"if-none-match", b"if-modified-since")


class OwnDocument:
    """ASGI middleware; every other response passes unchanged."""

    def __init__(self, app: ASGIApp, *, theirs: bytes, ours: bytes) -> None:
        self._app = app
        self._theirs, self._ours = theirs, ours
        self._compressed = gzip.compress(ours, _LEVEL, mtime=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def send_ours(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
                return
            if start is None or message["type"] != "http.response.body":
                await send(message)
                return
            body += message.get("body", b"")
            is_whole = not message.get("more_body")
            if not is_whole and len(body) <= len(self._theirs):
                return
            if is_whole and _plain(body, start, len(self._theirs)) == self._theirs:
                start, body = self._answer(start)
            await send(start)
            start = None
            await send({**message, "body": body})

        await self._app(_without_validators(scope), receive, send_ours)

    def _answer(self, start: Message) -> tuple[Message, bytes]:
        """Ours, in the encoding of theirs. Without a validator, as that of theirs does not change with ours."""
        headers = MutableHeaders(raw=list(start["headers"]))
        for name in ("etag", "last-modified", "accept-ranges"):
            del headers[name]
        body = self._compressed if headers.get("content-encoding") == "gzip" else self._ours
        headers["content-length"] = str(len(body))
        return {**start, "headers": headers.raw}, body


def _without_validators(scope: Scope) -> Scope:
    """A request for a page always gets one: a browser may keep theirs, of another app that was at this address."""
    if "text/html" not in Headers(scope=scope).get("accept", ""):
        return scope
    return {**scope, "headers": [each for each in scope["headers"] if each[0] not in _VALIDATORS]}


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    has_known_encoding = headers.get("content-encoding", "gzip") == "gzip"
    return start["status"] == 200 and has_known_encoding and headers.get("content-type", "").startswith("text/html")


def _plain(body: bytes, start: Message, max_bytes: int) -> bytes:
    """The content, or its first bytes; empty if it is damaged."""
    if "content-encoding" not in Headers(raw=start["headers"]):
        return body
    try:
        return zlib.decompressobj(_GZIP).decompress(body, max_bytes + 1)
    except zlib.error:
        return b""
