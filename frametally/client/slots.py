"""How many jobs are advanced at the same time: for each service its own, so that a slow one delays no other.

The jobs of the built-in engine never wait for those of a service elsewhere.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

from frametally.job import EMBEDDED

ENGINE_SLOTS: Final = 8
SERVICE_SLOTS: Final = 4
"""Jobs of one service elsewhere."""
REMOTE_SLOTS: Final = 32
"""Jobs of all services elsewhere; each is a thread, which mostly waits."""


class Slots:
    """The slots of one process. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def free(self, service: str) -> int:
        """How many more jobs of this service may be advanced."""
        with self._lock:
            return self._free(service)

    def try_take(self, service: str) -> bool:
        """Take a slot for a job of this service if one is free."""
        with self._lock:
            is_free = self._free(service) > 0
            self._taken[service] += is_free
            return is_free

    def take(self, service: str) -> None:
        """Take a slot for a job of this service."""
        with self._lock:
            self._taken[service] += 1

    def release(self, service: str) -> None:
        """Release the slot of such a job."""
        with self._lock:
            self._taken[service] -= 1

    def _free(self, service: str) -> int:
        if service == EMBEDDED:
            return ENGINE_SLOTS - self._taken[service]
        remote = self._taken.total() - self._taken[EMBEDDED]
        return min(SERVICE_SLOTS - self._taken[service], REMOTE_SLOTS - remote)
