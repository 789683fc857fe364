"""Limits on how often a client may ask for what costs much or can be guessed: sign-in, uploads, calls of the engine."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from frametally.network.doors.hosts import is_direct_local
from frametally.network.doors.refusal import refuse

_MAX_CLIENTS: Final = 10_000
"""Those seen least recently are forgotten."""
_IPV6_PREFIX: Final = 64
"""One subscriber has all addresses of a network of this size."""


class Buckets:
    """A token bucket per client: `burst` requests at once, then `per_s` per second."""

    def __init__(self, burst: int, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_s = per_s
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take a token; returns 0, or the seconds until there is one."""
        now_s = self._clock()
        left, seen_s = self._left.pop(client, (float(self._burst), now_s))
        left = min(self._burst, left + (now_s - seen_s) * self._per_s)
        is_allowed = left >= 1
        self._left[client] = (left - is_allowed, now_s)
        if len(self._left) > _MAX_CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if is_allowed else (1 - left) / self._per_s


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """The requests that one limit is for."""

    prefixes: tuple[str, ...]
    burst: int
    per_s: float
    methods: tuple[str, ...] = ()
    """Empty: all."""
    exempts_local: bool = False
    """Whether a client on this machine, without a proxy, has no limit: the dashboard calls its own engine."""

    def concerns(self, method: str, path: str) -> bool:
        """Whether it is for this request."""
        return path.startswith(self.prefixes) and (not self.methods or method in self.methods)


LIMITS: Final = (
    RateLimit(prefixes=("/auth/", "/oauth2callback"), burst=20, per_s=0.5),
    RateLimit(prefixes=("/frametally/uploads",), methods=("POST",), burst=2000, per_s=20.0),
    RateLimit(prefixes=("/_stcore/upload_file",), burst=60, per_s=2.0),
    RateLimit(
        prefixes=("/videoinfer", "/video_upload_signed_url", "/models"), burst=200, per_s=10.0, exempts_local=True
    ),
    RateLimit(prefixes=("/_stcore/metrics",), burst=20, per_s=1.0, exempts_local=True),
    RateLimit(prefixes=("/frametally/shared/",), methods=("POST",), burst=20, per_s=0.5),
    # What is left of the engine's API: its workspace, which tells whether a key is right, and signed uploads.
    RateLimit(prefixes=("/",), methods=("POST", "PUT"), burst=200, per_s=10.0, exempts_local=True),
)
"""Far above what people and scripts do; a batch creates an upload per file.

The first that concerns a request applies.
"""


class RateLimits:
    """ASGI middleware that answers 429 with `Retry-After` beyond a limit."""

    def __init__(
        self,
        app: ASGIApp,
        base_path: str = "",
        limits: Sequence[RateLimit] = LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._base_path = base_path
        self._limits = [(limit, Buckets(limit.burst, limit.per_s, clock)) for limit in limits]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait_s = self._wait_s(scope) if scope["type"] == "http" else 0.0
        if wait_s:
            after = {"Retry-After": str(math.ceil(wait_s))}
            await refuse(scope, receive, send, 429, "Too many requests. Try again later.", after)
        else:
            await self._app(scope, receive, send)

    def _wait_s(self, scope: Scope) -> float:
        path = scope["path"].removeprefix(self._base_path)
        for limit, buckets in self._limits:
            if limit.concerns(scope["method"], path):
                return 0.0 if limit.exempts_local and is_direct_local(scope) else buckets.take(client_of(scope))
        return 0.0


def client_of(scope: Scope) -> str:
    """The address of the client as the server knows it, for IPv6 its network."""
    address = str(scope["client"][0]) if scope.get("client") else ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.is_loopback:
        return address
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
