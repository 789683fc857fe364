"""One call to a service: what is sent, and each way it can fail, put into words.

The key travels in the query, so the text of every exception of requests and urllib3 may hold it: none of them is
kept as a cause or as a context, their meaning is put into words instead.
"""

from __future__ import annotations

import logging
import math
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import IncompleteRead
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, quote, quote_plus, urljoin, urlsplit

import msgspec
import requests
import urllib3.exceptions as below

from frametally.errors import (
    BadRequest,
    ConnectFailed,
    InvalidResponse,
    LinkExpired,
    RateLimited,
    ServerError,
    ServiceError,
    ServiceUnreachable,
    Unauthorized,
)
from frametally.network.link_guard import LinkGuard

MAX_QUOTE_CHARS: Final = 300
MAX_RETRY_AFTER_S: Final = 3600.0
CHECK_SERVICE: Final = "Check that the service URL is the one of a Video Inference service."
_CHECK_NETWORK: Final = "Check the network and the service URL, then try again."
_LINK_IS_OVER: Final = (401, 403, 410)


class NotFound(BadRequest):
    """404 or 405: the service does not have what was asked for."""


class Body(Protocol):
    """What requests sends as it comes, after its length."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, kw_only=True)
class Call:
    """One exchange, and what it is for in words. A signed link carries its own authority, so it has no query."""

    doing: str
    method: str
    url: str = field(repr=False)
    query: Mapping[str, str] | None = field(default=None, repr=False)
    body: bytes | Body | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: tuple[float, float]
    link_guard: LinkGuard = field(repr=False)
    secret: str = field(repr=False)
    """The key that no message may hold."""

    @property
    def is_link(self) -> bool:
        return self.query is None

    @property
    def host(self) -> str:
        return split_url(self.url).hostname or "the service"

    def refusal(self, response: requests.Response) -> ServiceError:
        """The most specific error for an answer that is not 2xx."""
        status = response.status_code
        head = _head(response)
        said = self.safe(_complaint(head))
        wait_s = parse_retry_after(response.headers.get("Retry-After"))
        what = f"{self.doing} failed: {self.host} answered {_status_in_words(status)}{f': {said}' if said else ''}."
        if self.is_link and (status in _LINK_IS_OVER or (status == 400 and b"expired" in head.lower())):
            return LinkExpired(what, "The signed link is no longer good: ask for a new one and try again.")
        if status in (401, 403):
            return Unauthorized(what, "Check the API key, and that it belongs to this service.")
        if status == 429:
            when = "in a few minutes" if wait_s is None else f"in {math.ceil(wait_s)} s"
            return RateLimited(what, f"Try again {when}.", retry_after_s=wait_s)
        if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:
            next_step = "The fault is not in what was asked for: try again later."
            return ServerError(what, next_step, retry_after_s=wait_s)
        if status in (404, 405):
            return NotFound(what, "Check the service URL and what was asked for.")
        return BadRequest(what, "Change what was asked for, then try again.")

    def unreadable(self, response: requests.Response, what_came: str) -> InvalidResponse:
        """The error for a good status with a body that is not what the API says."""
        content_type = response.headers.get("Content-Type", "no content type")
        what = f"{self.doing} failed: {self.host} answered {_status_in_words(response.status_code)}"
        return InvalidResponse(f"{what} with {self.safe(f'{what_came}, {content_type}')}.", CHECK_SERVICE)

    def unanswered(self, fault: str, *, sent: bool) -> ServiceUnreachable:
        """The error for what happened below HTTP, in words of ours."""
        kind = ServiceUnreachable if sent else ConnectFailed
        return kind(f"{self.doing} failed: {self.host} {fault}.", _CHECK_NETWORK)

    def misled(self, where: str) -> BadRequest:
        """The error for a redirect that leads where this call must not go."""
        told = f"redirects to {self.safe(where)}, which is not followed"
        return BadRequest(f"{self.doing} failed: {self.host} {told}.", CHECK_SERVICE)

    def walled(self, host: str) -> BadRequest:
        """The error for a link of a public service that leads into a private network."""
        what = f"{self.doing} failed: the link of the service leads to {self.safe(host)}"
        next_step = "If the service is one of your own, give its private address as the service URL."
        return BadRequest(f"{what}, which is not in the public internet.", next_step)

    def safe(self, text: str) -> str:
        """A foreign text as a message may show it: on one line, short, without the key or the query of a link."""
        for key in {self.secret, quote(self.secret, safe=""), quote_plus(self.secret)} - {""}:
            text = text.replace(key, "…")
        text = " ".join(_without_queries(text).split())
        return text if len(text) <= MAX_QUOTE_CHARS else f"{text[:MAX_QUOTE_CHARS]}…"


def split_url(url: str, base: str = "") -> SplitResult:
    """The parts of a URL, seen from a base; of one that cannot be read: none."""
    try:
        parts = urlsplit(urljoin(base, url))
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def parse_retry_after(header: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date; None where the header is absent or says nothing."""
    if header is None:
        return None
    try:
        wait_s = float(header)
    except ValueError:
        try:
            wait_s = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return None if math.isnan(wait_s) else min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def fault_in_words(error: Exception) -> str:
    """What happened below HTTP. The words are ours, as the texts of these exceptions hold the URL."""
    chain = list(_underlying(error))
    for kinds, words in _FAULTS:
        if any(isinstance(cause, kinds) for cause in chain):
            return words
    return "could not be reached"


