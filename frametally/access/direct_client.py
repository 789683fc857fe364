"""Whether a request comes straight from this machine.

Only such a client has all rights where no sign-in is set up. A proxy on this machine is no such client: its headers, or
the host and origin that a browser sends, show that the page is reached from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from frametally.network.forwarding import is_forwarded, is_loopback, is_loopback_name


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
        places = [f"//{host}" for host in self.header("host")] + self.header("origin")
        is_near = is_loopback(self.ip or "") and not is_forwarded(key for key, _ in self.headers)
        return is_near and bool(places) and all(map(_names_loopback, places))


def _names_loopback(place: str) -> bool:
    try:
        name = urlsplit(place).hostname or ""
    except ValueError:
        return False
    return is_loopback_name(name)
