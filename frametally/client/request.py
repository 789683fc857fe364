"""One request to a service, before it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import quote, quote_plus

from frametally.network.link_guard import Guard, LinkGuard
from frametally.network.urls import redact_queries, split_url

MAX_QUOTE_CHARS: Final = 300


class Body(Protocol):
    """A body that requests streams; its length becomes the Content-Length."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, kw_only=True)
class Service:
    """The service that a client is for."""

    link_guard: LinkGuard
    api_key: str = field(repr=False)
    is_embedded: bool = False
    """Whether it is the embedded engine, which is called without proxies."""
    certificate_sha256: str | None = None
    """SHA-256 of the only accepted certificate, in hex, in place of verification; None: verified as usual."""


@dataclass(frozen=True, kw_only=True)
class ServiceRequest:
    """A request. One to a signed link, which authorizes itself, has no `query` and so no key."""

    action: str
    """What it does, as the subject of an error message: `Starting the job`."""
    method: str
    url: str = field(repr=False)
    query: Mapping[str, str] | None = field(default=None, repr=False)
    body: bytes | Body | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: tuple[float, float]
    """(connect, read), in seconds."""
    limit_s: float
    """For the whole exchange; transfers extend it as long as they advance."""
    service: Service = field(repr=False)

    @property
    def is_link(self) -> bool:
        """Whether it goes to a signed link, without the key."""
        return self.query is None

    @property
    def host(self) -> str:
        return split_url(self.url).hostname or "the service"

    @property
    def guard(self) -> Guard:
        """Returns the addresses that the request may be sent to."""
        link_guard = self.service.link_guard
        return link_guard.link_addresses if self.is_link else link_guard.service_addresses

    def redact(self, text: str) -> str:
        """Text from outside for a message: one line, cut at `MAX_QUOTE_CHARS`, without the key or queries of URLs."""
        key = self.service.api_key
        for spelling in {key, quote(key, safe=""), quote_plus(key)} - {""}:
            text = text.replace(spelling, "…")
        text = " ".join(redact_queries(text).split())
        return text if len(text) <= MAX_QUOTE_CHARS else f"{text[:MAX_QUOTE_CHARS]}…"
