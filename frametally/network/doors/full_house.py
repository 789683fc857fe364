"""A full house: beyond a limit, a new tab gets a small page that reloads itself instead of the dashboard.

The bound is on the document, the first thing that a tab asks for, so that a tab that has it also gets its session. A
session that connects again is always let in.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frametally.network.doors.rate_limits import Buckets, client_of
from frametally.network.doors.refusal import refuse
from frametally.network.forwarding import is_loopback

STREAM_PATH: Final = "/_stcore/stream"
_OTHER_PREFIXES: Final = ("/frametally/", "/videoinfer", "/video_upload_signed_url", "/auth/", "/oauth2callback")
_OTHER_PARTS: Final = ("/_stcore/", "/static/", "/media/", "/component/")
"""In paths whose responses are no document. A page asks for Streamlit's routes below its own path first."""
_CONNECTS_WITHIN_S: Final = 10.0
"""A tab that has not connected by then will not."""
STARTS_WITHIN_S: Final = 60.0
"""After that, a session no longer counts as starting: one that never asks for a run keeps no others out."""
_CLIENT_BURST: Final = 64
_CLIENT_PER_S: Final = 2.0
"""Documents of one client, so that one that opens no sessions cannot keep the others out."""
_RELOAD_S: Final = (4, 9)
_PAGE: Final = (Path(__file__).parent / "full_house.html").read_text()


@dataclass(frozen=True, kw_only=True)
class HouseLimits:
    """How many tabs fit."""

    open: int = 200
    """Tabs with a session, and tabs on their way to one."""
    starting: int = 64
    """Those of them whose first run has not ended."""
    per_client: int = 60
    """Tabs of one client. One on this machine has no such limit: it may be a proxy that does not say for whom."""


class House:
    """Counts the tabs. Used by the event loop only."""

    def __init__(self, limits: HouseLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._clients = Buckets(_CLIENT_BURST, _CLIENT_PER_S, clock)
        self._admitted: deque[tuple[float, str]] = deque()
        self._open_of: Counter[str] = Counter()
        self.open = 0
        self.starting = 0

    def admit(self, client: str = "") -> bool:
        """Whether another document may be sent; then a session is expected soon."""
        while self._admitted and self._clock() - self._admitted[0][0] > _CONNECTS_WITHIN_S:
            self._admitted.popleft()
        expected = len(self._admitted)
        if self.open + expected >= self._limits.open or self.starting + expected >= self._limits.starting:
            return False
        if not self._has_room(client) or self._clients.take(client):
            return False
        self._admitted.append((self._clock(), client))
        return True

    def may_connect(self, client: str = "", *, is_known: bool) -> bool:
        """Whether a session may be opened. Twice the tabs that fit are too many even for sessions that return."""
        is_own = is_known or any(each == client for _, each in self._admitted)
        has_room = is_loopback(client) or self._open_of[client] < self._limits.per_client * (2 if is_own else 1)
        return has_room and self.open < self._limits.open * (2 if is_known or self._admitted else 1)

    def enter(self, client: str = "") -> None:
        """A session is opened."""
        if self._admitted:
            own = next((each for each in self._admitted if each[1] == client), self._admitted[0])
            self._admitted.remove(own)
        self._open_of[client] += 1
        self.open += 1
        self.starting += 1

    def started(self) -> None:
        """The first run of a session has ended."""
        self.starting -= 1

    def leave(self, client: str = "", *, has_started: bool) -> None:
        """A session is closed."""
        self._open_of[client] -= 1
        if not self._open_of[client]:
            del self._open_of[client]
        self.open -= 1
        self.starting -= not has_started

    def _has_room(self, client: str) -> bool:
        if is_loopback(client):
            return True
        expected = sum(each == client for _, each in self._admitted)
        return self._open_of[client] + expected < self._limits.per_client


class FullHouse:
    """ASGI middleware that bounds how many tabs are open, and how many of them are starting."""

    def __init__(
        self,
        app: ASGIApp,
        house: House,
        ends_run: Callable[[bytes], bool],
        base_path: str = "",
        starts_within_s: float = STARTS_WITHIN_S,
    ) -> None:
        """`ends_run`: whether a message of the server to a page says that a run has ended."""
        self._starts_within_s = starts_within_s
        self._app = app
        self._house = house
        self._ends_run = ends_run
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(self._base_path)
        if scope["type"] == "websocket" and path == STREAM_PATH:
            await self._session(scope, receive, send)
        elif scope["type"] == "http" and is_document(scope["method"], path) and not self._house.admit(client_of(scope)):
            await full_page()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _session(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = client_of(scope)
        if not self._house.may_connect(client, is_known=_returns(scope)):
            await refuse(scope, receive, send, 503, "")
            return
        has_started = False

        def start() -> None:
            nonlocal has_started
            if not has_started:
                has_started = True
                self._house.started()

        async def watched(message: Message) -> None:
            if not has_started and self._ends_run(message.get("bytes") or b""):
                start()
            await send(message)

        self._house.enter(client)
        late = asyncio.get_running_loop().call_later(self._starts_within_s, start)
        try:
            await self._app(scope, receive, watched)
        finally:
            late.cancel()
            self._house.leave(client, has_started=has_started)


def is_document(method: str, path: str) -> bool:
    """Whether Streamlit answers with its document: to every path that is nothing else."""
    is_file = "." in path.rpartition("/")[2] or any(part in path for part in _OTHER_PARTS)
    return method == "GET" and not is_file and not path.startswith(_OTHER_PREFIXES)


def full_page() -> HTMLResponse:
    """The page that says so; the tabs that wait reload at different times."""
    wait_s = random.randint(*_RELOAD_S)  # noqa: S311
    headers = {"Retry-After": str(wait_s), "Cache-Control": "no-store"}
    return HTMLResponse(_PAGE.replace("{wait_s}", str(wait_s)), 503, headers)


def _returns(scope: Scope) -> bool:
    """Whether the page names the session that it had: the third of the protocols that it offers."""
    offered = Headers(scope=scope).get("sec-websocket-protocol", "").split(",")
    return len(offered) > 2 and bool(offered[2].strip())
