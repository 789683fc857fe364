"""Wait for a condition by polling it, instead of sleeping for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(condition: Callable[[], Any], *, limit_s: float = 60, poll_s: float = 0.01) -> Any:
    """Return the first true value of `condition`.

    Raises:
        AssertionError: it was not true within `limit_s`.
    """
    give_up_s = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < give_up_s, f"not true within {limit_s:g} s"
        time.sleep(poll_s)
    return value
