"""A response that is being sent ends with the rights of its person, and not because the ledger is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import pytest
import requests
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from frametally.access import guard
from frametally.access.guard import Guard, for_people
from frametally.access.person import ANONYMOUS, Person, Role
from frametally.network.routes import Check, GuardedRoute, starlette_routes
from tests.support.serving import answering

ANN = Person(id="person-ann", name="Ann", role=Role.VIEWER)
PIECES = 40


async def send(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(PIECES):
            await anyio.sleep(0.01)
            yield b"piece"

    return StreamingResponse(pieces())


async def anything(_: Request) -> None:
    """The check of the route."""


@pytest.mark.parametrize("later", [ANN, ANONYMOUS, OperationalError("select", {}, Exception("away"))])
def test_a_response_ends_with_the_rights_of_its_person(
    monkeypatch: pytest.MonkeyPatch, later: Person | Exception
) -> None:
    monkeypatch.setattr(guard, "ASK_EVERY_S", 0.02)
    asked: list[Request] = []

    def person_of(request: Request) -> Person:
        asked.append(request)
        if len(asked) == 1:
            return ANN
        if isinstance(later, Exception):
            raise later
        return later

    check = Check("file ticket", anything)
    route = GuardedRoute(
        path="/a", methods=("GET",), handler=send, purpose="Send", check=check, middleware=lambda handler: handler
    )
    routes = for_people([route], Guard(person_of, lambda _: ()))
    received = b""
    with answering(Starlette(routes=starlette_routes(routes)), lifespan=False) as port:
        answer = requests.get(f"http://127.0.0.1:{port}/a", stream=True, timeout=20)
        with suppress(requests.RequestException):
            for piece in answer.iter_content(len(b"piece")):
                received += piece
    assert len(asked) > 1
    assert (received == b"piece" * PIECES) == (later is not ANONYMOUS)
