"""How a browser brings a video and fetches a file: routes on the dashboard's own origin.

    /frametally/uploads/       resumable uploads (`tus.py`)
    /frametally/files/<ticket> one file of the data folder, whole or by range

No cookies: each carries its own authority.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from frametally.contract import ErrorBody
from frametally.errors import FrametallyError
from frametally.library.library import (
    Library,
    OffsetMismatch,
    QuotaReached,
    UploadUnknown,
    VideoTooLarge,
)
from frametally.library.tickets import TicketRefused, Tickets
from frametally.library.tus import TUS, Handler, Refused, Uploads
from frametally.storage.atomic import DiskFull
from frametally.storage.file_names import clean_file_name

UPLOADS_PREFIX: Final = "/frametally/uploads/"
FILES_PREFIX: Final = "/frametally/files/"

_STATUS: Final[dict[type[FrametallyError], int]] = {
    TicketRefused: 401,
    UploadUnknown: 404,
    OffsetMismatch: 409,
    VideoTooLarge: 413,
    QuotaReached: 507,
    DiskFull: 507,
}
_UNPROCESSABLE = 422


def library_routes(library: Library, tickets: Tickets, data_dir: Path) -> list[Route]:
    """The routes for the dashboard's own origin: no CORS headers, JSON errors."""
    uploads = Uploads(library, tickets)

    async def send_file(request: Request) -> Response:
        ticket = tickets.check_file(request.path_params["ticket"])
        path = await run_in_threadpool(_file_below, data_dir, ticket.path)
        name = clean_file_name(ticket.download_name or path.name)
        # Kept packed, wanted plain: the browser unpacks it on the way to the disk.
        unpacked = {"Content-Encoding": "gzip"} if path.suffix == ".gz" and not name.endswith(".gz") else {}
        return FileResponse(
            path,
            filename=name,
            content_disposition_type="attachment" if ticket.download_name else "inline",
            headers={"Cache-Control": "private", "X-Content-Type-Options": "nosniff", **unpacked},
        )

    return [
        _route(UPLOADS_PREFIX, OPTIONS=uploads.describe, POST=_tus(uploads.create)),
        _route(
            UPLOADS_PREFIX + "{upload_id}",
            OPTIONS=uploads.describe,
            HEAD=_tus(uploads.progress),
            PATCH=_tus(uploads.receive),
            DELETE=_tus(uploads.cancel),
        ),
        _route(FILES_PREFIX + "{ticket}", GET=send_file, HEAD=send_file),
    ]


def _route(path: str, **handlers: Handler) -> Route:
    """A route that answers every failure as JSON, also a method it does not know."""

    async def endpoint(request: Request) -> Response:
        try:
            method = request.headers.get("x-http-method-override", request.method)  # tus: where PATCH does not pass
            handler = handlers.get(method)
            if handler is None:
                raise Refused(405, f"{method} has no meaning here.", f"Use one of {', '.join(handlers)}.")
            return await handler(request)
        except FrametallyError as error:
            return _failure(error)

    return Route(path, endpoint, methods=["OPTIONS", "HEAD", "GET", "POST", "PUT", "PATCH", "DELETE"])


def _tus(handler: Handler) -> Handler:
    async def checked(request: Request) -> Response:
        if request.headers.get("tus-resumable") != TUS["Tus-Resumable"]:
            raise Refused(412, "This server speaks tus 1.0.0.", "Send the header Tus-Resumable: 1.0.0.")
        return await handler(request)

    return checked


def _failure(error: FrametallyError) -> Response:
    status_code = error.status_code if isinstance(error, Refused) else _STATUS.get(type(error), _UNPROCESSABLE)
    return Response(
        msgspec.json.encode(ErrorBody(type(error).__name__.lstrip("_"), str(error))),
        status_code=status_code,
        headers=TUS | {"Tus-Version": "1.0.0", "Cache-Control": "no-store", "Connection": "close"},
        media_type="application/json",
    )


def _file_below(data_dir: Path, relative_path: str) -> Path:
    root = data_dir.resolve()
    path = (root / relative_path).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise Refused(404, "This file is not here any more.", "Reload the page.")
    return path
