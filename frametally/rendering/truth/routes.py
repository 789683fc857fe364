"""HTTP routes of the tab *Ground truth*.

    /frametally/views/<ticket>/truth    what labels say about the view; POST: a file with labels; DELETE: remove them
    /frametally/views/<ticket>/truth/frames/<entry>.jpg    a compared frame: what is missing, too many and right

The file is the body of the request; `name`, `first` and `step` are query parameters. With `job`, the labels of another
job of the video are used instead. Each answers what the labels then say. A ticket authorizes each request, and the role
of the person those that change something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from frametally.access.person import Person
from frametally.evaluation.formats.numbering import Numbering
from frametally.library.tickets import Tickets
from frametally.network.compression import compressed_response
from frametally.network.routes import GuardedRoute, Handler, HttpError
from frametally.rendering.playback.routes import filtered_view, view_route, view_ticket_check
from frametally.rendering.playback.sources import Source, Sources
from frametally.rendering.truth.truths import Truths
from frametally.storage.derived import make_derived_folder
from frametally.storage.file_names import clean_file_name, safe_file_name
from frametally.storage.space import check_room

MAX_BYTES: Final = 64 << 20
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_BLOCK_BYTES: Final = 1 << 20
_MAX_DRAWN: Final = 1
"""Pictures that are drawn at the same time."""
Act = Callable[[Source, Request], None]


def truth_routes(truths: Truths, sources: Sources, tickets: Tickets) -> list[GuardedRoute]:
    """The routes of the tab."""
    view, labeler = view_ticket_check(tickets), view_ticket_check(tickets, "view ticket of a labeler")

    def remove(source: Source, request: Request) -> None:
        truths.remove(source, actor=_person(request))

    async def get(request: Request) -> Response:
        return await _answered(truths, sources, request, lambda *_: None)

    async def delete(request: Request) -> Response:
        return await _answered(truths, sources, request, remove)

    return [
        view_route("truth", get, "Get what labels say", view),
        view_route("truth", _posting(truths, sources), "Choose labels", labeler, "POST"),
        view_route("truth", delete, "Remove labels", labeler, "DELETE"),
        view_route("truth/frames/{entry:int}.jpg", _pictures(truths, sources), "Get a compared frame", view),
    ]


async def _answered(truths: Truths, sources: Sources, request: Request, act: Act) -> Response:
    def answer() -> bytes:
        source = sources.get(request.state.view_ticket)
        if not source.view.table.kind.has_boxes:
            raise HttpError(404, "These results have no boxes.")
        act(source, request)
        return msgspec.json.encode(truths.answer(source, filtered_view(source, request)))

    content = await run_in_threadpool(answer)
    return await run_in_threadpool(compressed_response, request, content, _HEADERS, "application/json")


def _pictures(truths: Truths, sources: Sources) -> Handler:
    turns = asyncio.Semaphore(_MAX_DRAWN)

    def draw(request: Request) -> bytes:
        source, entry = sources.get(request.state.view_ticket), request.path_params["entry"]
        if not 0 <= entry < len(source.view.results.time_s):
            raise HttpError(404, "There is no such frame.")
        return truths.picture(source, filtered_view(source, request), entry)

    async def send(request: Request) -> Response:
        async with turns:
            content = await run_in_threadpool(draw, request)
        return Response(content, headers=_HEADERS, media_type="image/jpeg")

    return send


def _posting(truths: Truths, sources: Sources) -> Handler:
    """Receive the file into a temporary folder, which is on the disk of the results."""

    def adopt(source: Source, request: Request) -> None:
        job_id = request.query_params["job"]
        if (refuse_job := getattr(request.state, "refuse_job", None)) is not None:
            refuse_job(job_id)
        truths.adopt(source, job_id, actor=_person(request))

    async def post(request: Request) -> Response:
        if "job" in request.query_params:
            return await _answered(truths, sources, request, adopt)
        name, numbering = clean_file_name(request.query_params.get("name", "")) or "labels", _numbering(request)
        source = await run_in_threadpool(sources.get, request.state.view_ticket)
        derived = make_derived_folder(source.view.results.folder)
        check_room(derived, MAX_BYTES, "these labels")
        with TemporaryDirectory(dir=derived) as folder:
            path = Path(folder) / safe_file_name(name)
            await _receive(request, path)

            def keep(source: Source, request: Request) -> None:
                truths.keep(source, path, name, numbering, actor=_person(request))

            return await _answered(truths, sources, request, keep)

    return post


async def _receive(request: Request, path: Path) -> None:
    size = 0
    with path.open("wb", buffering=_BLOCK_BYTES) as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BYTES:
                next_step = "Leave pictures out of it, or use `frametally evaluate`."
                raise HttpError(413, f"The file has more than {MAX_BYTES >> 20} MiB.", next_step)
            file.write(chunk)
    if not size:
        raise HttpError(400, "The file is empty.", "Choose another one.")


def _numbering(request: Request) -> Numbering:
    first, step = request.query_params.get("first", ""), request.query_params.get("step", "1")
    try:
        return Numbering(int(first) if first else None, int(step))
    except ValueError as error:
        raise HttpError(400, "The first frame or the step is not a number.", "Use whole numbers.") from error


def _person(request: Request) -> Person | None:
    """Who asks; None without the checks of `frametally.access.guard`."""
    person: Person | None = getattr(request.state, "person", None)
    return person
