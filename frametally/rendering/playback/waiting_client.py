"""Whether the client of a request still waits for the response."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.requests import Request


@contextmanager
def still_waiting(request: Request) -> Iterator[Callable[[], bool]]:
    """Context manager: a function that says so, for any thread. The body of the request must not be needed."""
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        is_gone = True

    watching = asyncio.ensure_future(watch())
    try:
        yield lambda: not is_gone
    finally:
        watching.cancel()
