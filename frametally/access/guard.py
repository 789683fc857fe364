"""Routes ask who makes a request, in addition to what the request presents, and end with the rights of that person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from frametally.access.permissions import Action, advice, may
from frametally.access.person import Person, Role
from frametally.network.routes import Check, GuardedRoute, Handler, HttpError, is_still_allowed

ROUTE_ACTIONS: Final[Mapping[str, Action | None]] = {
    "public": None,
    "API key": None,
    "signed upload link": None,
    "signed results link": None,
    "upload ticket": Action.ADD_VIDEO,
    "upload id": Action.ADD_VIDEO,
    "file ticket": Action.LOOK,
    "view ticket": Action.LOOK,
    "preview ticket": Action.LOOK,
    "stream ticket": Action.LOOK,
}
"""What a person needs besides what the check requires, by the check's name; None: the check alone decides.

Services and scripts present a key or a signed link and are no people.
"""
_ENDS_ITSELF: Final = "stream ticket"
"""The handler asks `is_still_allowed`, and ends its stream in order."""
ASK_EVERY_S: Final = 0.5
"""How often a running response asks."""


def for_people(routes: Iterable[GuardedRoute], person_of: Callable[[Request], Person]) -> list[GuardedRoute]:
    """The routes with checks that also ask who makes the request.

    Raises:
        KeyError: `ROUTE_ACTIONS` lacks the check of a route.
    """
    return [_for_people(route, ROUTE_ACTIONS[route.check.name], person_of) for route in routes]


def _for_people(route: GuardedRoute, action: Action | None, person_of: Callable[[Request], Person]) -> GuardedRoute:
    if action is None:
        return route
    handler = route.handler if route.check.name == _ENDS_ITSELF else _ending(route.handler)
    return replace(route, check=_asking(route.check, action, person_of), handler=handler)


def _asking(check: Check, action: Action, person_of: Callable[[Request], Person]) -> Check:
    async def verify(request: Request) -> None:
        async def is_still_allowed() -> bool:
            return may(await run_in_threadpool(person_of, request), action)

        person = await run_in_threadpool(person_of, request)
        if not may(person, action):
            status_code = 401 if person.role is Role.NONE else 403
            raise HttpError(status_code, f"You cannot {action.value}.", advice(person, action))
        request.state.actor = person.id
        request.state.holder = person.holder
        request.state.is_still_allowed = is_still_allowed if person.id else None  # without a sign-in, nothing ends
        await check.verify(request)

    return replace(check, verify=verify)


def _ending(handler: Handler) -> Handler:
    """The handler, whose response ends with the rights of the person who receives it."""

    async def handle(request: Request) -> Response:
        response = await handler(request)
        return _EndingResponse(request, response) if request.state.is_still_allowed else response

    return handle


class _EndingResponse(Response):
    """Closes the connection of a response that is still being sent when its person may no longer have it."""

    def __init__(self, request: Request, response: Response) -> None:
        self.status_code, self.raw_headers = response.status_code, response.raw_headers
        self.background = None
        self._request, self._response = request, response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks:

            async def end_with_rights() -> None:
                await anyio.sleep(ASK_EVERY_S)  # most responses are sent before that
                while await is_still_allowed(self._request):
                    await anyio.sleep(ASK_EVERY_S)
                tasks.cancel_scope.cancel()

            tasks.start_soon(end_with_rights)
            await self._response(scope, receive, send)
            tasks.cancel_scope.cancel()
