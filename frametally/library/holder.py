"""Who holds a ticket: one person in one browser, and whether a page of theirs is open."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.requests import Request

LIVE_S: Final = 600.0
"""A ticket is valid for so long after the last page of its holder: a tab renews it as long as it is open."""
_RECORD_EVERY_S: Final = 60.0
_ASK_EVERY_S: Final = 1.0
"""About holders whose pages are not open here."""
_MAX_HOLDERS: Final = 10_000
"""Those seen least recently are forgotten."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A person, and the sign-in of one browser; without a sign-in, the kind of visitor."""

    person: str = ""
    """Empty for the operator of a deployment without sign-in."""
    session: str = ""

    @property
    def mark(self) -> str:
        """What a ticket contains of them: a digest, as its URL is kept in the history of a browser."""
        return hashlib.sha256(f"{self.person}\n{self.session}".encode()).hexdigest()[:16]


class Elsewhere(Protocol):
    """What other dashboards know about open pages."""

    def record(self, mark: str) -> None:
        """A page of the holder with this mark is open here."""

    def idle_s(self, mark: str) -> float | None:
        """Seconds since a page of the holder was open at any dashboard; None if that is not known."""


class OpenPages:
    """When a page of each holder was seen last. Safe to share between threads."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        live_s: float = LIVE_S,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._clock, self._live_s, self._elsewhere = clock, live_s, elsewhere
        self._recorded_s: dict[str, float] = {}
        self._asked_s: dict[str, float] = {}
        self._lock = threading.Lock()
        self._seen_s: dict[str, float] = {}
        self._began_s = clock()

    def see(self, holder: Holder) -> None:
        """A page of this holder is open."""
        with self._lock:
            self._seen_s.pop(holder.mark, None)
            self._seen_s[holder.mark] = self._clock()
            if len(self._seen_s) > _MAX_HOLDERS:
                del self._seen_s[next(iter(self._seen_s))]
        if self._elsewhere and self._is_due(self._recorded_s, holder.mark, _RECORD_EVERY_S):
            self._elsewhere.record(holder.mark)

    def has(self, holder: Holder) -> bool:
        """Whether a page was open a moment ago. After a start of this process, pages that were open connect again."""
        with self._lock:
            seen_s = self._seen_s.get(holder.mark, self._began_s)
        if self._clock() - seen_s < self._live_s:
            return True
        if not self._elsewhere or not self._is_due(self._asked_s, holder.mark, _ASK_EVERY_S):
            return False
        idle_s = self._elsewhere.idle_s(holder.mark)
        if idle_s is None or idle_s >= self._live_s:
            return False
        with self._lock:
            self._seen_s[holder.mark] = max(self._clock() - idle_s, seen_s)
        return True

    def _is_due(self, last_s: dict[str, float], mark: str, every_s: float) -> bool:
        """Whether it was not done for this mark in the last `every_s`; counts as done now."""
        with self._lock:
            now_s = self._clock()
            if now_s - last_s.get(mark, -math.inf) < every_s:
                return False
            if len(last_s) > _MAX_HOLDERS:
                last_s.clear()
            last_s[mark] = now_s
            return True


def holder_of(request: Request) -> Holder:
    """Who makes the request; the operator if its check does not set one."""
    holder: Holder = getattr(request.state, "holder", None) or Holder()
    return holder
