"""How often links were opened: counted in memory, and written together every few seconds."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

WRITE_EVERY_S: Final = 10.0
_LOG = logging.getLogger(__name__)


class ViewCounter:
    """Counts views; safe to use from any thread. A thread runs only while there is something to write."""

    def __init__(self, write: Callable[[Mapping[str, int]], None], every_s: float = WRITE_EVERY_S) -> None:
        """`write`: adds views, by id of the share."""
        self._write = write
        self._every_s = every_s
        self._lock = threading.Lock()
        self._views: Counter[str] = Counter()
        self._timer: threading.Timer | None = None

    def add(self, share_id: str) -> None:
        """Count one view."""
        with self._lock:
            self._views[share_id] += 1
            self._schedule()

    def flush(self) -> None:
        """Write what has been counted; if the ledger is away, it is tried again later."""
        with self._lock:
            views, self._views = self._views, Counter()
            if self._timer:
                self._timer.cancel()
            self._timer = None
        if not views:
            return
        try:
            self._write(views)
        except Exception:  # the ledger may be unavailable for a while
            _LOG.warning("Views of links could not be written; trying again")
            with self._lock:
                self._views.update(views)
                self._schedule()

    def _schedule(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(self._every_s, self.flush)
            self._timer.name, self._timer.daemon = "views of links", True
            self._timer.start()
