"""HTTP routes of the library, on the same origin as the dashboard.

    /frametally/uploads/         resumable uploads (`tus.py`)
    /frametally/files/<ticket>   one file of the data folder, whole or by range

An upload ticket, an upload's id or a file ticket authorizes each request; `access.guard` asks who makes it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from frametally.contract import ErrorBody
from frametally.errors import FrametallyError
from frametally.library.holder import holder_of
from frametally.library.library import Library
from frametally.library.quota import QuotaReached, VideoTooLarge
from frametally.library.stored_file import stored_file_response
from frametally.library.tickets import TicketRefused, Tickets
from frametally.library.tus import TUS, VERSION, TusHandlers
from frametally.library.upload_store import OffsetMismatch, UploadUnknown
from frametally.network.routes import PUBLIC, Check, GuardedRoute, Handler, HttpError, is_about_job
from frametally.storage.cached_files import is_there
from frametally.storage.file_names import clean_file_name
from frametally.storage.objects import StoreUnavailable
from frametally.storage.space import DiskFull

UPLOADS_PREFIX: Final = "/frametally/uploads/"
FILES_PREFIX: Final = "/frametally/files/"
RESULTS: Final = "results"
DELIVERED: Final = ("media/videos", RESULTS)
"""Folders of the data folder whose files can be downloaded."""

_STATUS_CODES: Final[dict[type[FrametallyError], int]] = {
    TicketRefused: 401,
    UploadUnknown: 404,
    OffsetMismatch: 409,
    VideoTooLarge: 413,
    QuotaReached: 507,
    DiskFull: 507,
    StoreUnavailable: 503,
}
_UNPROCESSABLE = 422
_METHODS: Final = ("OPTIONS", "HEAD", "GET", "POST", "PUT", "PATCH", "DELETE")


def library_routes(library: Library, tickets: Tickets, data_dir: Path) -> list[GuardedRoute]:
    """The routes for uploads and files: no CORS headers, errors in JSON."""
    return [*_upload_routes(TusHandlers(library), library, tickets), *_file_routes(tickets, data_dir)]


def _upload_routes(tus: TusHandlers, library: Library, tickets: Tickets) -> list[GuardedRoute]:
    upload = UPLOADS_PREFIX + "{upload_id}"
    with_ticket, with_id = _upload_ticket_check(tickets), _upload_id_check(library)
    by_method = {"HEAD": _tus(tus.progress), "PATCH": _tus(tus.receive), "DELETE": _tus(tus.cancel)}
    overridden = _overridden({**by_method, "OPTIONS": tus.describe})
    return [
        _route("OPTIONS", UPLOADS_PREFIX, tus.describe, "Describe the tus server", PUBLIC),
        _route("POST", UPLOADS_PREFIX, _tus(tus.create), "Begin an upload", with_ticket),
        _no_other_methods(UPLOADS_PREFIX, "OPTIONS", "POST"),
        _route("OPTIONS", upload, tus.describe, "Describe the tus server", PUBLIC),
        _route("HEAD", upload, by_method["HEAD"], "Get the offset of an upload", with_id),
        _route("PATCH", upload, by_method["PATCH"], "Append to an upload", with_id),
        _route("DELETE", upload, by_method["DELETE"], "Cancel an upload", with_id),
        _route("POST", upload, overridden, "Run the method in X-HTTP-Method-Override", with_id),
        _no_other_methods(upload, "OPTIONS", "HEAD", "PATCH", "DELETE", "POST"),
    ]


def _file_routes(tickets: Tickets, data_dir: Path) -> list[GuardedRoute]:
    path = FILES_PREFIX + "{ticket}"

    async def verify(request: Request) -> None:
        ticket = tickets.held_by(holder_of(request)).check_file(request.path_params["ticket"])
        request.state.file_ticket = ticket
        folder, _, rest = ticket.path.partition("/")
        if folder == RESULTS:
            is_about_job(request, rest.partition("/")[0])

    async def send_file(request: Request) -> Response:
        ticket = request.state.file_ticket
        file = await run_in_threadpool(_file_below, data_dir, ticket.path)
        name = clean_file_name(ticket.download_name or file.name)
        attachment = bool(ticket.download_name)
        try:
            return await run_in_threadpool(stored_file_response, request, file, name, attachment=attachment)
        except OSError as error:
            raise HttpError(500, "This file is damaged.", "Run the job again.") from error

    return [
        _route("GET", path, send_file, "Download a file of the data folder", Check("file ticket", verify)),
        _no_other_methods(path, "GET", "HEAD"),
    ]


def _upload_ticket_check(tickets: Tickets) -> Check:
    async def verify(request: Request) -> None:
        scheme, _, ticket = request.headers.get("authorization", "").partition(" ")
        tickets.held_by(holder_of(request)).check_upload(ticket if scheme.lower() == "bearer" else "")

    return Check("upload ticket", verify)


def _upload_id_check(library: Library) -> Check:
    """Requires the id of an existing upload, which only its creator receives."""

    async def verify(request: Request) -> None:
        request.state.upload = await run_in_threadpool(library.uploads.get, request.path_params["upload_id"])

    return Check("upload id", verify)


def _route(method: str, path: str, handler: Handler, purpose: str, check: Check) -> GuardedRoute:
    return GuardedRoute(
        path=path, methods=(method,), handler=handler, purpose=purpose, check=check, middleware=errors_as_json
    )


def _no_other_methods(path: str, *allowed: str) -> GuardedRoute:
    async def refuse(request: Request) -> Response:
        raise _method_not_allowed(request.method, allowed)

    return GuardedRoute(
        path=path,
        methods=tuple(method for method in _METHODS if method not in allowed),
        handler=refuse,
        purpose="Refuse other methods in JSON",
        check=PUBLIC,
        middleware=errors_as_json,
    )


def _overridden(by_method: dict[str, Handler]) -> Handler:
    """Dispatch a POST by the header that tus defines for networks where PATCH and DELETE do not pass."""

    async def dispatch(request: Request) -> Response:
        method = request.headers.get("x-http-method-override", request.method)
        if method not in by_method:
            raise _method_not_allowed(method, tuple(by_method))
        return await by_method[method](request)

    return dispatch


def _method_not_allowed(method: str, allowed: tuple[str, ...]) -> HttpError:
    return HttpError(405, f"{method} is not allowed here.", f"Use one of {', '.join(allowed)}.")


def _tus(handler: Handler) -> Handler:
    async def checked(request: Request) -> Response:
        if request.headers.get("tus-resumable") != VERSION:
            raise HttpError(412, f"This server requires tus {VERSION}.", f"Send the header Tus-Resumable: {VERSION}.")
        return await handler(request)

    return checked


def errors_as_json(handler: Handler) -> Handler:
    """Turns errors of a check or handler into JSON with a message and the next step."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except FrametallyError as error:
            return _error_response(error)

    return answered


def _error_response(error: FrametallyError) -> Response:
    status_code = error.status_code if isinstance(error, HttpError) else _STATUS_CODES.get(type(error), _UNPROCESSABLE)
    return Response(
        msgspec.json.encode(ErrorBody(type(error).__name__, str(error))),
        status_code=status_code,
        headers=TUS | {"Tus-Version": VERSION, "Cache-Control": "no-store", "Connection": "close"},
        media_type="application/json",
    )


def _file_below(data_dir: Path, relative_path: str) -> Path:
    """Whatever a ticket says: only stored videos, results and what is made of them are delivered, never a secret."""
    path = (data_dir.resolve() / relative_path).resolve()
    if any(path.is_relative_to((data_dir / name).resolve()) for name in DELIVERED):
        if path.is_file():
            return path
        with suppress(ValueError):  # no key of an object
            if is_there(data_dir / relative_path):
                return data_dir / relative_path
    raise HttpError(404, "This file no longer exists.", "Reload the page.")
