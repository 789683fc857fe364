"""Whether a request comes straight from this machine.

Only such a client has all rights where no sign-in is set up. A proxy on this machine is no such client: its headers, or
the host and origin that a browser sends, show that the page is reached from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

_FORWARDED: Final = {
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-host",
    "x-original-forwarded-for",
    "x-envoy-external-address",
    "x-scheme",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-ray",
    "fly-client-ip",
    "fastly-client-ip",
    "x-azure-clientip",
    "x-appengine-user-ip",
    "x-amzn-trace-id",
    "x-cloud-trace-context",
}
_FORWARDED_PREFIX: Final = "x-forwarded"


@dataclass(frozen=True)
class Client:
    """Where a request or a WebSocket comes from."""

    ip: str | None
    """Address of the peer; None where it is not known."""
    headers: tuple[tuple[str, str], ...]
    """In any case, with repetitions."""

    @classmethod
    def of(cls, ip: str | None, headers: Iterable[tuple[str, str]]) -> Client:
        """The client with these headers."""
        return cls(ip, tuple(headers))

    def header(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def is_direct(self) -> bool:
        """Whether it is on this machine, with no proxy between, and asked for this machine by its loopback name."""
        names = {key.lower() for key, _ in self.headers}
        is_forwarded = bool(names & _FORWARDED) or any(name.startswith(_FORWARDED_PREFIX) for name in names)
        places = [f"//{host}" for host in self.header("host")] + self.header("origin")
        return not is_forwarded and _is_loopback(self.ip) and bool(places) and all(map(_names_loopback, places))


def _is_loopback(ip: str | None) -> bool:
    try:
        address = ip_address(ip or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _names_loopback(place: str) -> bool:
    try:
        name = urlsplit(place).hostname or ""
    except ValueError:
        return False
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
