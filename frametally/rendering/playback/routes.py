"""HTTP routes of the player.

    /frametally/views/<ticket>/times                 times of frames and entries (`frame_times.py`)
    /frametally/views/<ticket>/boxes/<stretch>       boxes of 256 entries (`packed_boxes.py`)
    /frametally/views/<ticket>/shapes/<stretch>      their outlines, keypoints or gaze (`packed_shapes.py`)
    /frametally/views/<ticket>/masks/<stretch>       masks of 256 entries (`packed_masks.py`)
    /frametally/views/<ticket>/counts                counts by threshold (`threshold_counts.py`)
    /frametally/views/<ticket>/peaks                 highest count of each class
    /frametally/views/<ticket>/moments/<kind>        entries to jump to: peaks or disagreements of two models
    /frametally/views/<ticket>/gallery               moments with time, reason and detections, as JSON
    /frametally/views/<ticket>/agreement             agreement with another model, as JSON
    /frametally/views/<ticket>/frames/<entry>.jpg    an analyzed frame with its detections
    /frametally/views/<ticket>/copy                  POST: a copy of the video that every browser plays

A ticket authorizes each request. Its content never changes, so browsers keep every response but the last.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from frametally.analysis.comparison import compare
from frametally.analysis.moments import Moment, class_moments, disagreement_moments, extremes, interval_moments
from frametally.analysis.tally import tally
from frametally.analysis.timeline.points import offered_bucket, points_of
from frametally.analysis.view import View
from frametally.library.holder import holder_of
from frametally.library.routes import FILES_PREFIX
from frametally.library.tickets import TicketRefused, Tickets
from frametally.network.assets import errors_as_text
from frametally.network.compression import compressed_response
from frametally.network.routes import Check, GuardedRoute, Handler, HttpError, is_about_job
from frametally.rendering.playback.exact_frames import ExactFrames, FrameRequest
from frametally.rendering.playback.frame_times import packed_times
from frametally.rendering.playback.gallery import gallery
from frametally.rendering.playback.packed_boxes import packed_boxes
from frametally.rendering.playback.packing import pack
from frametally.rendering.playback.sources import Source, Sources
from frametally.rendering.playback.threshold_counts import threshold_histogram
from frametally.rendering.playback.waiting_client import still_waiting
from frametally.results import Kind
from frametally.storage.cached_files import kept
from frametally.video.frame_reader import Superseded

VIEWS_PREFIX: Final = "/frametally/views/"
_MAX_RENDERED: Final = 2
"""Frames that are drawn at the same time in this process; further requests wait."""
_HEADERS: Final = {"Cache-Control": "private, max-age=43200, immutable", "X-Content-Type-Options": "nosniff"}
_CLIENT_CLOSED = 499


def playback_routes(sources: Sources, frames: ExactFrames, tickets: Tickets, data_dir: Path) -> list[GuardedRoute]:
    """The routes of the player."""
    check = view_ticket_check(tickets)
    return [
        view_route("times", _packed(sources, _times), "Get the times of frames", check),
        view_route("boxes/{stretch:int}", _packed(sources, _boxes), "Get packed boxes", check),
        view_route("shapes/{stretch:int}", _packed(sources, _shapes), "Get packed outlines, keypoints or gaze", check),
        view_route("masks/{stretch:int}", _packed(sources, _masks), "Get packed masks", check),
        view_route("counts", _packed(sources, _counts), "Get counts by threshold", check),
        view_route("peaks", _packed(sources, _peaks), "Get the peak of each class", check),
        view_route("moments/{kind}", _packed(sources, _moments), "Get entries to jump to", check),
        view_route("gallery", _packed(sources, _gallery), "Get moments", check),
        view_route("agreement", _packed(sources, _agreement), "Get the agreement with another model", check),
        view_route("frames/{entry:int}.jpg", _frame_handler(sources, frames), "Get an annotated frame", check),
        view_route(
            "copy", _copy_handler(sources, tickets, data_dir), "Have the video copied for browsers", check, "POST"
        ),
    ]


def view_route(path: str, handler: Handler, purpose: str, check: Check, method: str = "GET") -> GuardedRoute:
    """A route below the address of a view."""
    return GuardedRoute(
        path=f"{VIEWS_PREFIX}{{ticket}}/{path}",
        methods=(method,),
        handler=handler,
        purpose=purpose,
        check=check,
        middleware=errors_as_text,
    )


def view_ticket_check(tickets: Tickets, name: str = "view ticket") -> Check:
    """Requires a ticket of a view, which the handler finds in `request.state.view_ticket`."""

    async def verify(request: Request) -> None:
        try:
            ticket = tickets.held_by(holder_of(request)).check_view(request.path_params["ticket"])
        except TicketRefused as error:
            raise HttpError.of(401, error) from None
        request.state.view_ticket = ticket
        is_about_job(request, ticket.job_id)

    return Check(name, verify)


def _packed(sources: Sources, read: Callable[[Source, Request], bytes]) -> Handler:
    """Send what the function reads from the source of the ticket."""

    async def send(request: Request) -> Response:
        source = await run_in_threadpool(sources.get, request.state.view_ticket)
        content = await run_in_threadpool(read, source, request)
        return await run_in_threadpool(compressed_response, request, content, _HEADERS)

    return send


def _times(source: Source, _: Request) -> bytes:
    return packed_times(source.view, source.index)


def _boxes(source: Source, request: Request) -> bytes:
    _require_boxes(source)
    return packed_boxes(source.view, request.path_params["stretch"], source.upright_wh, source.orientation)


def _shapes(source: Source, request: Request) -> bytes:
    from frametally.rendering.playback.packed_shapes import KINDS, packed_shapes  # imports OpenCV and supervision

    if source.view.table.kind not in KINDS:
        raise HttpError(404, "These results have boxes only.")
    stretch = request.path_params["stretch"]
    return packed_shapes(source.view, stretch, source.upright_wh, source.shown_wh, source.orientation)


def _masks(source: Source, request: Request) -> bytes:
    from frametally.rendering.playback.packed_masks import packed_masks  # imports OpenCV and supervision

    if source.view.table.kind is not Kind.SEMANTIC:
        raise HttpError(404, "These results have no masks.")
    return packed_masks(source.view, request.path_params["stretch"], source.upright_wh, source.orientation)


def _counts(source: Source, request: Request) -> bytes:
    """Points as in `points_of`: `starts` and `analyzed` (m,) uint32, `edges_s` (m + 1,) float64.

    `boxes` (101, c, m) by confidence step, if not too many.
    """
    _require_boxes(source)
    view = replace(source.view, time_range_s=_window(request.query_params))
    bucket_s = offered_bucket(view, _number(request.query_params.get("bucket", "0")) or None)
    points = points_of(view, bucket_s=bucket_s)
    boxes = threshold_histogram(view, points)
    facts = {"has_boxes": boxes is not None, "stop": int(points.stops[-1]) if bucket_s else view.entries.stop}
    return pack(
        facts,
        starts=points.starts.astype("uint32"),
        analyzed=points.analyzed(view).astype("uint32"),
        edges_s=points.edges_s,
        **({} if boxes is None else {"boxes": boxes}),
    )


def _peaks(source: Source, request: Request) -> bytes:
    """`peak` and `entry` (c,) uint32: most boxes of a class in one entry, and the first such entry; 0 if none."""
    _require_boxes(source)
    confidence, _ = _filter(request.query_params)
    view = replace(source.filtered(confidence, None), time_range_s=_window(request.query_params))
    found = tally(view)
    entry = np.where(found.peak > 0, found.peak_entry, 0)
    return pack({}, peak=found.peak.astype("uint32"), entry=entry.astype("uint32"))


def _moments(source: Source, request: Request) -> bytes:
    """`entries` (n,) uint32, ascending."""
    _require_boxes(source)
    found = _moments_of(filtered_view(source, request), request.path_params["kind"], request.query_params)
    return pack({}, entries=np.array([moment.entry for moment in found], np.uint32))


def _gallery(source: Source, request: Request) -> bytes:
    query = request.query_params
    view = filtered_view(source, request)
    found = _moments_of(view, query.get("kind", ""), query)
    return gallery(view, found, most_first=query.get("sort") == "count")


def _agreement(source: Source, request: Request) -> bytes:
    """`share`, 0 to 1; null if neither model found anything."""
    _require_boxes(source)
    view = filtered_view(source, request)
    other = _other_model(view, request.query_params.get("other", ""))
    return msgspec.json.encode({"other": other, "share": compare(view, other).agreement})


def _moments_of(view: View, kind: str, query: QueryParams) -> list[Moment]:
    if kind == "interval":
        interval_s = _number(query.get("every", ""))
        if interval_s <= 0:
            raise HttpError(400, "The interval must be above 0.", "Enter another one.")
        return interval_moments(view, interval_s)
    if not view.table.kind.has_boxes:
        return []
    if kind == "peak":
        return class_moments(extremes(view))
    if kind == "disagreement":
        return disagreement_moments(compare(view, _other_model(view, query.get("other", ""))))
    raise HttpError(404, "There are no such moments.")


def filtered_view(source: Source, request: Request) -> View:
    """The view with the threshold, the classes and the time range of the request."""
    view = source.filtered(*_filter(request.query_params))
    return replace(view, time_range_s=_window(request.query_params))


def _other_model(view: View, name: str) -> str:
    """The model with this name; by default the first other one with boxes."""
    others = [other for other, table in view.results.models.items() if other != view.model and table.kind.has_boxes]
    if not others:
        raise HttpError(404, "These results have no other model with boxes.")
    return name if name in others else others[0]


def _require_boxes(source: Source) -> None:
    if not source.view.table.kind.has_boxes:
        raise HttpError(404, "These results have no boxes.")


def _frame_handler(sources: Sources, frames: ExactFrames) -> Handler:
    turns, small_turns = asyncio.Semaphore(_MAX_RENDERED), asyncio.Semaphore(_MAX_RENDERED)

    async def send(request: Request) -> Response:
        wanted = _frame_request(request.path_params["entry"], request.query_params)
        ticket = request.state.view_ticket
        async with small_turns if wanted.is_small else turns:  # previews never delay the player
            if await request.is_disconnected():  # superseded while it waited
                return Response(status_code=_CLIENT_CLOSED)
            source = await run_in_threadpool(sources.get, ticket)
            with still_waiting(request) as is_wanted:
                try:
                    picture = await run_in_threadpool(frames.jpeg, ticket, source, wanted, is_wanted)
                except Superseded:
                    return Response(status_code=_CLIENT_CLOSED)
        return Response(picture, headers=_HEADERS, media_type="image/jpeg")

    return send


def _copy_handler(sources: Sources, tickets: Tickets, data_dir: Path) -> Handler:
    """Request the copy; the browser repeats it until the copy is there."""

    async def send(request: Request) -> Response:
        source = await run_in_threadpool(sources.get, request.state.view_ticket)
        state = await run_in_threadpool(sources.playable_copy, source)
        path = await run_in_threadpool(kept, state.path) if state.path else None
        held = tickets.held_by(holder_of(request))
        url = f".{FILES_PREFIX}{held.for_file(path.relative_to(data_dir))}" if path else ""
        content = {"status": state.status, "share": state.share, "url": url, "message": state.message}
        return Response(
            msgspec.json.encode(content), media_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return send


def _frame_request(entry: int, query: QueryParams) -> FrameRequest:
    confidence, shown = _filter(query)
    kind = {"is_plain": "plain" in query, "is_small": "small" in query}
    return FrameRequest(entry=entry, confidence=confidence, shown=shown, **kind)


def _filter(query: QueryParams) -> tuple[float, tuple[str, ...] | None]:
    """Minimum confidence, and the display names of the classes; None: all."""
    return _number(query.get("confidence", "0")), tuple(query.getlist("class")) or None


def _window(query: QueryParams) -> tuple[float, float] | None:
    """The time range; None: the whole video."""
    edges = query.getlist("window")
    return (_number(edges[0]), _number(edges[1])) if len(edges) == 2 else None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise HttpError(400, "This address has an invalid value.", "Reload the page.")
    return value
