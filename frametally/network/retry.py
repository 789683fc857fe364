"""Retries of one HTTP request inside a process, and the `Retry-After` header.

`stamina` does not fit: its sleep cannot be injected, and it can only be switched off for the whole process, while pages
must not retry and the watcher in the same process must.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from frametally.backoff import Backoff

T = TypeVar("T")

MAX_RETRY_AFTER_S: Final = 3600.0


def call_with_retries(
    attempt: Callable[[], T],
    *,
    on: tuple[type[Exception], ...],
    retries: int,
    backoff: Backoff,
    max_wait_s: float,
    sleep: Callable[[float], None],
) -> T:
    """Call `attempt` until it succeeds, at most `1 + retries` times; the last error is raised.

    Waits for the back-off, or for the error's `retry_after_s` if that is longer. An error that asks for more than
    `max_wait_s` is raised at once.
    """
    for failures in range(retries):
        try:
            return attempt()
        except on as error:
            wait_s = max(backoff.wait_s(failures), getattr(error, "retry_after_s", None) or 0.0)
            if wait_s > max_wait_s:
                raise
        sleep(wait_s)
    return attempt()


def parse_retry_after(header: str | None) -> float | None:
    """Seconds to wait, at most `MAX_RETRY_AFTER_S`; None if missing or malformed.

    The header has seconds or an HTTP date (RFC 9110, 10.2.3).
    """
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
