"""The names that the server answers to, and the origins of pages that may open its WebSocket.

A page of another site can point its own name at 127.0.0.1 (DNS rebinding), or connect to the name of this server. The
first is refused by the Host header, the second by the Origin header; a page can change neither.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from frametally.network.doors.refusal import is_request, refuse
from frametally.network.forwarding import is_forwarded, is_loopback, is_loopback_name

_NEXT: Final = "Add its name to FRAMETALLY_ALLOWED_HOSTS."


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """Which hosts and origins are accepted."""

    allowed: tuple[str, ...] = ()
    """Names, `*.example.com` for all below a name; empty: any, but see `accepts_host`."""
    own: tuple[str, ...] = ()
    """Names that are accepted in any case."""
    origins: tuple[str, ...] | None = ()
    """Hosts of other origins whose pages may connect; None: all."""

    def accepts_host(self, scope: Scope) -> bool:
        """Whether the Host header names this server.

        Without a list, every name is accepted except for a direct client on this machine: it names this machine.
        """
        headers = Headers(scope=scope)
        name = host_name(headers.get("host", ""))
        is_direct = is_direct_local(scope)
        if _matches(name, (*self.allowed, *self.own)) or (is_direct and is_loopback_name(name)):
            return True
        return not self.allowed and (not is_direct or _is_address(name))

    def accepts_origin(self, scope: Scope) -> bool:
        """Whether the page that opens a WebSocket is of this server; clients that are no browser send no origin."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or self.origins is None:
            return True
        return _netloc(origin) == headers.get("host", "").lower() or _matches(host_name(_netloc(origin)), self.origins)


class HostDoor:
    """ASGI middleware that refuses other hosts, and WebSockets of other origins."""

    def __init__(self, app: ASGIApp, hosts: Hosts, exempt: Iterable[str] = ()) -> None:
        """`exempt`: paths that answer to any name, for probes that use an address."""
        self._app = app
        self._hosts = hosts
        self._exempt = frozenset(exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_request(scope) or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
        elif not self._hosts.accepts_host(scope):
            await refuse(scope, receive, send, 403, f"This server does not answer to this host name. {_NEXT}")
        elif scope["type"] == "websocket" and not self._hosts.accepts_origin(scope):
            await refuse(scope, receive, send, 403, "")
        else:
            await self._app(scope, receive, send)


def host_name(host: str) -> str:
    """The name of a Host header or of a URL's authority, without port, in lower case; empty if it has no such form."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".") if "@" not in host else ""
    except ValueError:
        return ""


def is_direct_local(scope: Scope) -> bool:
    """Whether the client is on this machine, and no proxy that passes others on."""
    headers = Headers(scope=scope)
    return is_loopback(_client(scope)) and not is_forwarded(headers)


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _client(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else ""


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return bool(name) and any(
        pattern == "*" or name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:]))
        for pattern in (each.lower().rstrip(".") for each in patterns)
    )


def _is_address(name: str) -> bool:
    """A browser cannot be led to an address by a name of another site."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
