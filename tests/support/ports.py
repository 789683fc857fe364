"""Free TCP ports that stay reserved for this process, also when the server of a test has ended."""

from __future__ import annotations

import atexit
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_unused: list[socket.socket] = []
"""Ports reserved by this process that no test uses."""


@contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a free port of 127.0.0.1 that no other process is given while the context is open.

    The socket is bound with `SO_REUSEADDR` and does not listen. Linux then lets a server that sets `SO_REUSEADDR` bind
    the same port, but never picks the port for a socket that asks for any free one. A connection is refused as long as
    the server does not listen. The next context yields the same port, so that a browser finds the scripts of the
    dashboard in its cache.
    """
    reservation = _unused.pop() if _unused else _reserve()
    yield reservation.getsockname()[1]
    _unused.append(reservation)


def _reserve() -> socket.socket:
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind(("127.0.0.1", 0))
    atexit.register(reservation.close)
    return reservation


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port of 127.0.0.1, reserved for the test, that refuses connections until a server of the test binds it."""
    with reserved_port() as port:
        yield port
