"""The base path of an app: with and without a proxy that strips it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message

from frametally.network.base_path import AddBasePath, parse_base_path, with_base_path
from frametally.network.routes import PUBLIC, GuardedRoute, app_url_of, starlette_routes

BASE = "/tools/tally"


async def app_url(request: Request) -> Response:
    return PlainTextResponse(app_url_of(request))


ROUTE = GuardedRoute(
    path="/thing", methods=("GET",), handler=app_url, purpose="Test", check=PUBLIC, middleware=lambda handler: handler
)


def finish(call: Awaitable[None]) -> None:
    """Run a call that never waits; `asyncio.run` fails where a test of this process has left a loop running."""
    with pytest.raises(StopIteration):
        next(call.__await__())


def answer_to(path: str, base_path: str = "", **headers: str) -> str:
    """Body of the response to a GET, or its status if it is not 200."""
    app: Any = Starlette(routes=starlette_routes([ROUTE], base_path))
    if base_path:
        app = AddBasePath(app, base_path)
    sent: list[Message] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "scheme": "https",
        "query_string": b"",
        "headers": [(b"host", b"example.com"), *((name.encode(), value.encode()) for name, value in headers.items())],
    }

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    finish(app(scope, receive, send))
    return sent[1]["body"].decode() if sent[0]["status"] == 200 else str(sent[0]["status"])


@pytest.mark.parametrize("path", [f"{BASE}/thing", "/thing"])
def test_routes_are_below_the_base_path_whether_a_proxy_strips_it_or_not(path: str) -> None:
    assert answer_to(path, BASE) == f"https://example.com{BASE}"


def test_without_a_base_path_nothing_is_below_one() -> None:
    assert answer_to("/thing") == "https://example.com"
    assert answer_to(f"{BASE}/thing") == "404"


def test_a_longer_name_is_not_the_base_path() -> None:
    assert answer_to(f"{BASE}s/thing", BASE) == "404"


def test_links_contain_the_path_that_a_proxy_has_stripped() -> None:
    stripped = {"x-forwarded-prefix": "/tally/"}
    assert answer_to("/thing", **stripped) == "https://example.com/tally"
    assert answer_to("/thing", BASE, **stripped) == "https://example.com/tally"


@pytest.mark.parametrize("prefix", ["@evil.example", "//evil.example", ".evil.example", "/a b", "/a?b", "/"])
def test_a_prefix_that_is_no_path_is_ignored(prefix: str) -> None:
    assert answer_to("/thing", **{"x-forwarded-prefix": prefix}) == "https://example.com"


def test_a_websocket_gets_the_base_path_too() -> None:
    seen = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append((scope["path"], scope["raw_path"]))

    stream: Any = {"type": "websocket", "path": "/_stcore/stream", "raw_path": b"/_stcore/stream"}
    finish(AddBasePath(app, BASE)(stream, None, None))  # type: ignore[arg-type]
    assert seen == [(f"{BASE}/_stcore/stream", f"{BASE}/_stcore/stream".encode())]


@pytest.mark.parametrize(
    ("option", "path"), [(None, ""), ("", ""), ("/", ""), ("tally", "/tally"), ("/tools/tally/", BASE)]
)
def test_the_option_of_streamlit_is_read_with_or_without_slashes(option: str | None, path: str) -> None:
    assert parse_base_path(option) == path


@pytest.mark.parametrize(
    ("url", "base_path", "expected"),
    [
        ("https://example.com", BASE, f"https://example.com{BASE}"),
        (f"https://example.com{BASE}", BASE, f"https://example.com{BASE}"),
        ("https://example.com/other", BASE, "https://example.com/other"),
        ("https://example.com", "", "https://example.com"),
    ],
)
def test_the_public_url_gets_the_base_path_unless_it_has_a_path(url: str, base_path: str, expected: str) -> None:
    assert with_base_path(url, base_path) == expected
