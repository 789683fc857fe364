"""A stream of server-sent events that tells open pages that jobs have ended.

    /frametally/ends/<ticket>?after=<event id>

Each message is the id of the newest event that ended a job. It says nothing about the job: the page reads the ledger.
While the stream is open, the tickets of its page stay valid.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

import anyio
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from frametally.ledger.ledger import Ledger
from frametally.library.holder import holder_of
from frametally.library.routes import errors_as_json
from frametally.library.tickets import Tickets
from frametally.network.routes import Check, GuardedRoute, is_still_allowed, only_owner_of
from frametally.notifications.outbox import last_end

ENDS_PREFIX: Final = "/frametally/ends/"
POLL_S: Final = 1.0
PING_S: Final = 30
"""A comment is sent this often, so that proxies keep a quiet connection open."""


class EndStream:
    """The messages of all open streams: they share one query of the ledger per `POLL_S`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = anyio.Lock()
        self._asked_at_s = float("-inf")
        self._newest = 0

    async def messages(
        self,
        after: int,
        stopping: anyio.Event,
        is_allowed: Callable[[], Awaitable[bool]],
        renew: Callable[[], None],
        owner: str | None = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """A message for each change of the newest end after this event, until the server stops or rights end.

        `renew`: called as long as the page is open. `owner`: the person whose jobs alone the page shows; None: all.
        """
        known = after
        while not stopping.is_set() and await is_allowed():
            renew()
            if (newest := await self._newest_end()) > known:
                known = newest
                own = newest if owner is None else await run_in_threadpool(last_end, self._ledger.seen_by(owner))
                if own > after:
                    after = own
                    yield ServerSentEvent(data=str(own), id=str(own))
            with anyio.move_on_after(POLL_S):
                await stopping.wait()

    async def _newest_end(self) -> int:
        async with self._lock:
            now_s = anyio.current_time()
            if now_s - self._asked_at_s >= POLL_S:
                self._asked_at_s = now_s
                with suppress(SQLAlchemyError):  # a temporary outage; the pages show it
                    self._newest = await run_in_threadpool(last_end, self._ledger)
        return self._newest


def end_routes(ledger: Ledger, tickets: Tickets) -> list[GuardedRoute]:
    """The route of the stream; it requires a ticket of `Tickets.for_ends`."""
    stream = EndStream(ledger)

    async def verify(request: Request) -> None:
        tickets.held_by(holder_of(request)).check_ends(request.path_params["ticket"])

    async def send(request: Request) -> Response:
        seen = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(seen) if seen.isdecimal() and len(seen) < 20 else 0
        stopping = anyio.Event()
        renew = tickets.held_by(holder_of(request)).renew
        is_allowed = partial(is_still_allowed, request)
        messages = stream.messages(after, stopping, is_allowed, renew, only_owner_of(request))
        return EventSourceResponse(messages, ping=PING_S, shutdown_event=stopping, shutdown_grace_period=POLL_S)

    return [
        GuardedRoute(
            path=ENDS_PREFIX + "{ticket}",
            methods=("GET",),
            handler=send,
            purpose="Stream the ids of events that end jobs",
            check=Check("stream ticket", verify),
            middleware=errors_as_json,
        )
    ]
