"""A time limit for one exchange with an untrusted server, which ends its connections.

Timeouts of sockets apply to each read: a server that sends single bytes, in the head of its response too, never hits
one. So the connections are shut down from another thread when the time is over.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any, Final, Self

_POLL_S: Final = 0.5
_REPEAT_S: Final = 0.1
"""A connection may be established just after the others were cut."""


class TooSlow(Exception):
    """The time was over before the exchange was complete."""


class Cutoff:
    """Context manager; within it, connections of watched classes are cut when the time is over."""

    def __init__(self, limit_s: float, *, total_s: float | None = None) -> None:
        """`limit_s`: the time until the first call of `allow`, or the end; `total_s`: for all together."""
        now_s = time.monotonic()
        self._last_s = now_s + (limit_s if total_s is None else total_s)
        self._deadline_s = now_s + limit_s
        self._opened: list[socket.socket] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cutoff", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    @property
    def has_passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._deadline_s

    def allow(self, limit_s: float) -> None:
        """Allow this many seconds from now on, within the total; has no effect once the time is over."""
        if not self.has_passed:
            self._deadline_s = min(time.monotonic() + limit_s, self._last_s)

    def check(self) -> None:
        """Raise TooSlow if the time is over: a body without a length seems complete where its connection was cut."""
        if self.has_passed:
            raise TooSlow

    def watched(self, connection: Any) -> Any:
        """A subclass of this class of connections from http.client, which are cut."""
        opened = self._opened

        def connect(self: Any) -> None:
            connection.connect(self)
            opened.append(self.sock)  # a response without a length takes the socket from the connection

        return type("WatchedConnection", (connection,), {"connect": connect})

    def _run(self) -> None:
        while not self._over.wait(self._pause_s()):
            if self.has_passed:
                for opened in list(self._opened):
                    with suppress(OSError):  # closed already
                        opened.shutdown(socket.SHUT_RDWR)

    def _pause_s(self) -> float:
        left_s = self._deadline_s - time.monotonic()
        return _REPEAT_S if left_s <= 0 else min(left_s, _POLL_S)
