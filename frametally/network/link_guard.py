"""How a service is reached, and where its links may lead.

The links of a service (for an upload, to the results) are addresses that a stranger names. Those of a service in the
public internet, and every hop that they redirect to, must lie there, too: it could have this server read from the
network that it stands in, or write into it. A service that is in a private network is somebody's own, and may keep its
files anywhere.

The connection goes to an address that was checked, so a name that changes its address in between gains nothing.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError

from frametally.network.download import addresses_of, in_public


class NotPublic(Exception):
    """A link leads into a private network, and its service does not stand in one."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


class LinkGuard:
    """What is known of where one service stands. Safe to share between threads."""

    def __init__(
        self, api_url: SplitResult, *, is_embedded: bool = False, certificate_sha256: str | None = None
    ) -> None:
        """`certificate_sha256`: the only certificate that the service is known by, whoever signed it for what name."""
        self.is_embedded = is_embedded
        self.certificate_sha256 = certificate_sha256
        self._api_url = api_url
        self._is_public: bool | None = None

    def addresses(self, host: str, port: int, *, is_link: bool) -> list[str]:
        """The addresses that a call may be made to: of the service itself any, of its links those that they may have.

        Raises:
            NotPublic: a link has none of those.
            OSError, UnicodeError: there is no such host.
        """
        found = addresses_of(host, port)
        if not is_link:
            self._met(any(map(in_public, found)))
        elif self._stands_in_public():
            found = [address for address in found if in_public(address)]
            if not found:
                raise NotPublic(host)
        return found

    def check_behind_proxy(self, host: str, port: int, *, is_link: bool) -> None:
        """Refuse what this machine can tell of an address that a proxy will look up once more.

        Raises:
            NotPublic: a link leads where it may not.
        """
        try:
            self.addresses(host, port, is_link=is_link)
        except (OSError, UnicodeError):  # only the proxy knows it
            if not is_link:
                self._met(True)

    def _met(self, is_public: bool) -> None:
        # Once public, always: its name may lead elsewhere by the time that the link it gave is followed.
        self._is_public = self._is_public or is_public

    def _stands_in_public(self) -> bool:
        if self._is_public is None:
            self.check_behind_proxy(self._api_url.hostname or "", self._api_url.port or 80, is_link=False)
        return self._is_public is not False


class Adapter(HTTPAdapter):
    """Makes the connection of one call, to an address that the service may have it go to."""

    def __init__(self, link_guard: LinkGuard, *, is_link: bool) -> None:
        self._link_guard = link_guard
        self._is_link = is_link
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, assert_fingerprint=self._link_guard.certificate_sha256)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> HTTPConnectionPool:
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(request, *args, **options))
        if pool.proxy is not None:
            parts = urlsplit(request.url or "")
            self._link_guard.check_behind_proxy(parts.hostname or "", parts.port or 80, is_link=self._is_link)
        elif not issubclass(pool.ConnectionCls, _Checked):  # a redirect finds the pool of the call before
            pool.ConnectionCls = type("Checked", (_Checked, pool.ConnectionCls), {"addresses_of": self._addresses_of})
        return pool

    def _addresses_of(self, host: str, port: int) -> list[str]:
        return self._link_guard.addresses(host, port, is_link=self._is_link)


class _Checked(HTTPConnection):
    addresses_of: Callable[[str, int], list[str]]

    def _new_conn(self) -> socket.socket:
        """To one of the addresses after the other, as for a name; TLS still verifies the name."""
        host = self.host
        try:
            addresses = self.addresses_of(host, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(host, self, error) from error
        except UnicodeError as error:
            raise LocationParseError(host) from error
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


def fingerprint_of(certificate: Path) -> str:
    """The SHA-256 of the first certificate in a PEM file, which is the server's own, in lower-case hex.

    Raises:
        OSError, ValueError: there is none.
    """
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", certificate.read_text(), re.DOTALL)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0] if found else "")).hexdigest()
