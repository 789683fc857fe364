"""One document is sent in place of another, and every other response passes unchanged."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest
import requests
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from frametally.network.doors.own_document import OwnDocument
from tests.support.serving import answering

THEIRS, OURS = b"<html><head></head>" + b"their text " * 100, b"<html><head><script>1</script></head>"


async def page(request: Request) -> Response:
    if "if-none-match" in request.headers or "if-modified-since" in request.headers:
        return Response(status_code=304)
    return HTMLResponse(THEIRS, headers={"ETag": '"1"', "Cache-Control": "no-cache"})


async def pieces(_: Request) -> Response:
    async def content() -> AsyncIterator[bytes]:
        yield THEIRS[:500]
        yield THEIRS[500:]

    return StreamingResponse(content(), media_type="text/html")


async def longer(_: Request) -> Response:
    async def content() -> AsyncIterator[bytes]:
        yield THEIRS
        yield b"more"
        yield b"and more"

    return StreamingResponse(content(), media_type="text/html")


async def compressed(_: Request) -> Response:
    return HTMLResponse(gzip.compress(THEIRS * 3), headers={"Content-Encoding": "gzip"})


async def damaged(_: Request) -> Response:
    return HTMLResponse(b"no gzip", headers={"Content-Encoding": "gzip", "X-Damaged": "yes"})


async def text(_: Request) -> Response:
    return PlainTextResponse(THEIRS)


async def missing(_: Request) -> Response:
    return HTMLResponse(THEIRS, 404)


HANDLERS = {
    "page": page,
    "pieces": pieces,
    "longer": longer,
    "compressed": compressed,
    "text": text,
    "missing": missing,
}
ROUTES = [Route(f"/{name}", handler) for name, handler in {**HANDLERS, "damaged": damaged}.items()]
DOOR = Middleware(OwnDocument, theirs=THEIRS, ours=OURS)


@pytest.mark.parametrize("inner", [[], [Middleware(GZipMiddleware, minimum_size=10)]], ids=["plain", "gzip"])
def test_only_that_document_is_replaced(inner: list[Middleware]) -> None:
    with answering(Starlette(routes=ROUTES, middleware=[DOOR, *inner]), lifespan=False) as port:
        answers = {name: requests.get(f"http://127.0.0.1:{port}/{name}", timeout=10) for name in HANDLERS}
        head = requests.head(f"http://127.0.0.1:{port}/page", timeout=10)
    assert {name: answer.content for name, answer in answers.items()} == {
        "page": OURS,
        "pieces": OURS,
        "longer": THEIRS + b"moreand more",
        "compressed": THEIRS * 3,
        "text": THEIRS,
        "missing": THEIRS,
    }
    assert "etag" not in answers["page"].headers  # theirs would be valid after a change of ours
    assert answers["page"].headers["cache-control"] == "no-cache"
    assert head.status_code == 200


def test_damaged_content_passes_as_it_is() -> None:
    app = Starlette(routes=ROUTES, middleware=[DOOR])
    with answering(app, lifespan=False) as port:
        answer = requests.get(f"http://127.0.0.1:{port}/damaged", timeout=10, stream=True)
        assert answer.raw.read(decode_content=False) == b"no gzip"


def test_a_browser_that_keeps_their_document_gets_ours() -> None:
    kept = {"If-None-Match": '"1"', "If-Modified-Since": "Fri, 27 Nov 2026 18:23:48 GMT"}
    with answering(Starlette(routes=ROUTES, middleware=[DOOR]), lifespan=False) as port:
        url = f"http://127.0.0.1:{port}/page"
        answer = requests.get(url, headers={**kept, "Accept": "text/html,*/*;q=0.8"}, timeout=10)
        script = requests.get(url, headers={**kept, "Accept": "*/*"}, timeout=10)
    assert (answer.status_code, answer.content) == (200, OURS)
    assert script.status_code == 304
