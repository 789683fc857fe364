"""HTTP routes of lines and zones.

    /frametally/views/<ticket>/regions                     POST: what a set of lines and zones counts in the view
    /frametally/views/<ticket>/regions/moments             POST: the moments that answer a question
    /frametally/views/<ticket>/regions/comparison          POST: several jobs of one camera, side by side
    /frametally/views/<ticket>/regions/trajectories.jpg    the paths of objects
    /frametally/views/<ticket>/regions/heat.jpg            where objects stayed

A ticket authorizes each request. While the objects are being tracked, the answer says how far that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from frametally.analysis.view import View
from frametally.library.holder import holder_of
from frametally.network.compression import compressed_response
from frametally.network.routes import GuardedRoute, Handler, HttpError, read_body
from frametally.regions.shapes import MAX_BYTES
from frametally.rendering.playback.routes import filtered_view, view_route, view_ticket_check
from frametally.rendering.playback.sources import Source
from frametally.rendering.regions.answers import PICTURES, Answers, require_boxes

_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_PICTURE_HEADERS: Final = {**_HEADERS, "Cache-Control": "private, max-age=43200"}
_TOO_LARGE: Final = ("This set of lines and zones is too large.", "Remove some of its shapes.")
_MAX_DRAWN: Final = 1
"""Pictures that are drawn at the same time."""


def region_routes(answers: Answers) -> list[GuardedRoute]:
    """The routes of the tab."""
    check = view_ticket_check(answers.tickets)

    def comparison(held: Answers, _: Source, view: View, content: bytes) -> bytes:
        return held.comparison(view, content)

    return [
        view_route("regions", _posted(answers, Answers.count), "Count with lines and zones", check, "POST"),
        view_route("regions/moments", _posted(answers, Answers.moments), "Find moments", check, "POST"),
        view_route("regions/comparison", _posted(answers, comparison), "Compare jobs of a camera", check, "POST"),
        view_route("regions/{kind}.jpg", _picture_handler(answers), "Get a picture of how objects moved", check),
    ]


def _posted(answers: Answers, act: Callable[[Answers, Source, View, bytes], bytes]) -> Handler:
    """Send the answer to the body of the request, JSON."""

    def answer(request: Request, content: bytes) -> bytes:
        source = answers.sources.get(request.state.view_ticket)
        require_boxes(source)
        refuse_job = getattr(request.state, "refuse_job", answers.refuse_job)
        tickets = answers.tickets.held_by(holder_of(request))  # for those in the body
        held = replace(answers, tickets=tickets, refuse_job=refuse_job)
        return act(held, source, filtered_view(source, request), content)

    async def send(request: Request) -> Response:
        content = await read_body(request, MAX_BYTES, *_TOO_LARGE)
        found = await run_in_threadpool(answer, request, content)
        return await run_in_threadpool(compressed_response, request, found, _HEADERS, "application/json")

    return send


def _picture_handler(answers: Answers) -> Handler:
    turns = asyncio.Semaphore(_MAX_DRAWN)

    def draw(request: Request) -> bytes:
        source = answers.sources.get(request.state.view_ticket)
        require_boxes(source)
        return answers.picture(source, filtered_view(source, request), request.path_params["kind"])

    async def send(request: Request) -> Response:
        if request.path_params["kind"] not in PICTURES:
            raise HttpError(404, "There is no such picture.")
        async with turns:
            content = await run_in_threadpool(draw, request)
        return Response(content, headers=_PICTURE_HEADERS, media_type="image/jpeg")

    return send
