"""The link guard: which addresses a connection to an untrusted URL may go to.

URLs from outside (a video to download, a link of a service, a webhook) could make this server read from its own private
network, or write into it (server-side request forgery). Every direct connection to such a URL goes through
`guarded_connection`: it resolves the name once, and connects only to an address that the guard returned, so a name that
resolves differently afterwards (DNS rebinding) has no effect. Every hop of a redirect is checked in the same way.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError

from frametally.network.addresses import is_public_text, resolve
from frametally.network.log_filter import hide_queries
from frametally.network.outgoing.cutoff import Cutoff
from frametally.network.urls import is_same_service, port_of, request_target, split_url

hide_queries()

_MAX_ADDRESSES: Final = 4
"""Each may take a connect timeout."""
_TARGET: ContextVar[str | None] = ContextVar("target", default=None)
Guard = Callable[[str, int], list[str]]
"""Maps (host, port) to the allowed addresses; raises `PrivateAddress`, or OSError or UnicodeError if none is found."""


class PrivateAddress(Exception):
    """A URL leads into a private network, and must not."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def public_only(host: str, port: int) -> list[str]:
    """The guard for URLs that must be on the public internet: private addresses of the host are left out."""
    addresses = [address for address in resolve(host, port) if is_public_text(address)]
    if not addresses:
        raise PrivateAddress(host)
    return addresses


class LinkGuard:
    """The guard for one service and its links. Safe to share between threads.

    The links of a public service must be public as well. Those of a private service may be private: its operator is
    trusted with the network that it is in. With `must_be_public`, the service itself must be public, too: a user has
    entered its URL.
    """

    def __init__(self, api_url: SplitResult, *, must_be_public: bool = False) -> None:
        self._api_url = api_url
        self._must_be_public = must_be_public
        self._is_public: bool | None = True if must_be_public else None

    def service_addresses(self, host: str, port: int) -> list[str]:
        """The guard for requests to the service itself; records whether one of its addresses is public."""
        if self._must_be_public:
            return public_only(host, port)
        addresses = resolve(host, port)
        self._note(any(map(is_public_text, addresses)))
        return addresses

    def is_own(self, url: str) -> bool:
        """Whether a URL is at the service itself."""
        return is_same_service(self._api_url, split_url(url))

    def link_addresses(self, host: str, port: int) -> list[str]:
        """The guard for the links of the service."""
        return public_only(host, port) if self._is_public_service() else resolve(host, port)

    def _note(self, is_public: bool) -> None:
        # Once public, always public: the name may resolve differently by the time a link is followed.
        self._is_public = self._is_public or is_public

    def _is_public_service(self) -> bool:
        if self._is_public is None:
            try:
                self.service_addresses(self._api_url.hostname or "", self._api_url.port or 80)
            except (OSError, UnicodeError):  # this machine cannot resolve it, so it is reached through a proxy
                self._note(True)
        return self._is_public is not False


class GuardedAdapter(HTTPAdapter):
    """Guarded connections for requests."""

    def __init__(self, guard: Guard, cutoff: Cutoff, *, certificate_sha256: str | None = None) -> None:
        """`certificate_sha256`: compare the fingerprint of the server's certificate with this one, in hex."""
        self._guard = guard
        self._cutoff = cutoff
        self._certificate_sha256 = certificate_sha256
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, assert_fingerprint=self._certificate_sha256)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        with exact_target(request_target(urlsplit(request.url or ""))):
            return super().send(request, *args, **options)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> HTTPConnectionPool:
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(request, *args, **options))
        if pool.proxy is not None:
            self._check_behind_proxy(urlsplit(request.url or ""))
        elif not issubclass(pool.ConnectionCls, _GuardedConnection):  # a reused pool is guarded already
            pool.ConnectionCls = guarded_connection(pool.ConnectionCls, self._guard)
        pool.ConnectionCls = self._cutoff.watched(pool.ConnectionCls)
        return pool

    def _check_behind_proxy(self, parts: SplitResult) -> None:
        """Check the addresses as resolved on this machine, if it can; the proxy resolves the name again."""
        try:
            self._guard(parts.hostname or "", parts.port or 80)
        except (OSError, UnicodeError):
            return


@contextmanager
def exact_target(target: str) -> Iterator[None]:
    """Within this context, guarded connections request exactly this path and query.

    urllib3 would write escapes in upper case, which invalidates the signature of some links.
    """
    token = _TARGET.set(target)
    try:
        yield
    finally:
        _TARGET.reset(token)


def guarded_pool(parts: SplitResult, guard: Guard) -> HTTPConnectionPool:
    """Guarded connections for urllib3: a pool for the host of a URL, without proxies."""
    host, port = str(parts.hostname), port_of(parts)
    pool = (
        urllib3.HTTPConnectionPool(host, port)
        if parts.scheme == "http"
        else urllib3.HTTPSConnectionPool(host, port, cert_reqs="CERT_REQUIRED", ca_certs=certifi.where())
    )
    pool.ConnectionCls = guarded_connection(pool.ConnectionCls, guard)
    return pool


def guarded_connection(connection: Any, guard: Guard) -> Any:
    """A connection class that connects only to addresses from the guard; TLS still verifies the host name."""
    return type("GuardedConnection", (_GuardedConnection, connection), {"guard": staticmethod(guard)})


class _GuardedConnection(HTTPConnection):
    guard: Guard

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:
        super().putrequest(method, _TARGET.get() or url, *args, **options)

    def _new_conn(self) -> socket.socket:
        """Try the addresses in order, as urllib3 does for a host name."""
        host = self.host
        try:
            addresses = self.guard(host, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(host, self, error) from error
        except UnicodeError as error:
            raise LocationParseError(host) from error
        addresses = addresses[:_MAX_ADDRESSES]
        try:
            for address in addresses[:-1]:
                self.host = address
                try:
                    return super()._new_conn()
                except (NewConnectionError, ConnectTimeoutError):
                    continue
            self.host = addresses[-1]
            return super()._new_conn()
        finally:
            self.host = host
