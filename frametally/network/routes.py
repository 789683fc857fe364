"""The HTTP routes of the app: each declares its purpose and the check that guards it.

Packages return `GuardedRoute`s; `app.py` turns all of them into Starlette routes in one place. A check is a required
field, so a route without one cannot be declared.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frametally.errors import FrametallyError
from frametally.network.base_path import forwarded_prefix
from frametally.network.doors.secrets import same_secret

Handler = Callable[[Request], Awaitable[Response]]
Middleware = Callable[[Handler], Handler]
_T = TypeVar("_T")


class HttpError(FrametallyError):
    """An error with the HTTP status of its response."""

    def __init__(self, status_code: int, what: str, next_step: str = "") -> None:
        super().__init__(what, next_step)
        self.status_code = status_code

    @classmethod
    def of(cls, status_code: int, error: FrametallyError) -> HttpError:
        """The same message with a status code."""
        return cls(status_code, error.what, error.next_step)


@dataclass(frozen=True)
class Check:
    """Decides whether a request reaches its handler."""

    name: str
    """What the request must present: `API key`, `signed link`, `upload ticket`."""
    verify: Callable[[Request], Awaitable[None]] = field(repr=False)
    """Raises a `FrametallyError` if the request is refused. May set `request.state.actor`; see `actor_of`."""


@dataclass(frozen=True, kw_only=True)
class GuardedRoute:
    """One handler, with its path and methods, the check of its requests, and the middleware around both."""

    path: str
    methods: tuple[str, ...]
    handler: Handler
    purpose: str
    """One line, for the list of routes."""
    check: Check
    middleware: Middleware
    """Wraps check and handler: turns their errors into responses in the format of the API."""


class DeclaredRoute(Route):
    """A Starlette route with the declarations that it was made from."""

    def __init__(self, path: str, declared: list[GuardedRoute], base_path: str = "") -> None:
        handlers = {method: _guarded(route) for route in declared for method in route.methods}

        async def endpoint(request: Request) -> Response:
            request.state.base_path = forwarded_prefix(request) or base_path
            is_implied_head = request.method == "HEAD" and "HEAD" not in handlers
            return await handlers["GET" if is_implied_head else request.method](request)

        # One route for all methods of a path: a 405 response then lists them in its Allow header.
        super().__init__(base_path + path, endpoint, methods=list(handlers))
        self.declared = declared


def starlette_routes(declared: Iterable[GuardedRoute], base_path: str = "") -> list[DeclaredRoute]:
    """Build one Starlette route per path; each request passes the check of its method before the handler.

    `base_path`: the path below which the app is served, e.g. `/tools/tally`; see `base_path.py`.
    """
    by_path: dict[str, list[GuardedRoute]] = {}
    for route in declared:
        by_path.setdefault(route.path, []).append(route)
    return [DeclaredRoute(path, routes, base_path) for path, routes in by_path.items()]


def with_optional_slash(routes: Iterable[GuardedRoute]) -> list[GuardedRoute]:
    """Each route with and without a trailing slash; `/` stays as it is."""
    return [replace(route, path=path) for route in routes for path in _spellings(route.path)]


def api_key_check(key: str, why: Callable[[], str] = str) -> Check:
    """Requires this key as the query parameter `api_key`; compared in constant time.

    `why`: a reason for which a correct key may be refused, for the response; empty if there is none.
    """

    async def verify(request: Request) -> None:
        if not same_secret(request.query_params.get("api_key", ""), key):
            next_step = why() or "Send the engine's key as ?api_key=…."
            raise HttpError(401, "The API key is missing or wrong.", next_step)

    return Check("API key", verify)


def app_url_of(request: Request) -> str:
    """The URL of the app as the client sees it, without a trailing slash: `https://host/tools/tally`."""
    return f"{request.url.scheme}://{request.url.netloc}{request.state.base_path}"


def actor_of(request: Request) -> str | None:
    """The user who makes the request; None if its check does not set one."""
    return getattr(request.state, "actor", None)


def only_owner_of(request: Request) -> str | None:
    """The owner whose jobs alone the user sees; None: all."""
    return getattr(request.state, "only_owner", None)


def is_about_job(request: Request, job_id: str) -> None:
    """State whose results the request is for, in a check: whether the user sees that job is asked afterwards."""
    request.state.about_job_id = job_id


async def is_still_allowed(request: Request) -> bool:
    """Whether the user who makes the request still may: a long response ends with the sign-in of its user."""
    ask = getattr(request.state, "is_still_allowed", None)
    return ask is None or bool(await ask())


def _guarded(route: GuardedRoute) -> Handler:
    async def checked(request: Request) -> Response:
        await route.check.verify(request)
        return await route.handler(request)

    return route.middleware(checked)


def _spellings(path: str) -> list[str]:
    bare = path.rstrip("/")
    return [bare, f"{bare}/"] if bare else ["/"]


async def _accept(_: Request) -> None:
    """Accept every request."""


PUBLIC = Check("public", _accept)


async def read_body(request: Request, max_bytes: int, too_long: str, next_step: str) -> bytes:
    """The body of a request.

    Raises:
        HttpError: 413 with `too_long`, as soon as it has more than `max_bytes`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise HttpError(413, too_long, next_step)
    return bytes(body)


async def read_message(request: Request, kind: type[_T], max_bytes: int) -> _T:
    """The JSON body of a request to an API as a message.

    Raises:
        HttpError: the body is larger than `max_bytes`, or does not match the message type.
    """
    body = await read_body(request, max_bytes, "The JSON body is too large.", f"The limit is {max_bytes} bytes.")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, "The JSON body does not match the API.", str(error)) from error


def decode_body(content: bytes, kind: type[_T]) -> _T:
    """The JSON that a page has sent, checked.

    Raises:
        HttpError: 400, it is not of this kind.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, f"This request is not valid: {error}.", "Reload the page.") from error
