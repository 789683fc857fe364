"""Headers of every response, those of Streamlit and of errors included."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frametally.network.doors.content_policy import OTHER_CONTENT
from frametally.network.doors.cookies import with_flags
from frametally.network.doors.refusal import is_https

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # addresses name jobs, and some contain tickets
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SCRIPT: Final = ("text/javascript", "application/javascript")
"""A worker has the policy of the response that its script came with."""


class SecurityHeaders:
    """ASGI middleware that adds the headers, and the flags of cookies."""

    def __init__(self, app: ASGIApp, page_policy: str) -> None:
        self._app = app
        self._page_policy = page_policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secure, is_started = is_https(scope), False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                message = {**message, "headers": self._headers(message, secure)}
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            if not is_started:  # the response of the framework would come without headers
                await PlainTextResponse("Internal Server Error", 500)(scope, receive, send_with_headers)
            raise

    def _headers(self, message: Message, secure: bool) -> list[tuple[bytes, bytes]]:
        raw = [
            (name, with_flags(value.decode("latin-1"), is_https=secure).encode("latin-1"))
            if name.lower() == b"set-cookie"
            else (name, value)
            for name, value in message.get("headers", [])
        ]
        headers = MutableHeaders(raw=raw)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        kind = headers.get("content-type", "").partition(";")[0].strip()
        is_unchanged = message["status"] == 304  # browsers put its headers on the page that they have stored
        if kind not in _SCRIPT and not is_unchanged:
            headers.setdefault("Content-Security-Policy", self._page_policy if kind == "text/html" else OTHER_CONTENT)
        return raw
