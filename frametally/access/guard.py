"""Routes ask who makes a request, in addition to what the request presents, and end with the rights of that person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import anyio
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from frametally.access.permissions import Action, advice, may, only_owner
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
    "view ticket of a checker": Action.CHECK_FRAME,
    "view ticket of a labeler": Action.SET_TRUTH,
    "preview ticket": Action.LOOK,
    "stream ticket": Action.LOOK,
    "share link": None,
}
"""What a person needs besides what the check requires, by the check's name; None: the check alone decides.

Services and scripts present a key or a signed link and are no people. A share link serves everyone who has it, as long
as the person who made it may share.
"""
_ENDS_ITSELF: Final = "stream ticket"
"""The handler asks `is_still_allowed`, and ends its stream in order."""
ASK_EVERY_S: Final = 0.5
"""How often a running response asks."""


@dataclass(frozen=True)
class Guard:
    """Who makes a request, and who owns a job."""

    person_of: Callable[[Request], Person]
    owners_of: Callable[[str], Iterable[str | None]]
    """By the id of a job."""

    def refuse_job_of_other(self, person: Person, job_id: str) -> None:
        """Raise HttpError if this person does not see the job."""
        if only_owner(person) is not None and not may(
            person, Action.SEE_JOB, *(list(self.owners_of(job_id)) or [None])
        ):
            raise _refused(person, Action.SEE_JOB)


def for_people(routes: Iterable[GuardedRoute], guard: Guard) -> list[GuardedRoute]:
    """The routes with checks that also ask who makes the request.

    Raises:
        KeyError: `ROUTE_ACTIONS` lacks the check of a route.
    """
    return [_for_people(route, ROUTE_ACTIONS[route.check.name], guard) for route in routes]


def _for_people(route: GuardedRoute, action: Action | None, guard: Guard) -> GuardedRoute:
    if action is None:
        return route
    handler = route.handler if route.check.name == _ENDS_ITSELF else ending(route.handler)
    return replace(route, check=_asking(route.check, action, guard), handler=handler)


def _asking(check: Check, action: Action, guard: Guard) -> Check:
    async def verify(request: Request) -> None:
        async def is_still_allowed() -> bool:
            return may(await run_in_threadpool(guard.person_of, request), action)

        person = await run_in_threadpool(guard.person_of, request)
        if not may(person, action):
            raise _refused(person, action)
        request.state.person = person
        request.state.actor = person.id
        request.state.holder = person.holder
        request.state.is_still_allowed = is_still_allowed if person.id else None  # without a sign-in, nothing ends
        request.state.only_owner = only_owner(person)
        request.state.refuse_job = partial(guard.refuse_job_of_other, person)
        await check.verify(request)
        if (job_id := getattr(request.state, "about_job_id", None)) is not None:
            await run_in_threadpool(guard.refuse_job_of_other, person, job_id)

    return replace(check, verify=verify)


def _refused(person: Person, action: Action) -> HttpError:
    status_code = 401 if person.role is Role.NONE else 403
    return HttpError(status_code, f"You cannot {action.value}.", advice(person, action))


def ending(handler: Handler) -> Handler:
    """The handler, whose response ends with the rights of the person who receives it, or of a link."""

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
                is_allowed = True
                while is_allowed:
                    await anyio.sleep(ASK_EVERY_S)  # most responses are sent before the first time
                    with suppress(SQLAlchemyError):  # a ledger that is away for a moment ends no download
                        is_allowed = await is_still_allowed(self._request)
                tasks.cancel_scope.cancel()

            tasks.start_soon(end_with_rights)
            await self._response(scope, receive, send)
            tasks.cancel_scope.cancel()