def was_sent(error: Exception) -> bool:
    """Whether anything may have reached the service before this happened."""
    return not any(isinstance(cause, _BEFORE_SENDING) for cause in _underlying(error))


def _underlying(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps: requests and urllib3 do it by argument, by `reason` and by cause."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        waiting.extend(item for item in wrapped if isinstance(item, BaseException))


def _head(response: requests.Response) -> bytes:
    """The beginning of a refusal's body; empty where it cannot be read, as the status says enough."""
    try:
        return bytes(response.raw.read(1 << 16, decode_content=True))
    except below.HTTPError:
        return b""


class _Complaint(msgspec.Struct, frozen=True):
    error: Any = None
    message: Any = None


def _complaint(body: bytes) -> str:
    """What the service says of its refusal in JSON: `error`, `message`, or a `message` within `error`."""
    try:
        answer = msgspec.json.decode(body, type=_Complaint)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    inner = answer.error.get("message") if isinstance(answer.error, dict) else answer.error
    said = (text.strip(" .") for text in (inner, answer.message) if isinstance(text, str))
    return ". ".join(dict.fromkeys(text for text in said if text))


def _status_in_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


_FAULTS: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((below.NameResolutionError,), "cannot be found: its name does not resolve"),
    ((ssl.SSLCertVerificationError,), "could not be trusted: its certificate is not accepted"),
    ((ssl.SSLError, below.SSLError), "could not be reached over an encrypted connection"),
    ((below.ProxyError,), "could not be reached through the proxy"),
    ((ConnectionRefusedError,), "accepts no connection on its port"),
    ((TimeoutError, below.TimeoutError), "did not answer in time"),
    ((IncompleteRead, below.InvalidChunkLength), "broke off in the middle of its answer"),
    ((ConnectionError, below.ProtocolError), "closed the connection"),
    ((ValueError, below.LocationValueError), "is not an address that can be called"),
)

_BEFORE_SENDING: Final = (
    *(below.NewConnectionError, below.ConnectTimeoutError, below.ProxyError),
    *(ssl.SSLCertVerificationError, ConnectionRefusedError, below.LocationValueError),
)

_QUERY = re.compile(r"(/[^\s?\"']*\?|api_key=)[^\s\"'<>)]+")


def _without_queries(text: str) -> str:
    return _QUERY.sub(r"\1…", text)


class _HideQueries(logging.Filter):
    """urllib3 logs paths with their query, which holds the key or the signature of a link."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _without_queries(record.getMessage()), None
        return True


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_HideQueries())
