"""Routes of Streamlit that this app does not use, or that are not for everyone.

The agent API is closed, with its description, which would be public; metrics require the key of the engine.
"""

from __future__ import annotations

import hmac
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from frametally.network.doors.refusal import refuse

AGENT_PREFIX: Final = "/_stcore/agent"
METRICS_PATH: Final = "/_stcore/metrics"
_BEARER: Final = "Bearer "


class StreamlitRoutes:
    """ASGI middleware that guards these routes."""

    def __init__(self, app: ASGIApp, key: str, base_path: str = "") -> None:
        self._app = app
        self._key = key
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(self._base_path)
        if scope["type"] == "http" and f"{path}/".startswith(f"{AGENT_PREFIX}/"):
            await refuse(scope, receive, send, 404, "Not Found")
        elif scope["type"] == "http" and path == METRICS_PATH and not has_key(Request(scope), self._key):
            await refuse(scope, receive, send, 401, "Send the engine's key as a bearer token or as ?api_key=….")
        else:
            await self._app(scope, receive, send)


def has_key(request: Request, key: str) -> bool:
    """Whether the request has this key, as a bearer token or as the parameter `api_key`; compared in constant time."""
    authorization = request.headers.get("authorization", "")
    bearer = authorization.removeprefix(_BEARER) if authorization.startswith(_BEARER) else ""
    given = bearer or request.query_params.get("api_key", "")
    return hmac.compare_digest(given.encode(), key.encode())
