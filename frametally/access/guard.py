"""Routes ask who makes a request, in addition to what the request presents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from frametally.access.permissions import Action, advice, may
from frametally.access.person import Person, Role
from frametally.network.routes import Check, GuardedRoute, HttpError

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


def for_people(routes: Iterable[GuardedRoute], person_of: Callable[[Request], Person]) -> list[GuardedRoute]:
    """The routes with checks that also ask who makes the request.

    Raises:
        KeyError: `ROUTE_ACTIONS` lacks the check of a route.
    """
    return [replace(route, check=_asking(route.check, ROUTE_ACTIONS[route.check.name], person_of)) for route in routes]


def _asking(check: Check, action: Action | None, person_of: Callable[[Request], Person]) -> Check:
    if action is None:
        return check

    async def verify(request: Request) -> None:
        async def is_still_allowed() -> bool:
            return may(await run_in_threadpool(person_of, request), action)

        person = await run_in_threadpool(person_of, request)
        if not may(person, action):
            status_code = 401 if person.role is Role.NONE else 403
            raise HttpError(status_code, f"You cannot {action.value}.", advice(person, action))
        request.state.actor = person.id
        request.state.is_still_allowed = is_still_allowed
        await check.verify(request)

    return replace(check, verify=verify)
