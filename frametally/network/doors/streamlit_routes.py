"""Routes of Streamlit that this app does not use, or that are not for everyone.

The agent API is closed, with its description, which would be public; metrics require the key of the engine.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from frametally.network.doors.refusal import refuse
from frametally.network.doors.secrets import has_key

AGENT_PREFIX: Final = "/_stcore/agent"
METRICS_PATH: Final = "/_stcore/metrics"


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
