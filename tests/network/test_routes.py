"""The declared routes: each has a purpose and a check, and a refused request never reaches its handler."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from frametally.network.routes import (
    PUBLIC,
    Check,
    GuardedRoute,
    Handler,
    HttpError,
    actor_of,
    api_key_check,
    decode_body,
    starlette_routes,
    with_optional_slash,
)
from tests.support.polling import until
from tests.support.served_routes import Row, serving_routes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def app_routes(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The routes that app.py passes to the server, listed by a separate process."""
    with serving_routes(tmp_path_factory.mktemp("data"), {}) as served:
        return served.rows


def test_every_route_of_the_app_declares_purpose_and_check(app_routes: list[Row]) -> None:
    assert {"/", "/videoinfer/", "/frametally/uploads/", "/frametally/files/{ticket}"} <= {
        row.path for row in app_routes
    }
    assert [row for row in app_routes if not (row.methods and row.purpose.strip() and row.check.strip())] == []


def test_only_listed_routes_of_the_app_are_public(app_routes: list[Row]) -> None:
    assert {row.purpose for row in app_routes if row.check == PUBLIC.name} == {
        "Describe the tus server",
        "Refuse other methods in JSON",
        "Get a script or style of a page",
    }


def test_a_refused_request_never_reaches_its_handler() -> None:
    reached: list[str] = []

    async def refuse(_: Request) -> None:
        raise HttpError(403, "Refused.")

    with serve(route("GET", recording(reached), Check("refuses everything", refuse))) as send:
        assert send("GET", "/thing").status_code == 403
    assert reached == []


def test_each_method_of_a_path_has_its_own_check() -> None:
    reached: list[str] = []
    declared = [
        route("GET", recording(reached), PUBLIC),
        route("POST", recording(reached), api_key_check("the-key")),
    ]
    with serve(*declared) as send:
        assert send("GET", "/thing").text == "GET"
        assert send("HEAD", "/thing").status_code == 200
        assert send("POST", "/thing?api_key=wrong").status_code == 401
        assert send("POST", "/thing?api_key=the-key").text == "POST"
        refused = send("PUT", "/thing")
    assert (refused.status_code, set(refused.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "POST"})
    assert reached == ["GET", "HEAD", "POST"]


def test_the_check_names_the_actor_for_the_handler() -> None:
    async def log_in(request: Request) -> None:
        request.state.actor = "ada"

    async def name_actor(request: Request) -> Response:
        return PlainTextResponse(str(actor_of(request)))

    declared = [route("GET", name_actor, Check("login", log_in)), route("POST", name_actor, PUBLIC)]
    with serve(*declared) as send:
        assert (send("GET", "/thing").text, send("POST", "/thing").text) == ("ada", "None")


def test_optional_slash_serves_both_spellings_and_leaves_the_root() -> None:
    declared = [route("GET", recording([]), PUBLIC, path) for path in ("/", "/models", "/jobs/")]
    assert [found.path for found in with_optional_slash(declared)] == ["/", "/models", "/models/", "/jobs", "/jobs/"]


def route(
    method: str, handler: Callable[[Request], Awaitable[Response]], check: Check, path: str = "/thing"
) -> GuardedRoute:
    return GuardedRoute(
        path=path, methods=(method,), handler=handler, purpose="Test", check=check, middleware=errors_as_text
    )


def recording(reached: list[str]) -> Handler:
    async def record(request: Request) -> Response:
        reached.append(request.method)
        return PlainTextResponse(request.method)

    return record


def errors_as_text(handler: Handler) -> Handler:
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except HttpError as error:
            return PlainTextResponse(error.what, error.status_code)

    return answered


@contextmanager
def serve(*declared: GuardedRoute) -> Iterator[Callable[..., requests.Response]]:
    """Serve the routes on a real socket; yields a function that sends (method, path with query)."""
    app = Starlette(routes=starlette_routes(declared))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        until(lambda: server.started)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield lambda method, path="/thing": requests.request(method, url + path, timeout=10)
        finally:
            server.should_exit = True
            thread.join()


class Answer(Struct):
    """What a page may send."""

    count: int = 0


def test_the_json_of_a_page_is_checked() -> None:
    assert decode_body(b'{"count": 3, "other": [1]}', Answer) == Answer(3)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"count": "3"}', b'{"count": 3', b'{"other": ' + b"[" * 5000],
    ids=["empty", "list", "text", "cut", "nested"],
)
def test_other_json_of_a_page_is_refused(body: bytes) -> None:
    with pytest.raises(HttpError, match="not valid") as caught:
        decode_body(body, Answer)
    assert caught.value.status_code == 400
