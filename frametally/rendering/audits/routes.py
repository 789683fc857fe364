"""HTTP routes of audits.

    /frametally/views/<ticket>/audit                 what is known; POST: draw frames to check
    /frametally/views/<ticket>/audit/models          other models of the video, in the checked frames
    /frametally/views/<ticket>/audit/frames/<entry>  a frame with its boxes; POST: what a person has seen in it

The pictures are those of the player. A ticket authorizes each request, and the role of the person those that change
something.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from frametally.access.person import Person
from frametally.analysis.view import View
from frametally.ledger.ledger import Ledger
from frametally.library.tickets import Tickets
from frametally.network.routes import GuardedRoute, Handler, HttpError, actor_of, decode_body, only_owner_of, read_body
from frametally.rendering.audits.audits import Audits
from frametally.rendering.audits.frame import Verdict
from frametally.rendering.playback.routes import filtered_view, view_route, view_ticket_check
from frametally.rendering.playback.sources import Source, Sources

_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_MAX_BYTES: Final = 1 << 18
_TOO_LONG: Final = ("This answer is too long.", "Remove some of its boxes.")
Act = Callable[[Ledger, Source, View, Request, bytes], Any]


class Begun(Struct, frozen=True):
    """What is to be drawn."""

    planned: int


def audit_routes(audits: Audits, ledger: Ledger, sources: Sources, tickets: Tickets) -> list[GuardedRoute]:
    """The routes of the tab."""
    view, checker = view_ticket_check(tickets), view_ticket_check(tickets, "view ticket of a checker")

    def known(held: Ledger, source: Source, shown: View, _: Request, __: bytes) -> Any:
        return audits.report(held, source, shown)

    def models(held: Ledger, source: Source, shown: View, _: Request, __: bytes) -> Any:
        return audits.models(held, sources, source, shown)

    def begin(held: Ledger, source: Source, shown: View, request: Request, body: bytes) -> Any:
        return audits.begin(held, source, shown, decode_body(body, Begun).planned, actor=_person(request))

    def frame(held: Ledger, source: Source, shown: View, request: Request, _: bytes) -> Any:
        return audits.frame(held, source, shown, request.path_params["entry"], actor=actor_of(request))

    def check(held: Ledger, source: Source, shown: View, request: Request, body: bytes) -> Any:
        entry, verdict = request.path_params["entry"], decode_body(body, Verdict)
        audits.check(held, source, shown, entry, verdict, actor=_person(request))
        return audits.report(held, source, shown)

    def handler(act: Act) -> Handler:
        return _answering(act, ledger, sources)

    return [
        view_route("audit", handler(known), "Get what checked frames say", view),
        view_route("audit/models", handler(models), "Get which model is nearer to what was seen", view),
        view_route("audit", handler(begin), "Draw frames to check", checker, "POST"),
        view_route("audit/frames/{entry:int}", handler(frame), "Get a frame to check", view),
        view_route("audit/frames/{entry:int}", handler(check), "Keep what is in a frame", checker, "POST"),
    ]


def _answering(act: Act, ledger: Ledger, sources: Sources) -> Handler:
    def answer(request: Request, body: bytes) -> bytes:
        source = sources.get(request.state.view_ticket)
        if not source.view.table.kind.has_boxes:
            raise HttpError(404, "These results have no boxes.")
        held = ledger.seen_by(only_owner_of(request))
        return msgspec.json.encode(act(held, source, filtered_view(source, request), request, body))

    async def send(request: Request) -> Response:
        content = await run_in_threadpool(answer, request, await read_body(request, _MAX_BYTES, *_TOO_LONG))
        return Response(content, headers=_HEADERS, media_type="application/json")

    return send


def _person(request: Request) -> Person | None:
    """Who answers; None without the checks of `frametally.access.guard`."""
    person: Person | None = getattr(request.state, "person", None)
    return person
