"""While a store does not respond, requests to it fail at once; it is asked in the background until it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

ASK_EVERY_S: Final = 1.0
FORGET_AFTER_S: Final = 30.0
"""After so long without a request, the next one finds out by itself."""


class Outage:
    """Whether the store of this process is out of reach. Safe to share between threads."""

    def __init__(self, responds: Callable[[], bool], *, ask_every_s: float = ASK_EVERY_S) -> None:
        """`responds`: ask the store once, for seconds at most."""
        self._responds, self._ask_every_s = responds, ask_every_s
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ended.set()
        self._asked_s = 0.0

    @property
    def is_over(self) -> bool:
        """To be read before each request."""
        self._asked_s = time.monotonic()
        return self._ended.is_set()

    def begin(self) -> None:
        """A request got no answer, although it was repeated."""
        with self._lock:
            if self._ended.is_set():
                self._ended.clear()
                try:
                    threading.Thread(target=self._watch, name="object storage outage", daemon=True).start()
                except RuntimeError:  # no thread is left: the next request finds out by itself
                    self._ended.set()

    def _watch(self) -> None:
        try:
            while not self._responds() and time.monotonic() - self._asked_s < FORGET_AFTER_S:
                time.sleep(self._ask_every_s)
        finally:
            self._ended.set()
