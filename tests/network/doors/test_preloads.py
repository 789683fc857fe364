"""The addresses that a page names for browsers to load at once."""

from __future__ import annotations

import requests
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from frametally.network.doors.preloads import Preloads
from tests.support.serving import answering

MODULE, SCRIPT = "/assets/1/player.js", "/assets/2/chart.js"


async def page(_: Request) -> Response:
    return HTMLResponse("<p>page</p>", headers={"X-Other": "kept"})


async def text(_: Request) -> Response:
    return PlainTextResponse("text")


def test_only_the_page_that_needs_them_names_them() -> None:
    routes = [Route(path, page) for path in ("/base/analytics", "/jobs")]
    door = Middleware(Preloads, page="/analytics", modules=[MODULE], scripts=[SCRIPT])
    nothing = Middleware(Preloads, page="", modules=[])
    app = Starlette(routes=[*routes, Route("/text/analytics", text)], middleware=[door, nothing])
    with answering(app, lifespan=False) as port:
        answers = {
            path: requests.get(f"http://127.0.0.1:{port}{path}", timeout=10).headers
            for path in ("/base/analytics", "/jobs", "/text/analytics")
        }
    assert answers["/base/analytics"]["link"] == (
        "<./assets/1/player.js>; rel=modulepreload, <./assets/2/chart.js>; rel=preload; as=script"
    )
    assert answers["/base/analytics"]["x-other"] == "kept"
    assert [path for path, headers in answers.items() if "link" in headers] == ["/base/analytics"]
