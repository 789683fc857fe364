"""Who holds a ticket: one person in one browser, and whether a page of theirs is open."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

LIVE_S: Final = 600.0
"""A ticket is valid for so long after the last page of its holder: a tab renews it as long as it is open."""
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


class OpenPages:
    """When a page of each holder was seen last. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, live_s: float = LIVE_S) -> None:
        self._clock, self._live_s = clock, live_s
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

    def has(self, holder: Holder) -> bool:
        """Whether a page was open a moment ago. After a start of this process, pages that were open connect again."""
        with self._lock:
            seen_s = self._seen_s.get(holder.mark, self._began_s)
        return self._clock() - seen_s < self._live_s


def holder_of(request: Request) -> Holder:
    """Who makes the request; the operator if its check does not set one."""
    holder: Holder = getattr(request.state, "holder", None) or Holder()
    return holder
