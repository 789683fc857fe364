"""Short descriptions of failures below HTTP. The messages of requests and urllib3 contain the URL, and so may a key."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.client import IncompleteRead
from typing import Final

from urllib3 import exceptions

_FAULTS: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((exceptions.NameResolutionError,), "name not found"),
    ((ssl.SSLCertVerificationError,), "certificate not trusted"),
    ((ssl.SSLError, exceptions.SSLError), "TLS error"),
    ((exceptions.ProxyError,), "proxy error"),
    ((ConnectionRefusedError,), "connection refused"),
    ((TimeoutError, exceptions.TimeoutError), "timed out"),
    ((IncompleteRead, exceptions.InvalidChunkLength), "response cut short"),
    ((ConnectionError, exceptions.ProtocolError), "connection closed"),
    ((exceptions.InvalidHeader,), "invalid header"),
    ((ValueError, exceptions.LocationValueError), "invalid address"),
)
_BEFORE_SENDING: Final = (
    *(exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyError),
    *(ssl.SSLCertVerificationError, ConnectionRefusedError, exceptions.LocationValueError),
)


def describe_fault(error: Exception) -> str:
    """The cause in two or three words: `connection refused`, `timed out`."""
    chain = list(_underlying(error))
    for kinds, words in _FAULTS:
        if any(isinstance(cause, kinds) for cause in chain):
            return words
    return "connection failed"


def was_sent(error: Exception) -> bool:
    """Whether the server may have received anything of the request."""
    return not any(isinstance(cause, _BEFORE_SENDING) for cause in _underlying(error))


def _underlying(error: BaseException) -> Iterator[BaseException]:
    """The exception and all it wraps: requests and urllib3 wrap by argument, by `reason`, by cause and by context."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        waiting.extend(item for item in wrapped if isinstance(item, BaseException))
