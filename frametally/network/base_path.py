"""The base path: an app served below a path of a host, behind a proxy that may strip the path or not.

Streamlit applies its option `server.baseUrlPath` to its own routes only, and requires the path in every request.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from frametally.network.urls import split_url

_FORWARDED: Final = re.compile(r"(/[\w.~%-]+)+", re.ASCII)


class AddBasePath:
    """ASGI middleware that adds the base path to a request without it, which a proxy has stripped."""

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        self._app = app
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not f"{scope['path']}/".startswith(f"{self._base_path}/"):
            raw = scope.get("raw_path") or b""
            scope = {**scope, "path": self._base_path + scope["path"], "raw_path": self._base_path.encode() + raw}
        await self._app(scope, receive, send)


def parse_base_path(text: str | None) -> str:
    """The path with a leading and without a trailing slash; empty for none."""
    path = (text or "").strip("/")
    return f"/{path}" if path else ""


def forwarded_prefix(request: Request) -> str:
    """The path that a proxy has stripped, from `X-Forwarded-Prefix`; empty without the header.

    A client may send the header as well, so use it only in responses to that client.
    """
    prefix = request.headers.get("x-forwarded-prefix", "").rstrip("/")
    return prefix if _FORWARDED.fullmatch(prefix) else ""


def with_base_path(url: str, base_path: str) -> str:
    """The URL of the app, with the base path added if it is only that of the host."""
    return url if split_url(url).path.strip("/") else url.rstrip("/") + base_path
