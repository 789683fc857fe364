"""HTTP routes of the previews, on the same origin as the dashboard.

    /frametally/thumbnails/<ticket>   a JPEG picture of a stored video
    /frametally/sparklines/<ticket>   the counts of a job, JSON

A ticket is the same for the same content and holder, so browsers keep what they have received.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from frametally.errors import FrametallyError
from frametally.library.holder import holder_of
from frametally.library.library import Library
from frametally.library.tickets import Tickets
from frametally.network.routes import Check, GuardedRoute, Handler, HttpError, is_about_job
from frametally.previews.sparkline import load_sparkline
from frametally.previews.thumbnail import thumbnail_file
from frametally.results import results_version

THUMBNAILS_PREFIX: Final = "/frametally/thumbnails/"
SPARKLINES_PREFIX: Final = "/frametally/sparklines/"
_KEPT: Final = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_NOT_KEPT: Final = {"Cache-Control": "no-store"}
_MAX_AT_ONCE: Final = 2
"""Previews that are made at the same time; the dashboard stays responsive."""


def preview_routes(library: Library, tickets: Tickets, results_dir: Path) -> list[GuardedRoute]:
    """The routes for thumbnails and sparklines."""
    at_once = asyncio.Semaphore(_MAX_AT_ONCE)

    def thumbnail(key: str) -> Response:
        video = library.get(key)
        path = thumbnail_file(video) if video else None
        if path is None:
            raise HttpError(404, "There is no picture of this video.")
        return Response(path.read_bytes(), media_type="image/jpeg", headers=_KEPT)

    def sparkline(key: str) -> Response:
        content = msgspec.json.encode(load_sparkline(results_dir / key.partition("@")[0]))
        return Response(content, media_type="application/json", headers=_KEPT)

    return [
        _route(THUMBNAILS_PREFIX, "Get a thumbnail of a video", thumbnail, tickets, at_once),
        _route(SPARKLINES_PREFIX, "Get the counts of a job in short", sparkline, tickets, at_once),
    ]


def thumbnail_url(library: Library, tickets: Tickets, sha256: str | None) -> str:
    """Relative URL of the picture of a stored video; empty if the library does not have the video."""
    return f".{THUMBNAILS_PREFIX}{tickets.for_preview(sha256)}" if sha256 and library.videos.has(sha256) else ""


def sparkline_url(results_dir: Path, tickets: Tickets, job_id: str) -> str:
    """Relative URL of the counts of a finished job; empty if it has no results. New results get another one."""
    version = results_version(results_dir / job_id)
    return f".{SPARKLINES_PREFIX}{tickets.for_preview(f'{job_id}@{version}')}" if version else ""


def _route(
    prefix: str, purpose: str, make: Callable[[str], Response], tickets: Tickets, at_once: asyncio.Semaphore
) -> GuardedRoute:
    async def verify(request: Request) -> None:
        request.state.preview = tickets.held_by(holder_of(request)).check_preview(request.path_params["ticket"])
        job_id, at, _ = request.state.preview.partition("@")
        if at:  # the counts of a job, not the picture of a video
            is_about_job(request, job_id)

    async def send(request: Request) -> Response:
        async with at_once:
            return await run_in_threadpool(make, request.state.preview)

    return GuardedRoute(
        path=prefix + "{ticket}",
        methods=("GET",),
        handler=send,
        purpose=purpose,
        check=Check("preview ticket", verify),
        middleware=_without_preview,
    )


def _without_preview(handler: Handler) -> Handler:
    """Answer 404 if there is no preview; the list then shows a placeholder."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except (FrametallyError, OSError) as error:
            if isinstance(error, HttpError) and error.status_code in (401, 403):  # not for this person
                return Response(status_code=error.status_code, headers=_NOT_KEPT)
            return Response(status_code=404, headers=_NOT_KEPT)

    return answered
