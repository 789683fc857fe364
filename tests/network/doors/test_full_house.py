"""How many tabs are let in, and what the others get."""

from __future__ import annotations

import asyncio
import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from frametally.network.doors.full_house import FullHouse, House, HouseLimits, is_document
from tests.support.asgi import LOCAL, REMOTE, Answer, ask, asked
from tests.support.event_loops import run_coroutine

END = b"run ended"
RETURNS = {"Sec-WebSocket-Protocol": "streamlit, xsrf, the-session-it-had"}


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def app(
    house: House, stays: asyncio.Event | None = None, *, ends_run: bool = True, starts_within_s: float = 60
) -> Starlette:
    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        if ends_run:
            await socket.send_bytes(END)
        if stays:
            await stays.wait()

    async def respond(_: Request) -> Response:
        return PlainTextResponse("the page")

    routes = [WebSocketRoute("/_stcore/stream", stream), Route("/{path:path}", respond)]
    door = Middleware(FullHouse, house=house, ends_run=lambda data: data == END, starts_within_s=starts_within_s)
    return Starlette(routes=routes, middleware=[door])


def test_beyond_the_limit_a_document_is_a_page_that_reloads_itself() -> None:
    served = app(House(HouseLimits(open=2), Clock()))
    answers = [asked(served, path) for path in ("/", "/jobs", "/analytics?job=1", "/_stcore/health", "/static/a.js")]
    assert [answer.status_code for answer in answers] == [200, 200, 503, 200, 200]
    full = answers[2]
    wait_s = int(full.headers["retry-after"])
    assert re.search(rf'http-equiv="refresh" content="{wait_s}"', full.text)
    assert "<script" not in full.text
    assert full.headers["cache-control"] == "no-store"


def test_a_document_without_a_session_gives_its_place_back() -> None:
    clock = Clock()
    served = app(House(HouseLimits(open=1), clock))
    assert [asked(served, "/").status_code for _ in range(2)] == [200, 503]
    clock.now_s = 11
    assert asked(served, "/").status_code == 200


def test_a_session_takes_the_place_of_its_document_and_gives_it_back_at_its_end() -> None:
    house = House(HouseLimits(open=1), Clock())
    served = app(house)
    assert asked(served, "/").status_code == 200
    assert asked(served, "/_stcore/stream", scheme="ws").is_accepted
    assert house.open == house.starting == 0
    assert asked(served, "/").status_code == 200


def _with_sessions(
    house: House, path: str, *, ends_run: bool, headers: dict[str, str] | None = None, starts_within_s: float = 60
) -> Answer:
    """The answer while one session is open."""

    async def both() -> Answer:
        stays = asyncio.Event()
        served = app(house, stays, ends_run=ends_run, starts_within_s=starts_within_s)
        session = asyncio.create_task(ask(served, "/_stcore/stream", scheme="ws"))
        await asyncio.sleep(0.01)
        is_socket = path.endswith("stream")
        asking = asyncio.create_task(ask(served, path, headers, scheme="ws" if is_socket else "http"))
        await asyncio.sleep(0.01)
        stays.set()
        await session
        return await asking

    return run_coroutine(both())


@pytest.mark.parametrize(("ends_run", "status"), [(True, 200), (False, 503)])
def test_a_session_counts_as_starting_until_its_first_run_has_ended(ends_run: bool, status: int) -> None:
    house = House(HouseLimits(open=5, starting=1), Clock())
    assert _with_sessions(house, "/", ends_run=ends_run).status_code == status
    assert house.open == house.starting == 0


def test_a_session_that_never_runs_counts_as_starting_for_a_while_only() -> None:
    house = House(HouseLimits(open=5, starting=1), Clock())
    assert _with_sessions(house, "/", ends_run=False, starts_within_s=0).status_code == 200
    assert house.open == house.starting == 0


def test_a_session_that_returns_is_let_in_and_a_new_one_without_a_document_is_not() -> None:
    assert _with_sessions(House(HouseLimits(open=1)), "/_stcore/stream", ends_run=True, headers=RETURNS).is_accepted
    assert not _with_sessions(House(HouseLimits(open=1)), "/_stcore/stream", ends_run=True).is_accepted


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", True),
        ("GET", "/upload", True),
        ("GET", "/nothing/here", True),
        ("POST", "/", False),
        ("GET", "/favicon.png", False),
        ("GET", "/_stcore/health", False),
        ("GET", "/upload/_stcore/health", False),
        ("GET", "/videoinfer", False),
        ("GET", "/frametally/ends/t", False),
    ],
)
def test_documents_are_what_no_route_answers(method: str, path: str, expected: bool) -> None:
    assert is_document(method, path) is expected


def test_one_client_has_a_limit_of_its_own_and_takes_no_room_from_others() -> None:
    house = House(HouseLimits(open=9, per_client=2), Clock())
    served = app(house)
    assert [asked(served, "/").status_code for _ in range(3)] == [200, 200, 503]
    assert asked(served, "/", client="198.51.100.9").status_code == 200
    assert {asked(served, "/", client=LOCAL).status_code for _ in range(4)} == {200}


def test_sessions_count_for_their_client_until_they_end_and_one_that_returns_is_let_in() -> None:
    house = House(HouseLimits(open=99, per_client=2), Clock())
    for client in (REMOTE, REMOTE, "::1", "::1", "::1"):
        house.enter(client)
    assert not house.may_connect(REMOTE, is_known=False)
    assert house.may_connect(REMOTE, is_known=True)
    assert house.may_connect("198.51.100.9", is_known=False)
    assert house.may_connect("::1", is_known=False)
    for _ in range(2):
        house.enter(REMOTE)
    assert not house.may_connect(REMOTE, is_known=True)  # a claim to return does not open any number of tabs
    for _ in range(3):
        house.leave(REMOTE, has_started=True)
    assert house.may_connect(REMOTE, is_known=False)
    assert house.admit(REMOTE)
    assert not house.admit(REMOTE)


def test_a_session_takes_the_place_of_its_own_document() -> None:
    house = House(HouseLimits(open=9, per_client=1), Clock())
    assert house.admit("198.51.100.9")
    assert house.admit(REMOTE)
    house.enter(REMOTE)
    assert house.may_connect("198.51.100.9", is_known=False)
    assert not house.admit("198.51.100.9")
