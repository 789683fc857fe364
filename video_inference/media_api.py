"""How a browser brings a video and fetches a file: the tus 1.0.0 resumable upload protocol, and files by range.

    POST   /frametally/uploads/       needs `Authorization: Bearer <upload ticket>`; answers where the upload lives
    HEAD   /frametally/uploads/<id>   how far it is, and what it became
    PATCH  /frametally/uploads/<id>   the next bytes; the last ones are answered when the video is checked and kept
    DELETE /frametally/uploads/<id>   cancel
    GET    /frametally/files/<ticket> one file of the data folder

No cookies. An upload's id is 122 random bits that only its creator learns: knowing it is the right to it, so a long
upload outlives its ticket. Protocol: https://tus.io/protocols/resumable-upload (core, creation, termination).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from video_inference.contract import ErrorBody
from video_inference.disk import DiskFull
from video_inference.errors import FrametallyError, MediaError
from video_inference.file_names import clean_file_name
from video_inference.media import (
    MediaLibrary,
    OffsetMismatch,
    Upload,
    UploadUnknown,
    VideoTooLarge,
)

UPLOADS_PREFIX: Final = "/frametally/uploads/"
FILES_PREFIX: Final = "/frametally/files/"
TICKET_LIFE_S: Final = 12 * 3600
"""A working day: a tab left open over lunch still uploads and plays."""

_TUS = {"Tus-Resumable": "1.0.0"}
_PIECE_TYPE = "application/offset+octet-stream"
_BATCH_BYTES = 4 * 1024**2
_Handler = Callable[[Request], Awaitable[Response]]


class TicketRefused(MediaError):
    """A ticket is missing, forged or too old."""


class _Refused(MediaError):
    """The request is not one that this address can answer."""

    def __init__(self, status_code: int, what: str, next_step: str = "") -> None:
        super().__init__(what, next_step)
        self.status_code = status_code


_STATUS: Final[dict[type[FrametallyError], int]] = {
    TicketRefused: 401,
    UploadUnknown: 404,
    OffsetMismatch: 409,
    VideoTooLarge: 413,
    DiskFull: 507,
}
_UNPROCESSABLE = 422


class FileTicket(msgspec.Struct, frozen=True):
    """What a file ticket opens."""

    path: str
    """Relative to the data folder."""
    download_name: str | None
    """The name to save it under; None: shown in the page."""


class Tickets:
    """Short-lived signed permissions that Python puts into a page, each good for one thing."""

    def __init__(self, secret: str, *, life_s: int = TICKET_LIFE_S) -> None:
        self._uploads = URLSafeTimedSerializer(secret, salt="frametally.upload")
        self._files = URLSafeTimedSerializer(secret, salt="frametally.file")
        self._life_s = life_s

    def for_upload(self) -> str:
        """The right to begin uploads."""
        return str(self._uploads.dumps(""))

    def check_upload(self, ticket: str) -> None:
        """Let an upload begin.

        Raises:
            TicketRefused: forged or too old.
        """
        self._load(self._uploads, ticket)

    def for_file(self, relative_path: Path, download_name: str | None = None) -> str:
        """The right to read one file of the data folder, saved under a name or, without one, shown in the page."""
        return str(self._files.dumps([relative_path.as_posix(), download_name]))

    def check_file(self, ticket: str) -> FileTicket:
        """What the ticket opens.

        Raises:
            TicketRefused: forged or too old.
        """
        path, download_name = self._load(self._files, ticket)
        return FileTicket(path, download_name)

    def _load(self, serializer: URLSafeTimedSerializer, ticket: str) -> Any:
        try:
            return serializer.loads(ticket, max_age=self._life_s)
        except BadData:
            raise TicketRefused("This page has been open too long.", "Reload it and try again.") from None


def media_routes(media: MediaLibrary, tickets: Tickets, data_dir: Path) -> list[Route]:
    """The routes for the dashboard's own origin: no CORS headers, JSON errors."""
    uploads = _Uploads(media, tickets)

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


class _Uploads:
    def __init__(self, media: MediaLibrary, tickets: Tickets) -> None:
        self._media = media
        self._tickets = tickets

    async def describe(self, request: Request) -> Response:  # noqa: ARG002
        limits = {
            "Tus-Version": "1.0.0",
            "Tus-Extension": "creation,termination",
            "Tus-Max-Size": str(self._media.max_video_bytes),
        }
        return Response(status_code=204, headers=_TUS | limits)

    async def create(self, request: Request) -> Response:
        scheme, _, ticket = request.headers.get("authorization", "").partition(" ")
        self._tickets.check_upload(ticket if scheme.lower() == "bearer" else "")
        size_bytes = _whole_number(request, "Upload-Length")
        file_name = _file_name(request.headers.get("upload-metadata", ""))
        upload = await run_in_threadpool(self._media.begin, file_name, size_bytes)
        # Relative to this address: a proxy may have put the whole dashboard under a path.
        return Response(status_code=201, headers=_TUS | {"Location": upload.id})

    async def progress(self, request: Request) -> Response:
        upload = await run_in_threadpool(self._media.upload, request.path_params["upload_id"])
        length = {"Upload-Length": str(upload.size_bytes), "Cache-Control": "no-store"}
        return _at(upload.offset_bytes, upload.video_sha256, status_code=200, headers=length)

    async def receive(self, request: Request) -> Response:
        if request.headers.get("content-type") != _PIECE_TYPE:
            raise _Refused(415, f"A piece of an upload has the content type {_PIECE_TYPE}.")
        offset_bytes = _whole_number(request, "Upload-Offset")
        upload = await run_in_threadpool(self._media.upload, request.path_params["upload_id"])
        if offset_bytes != upload.offset_bytes:
            raise OffsetMismatch(f"The upload is at byte {upload.offset_bytes}.", "Go on from there.")
        if offset_bytes + int(request.headers.get("content-length", 0)) > upload.size_bytes:
            raise VideoTooLarge("The piece is longer than what is missing.", "Choose the file again.")
        offset_bytes = await self._write(request, upload)
        if offset_bytes < upload.size_bytes:
            return _at(offset_bytes)
        kept = await run_in_threadpool(self._media.finish, upload.id)
        return _at(offset_bytes, kept.sha256)

    async def cancel(self, request: Request) -> Response:
        await run_in_threadpool(self._media.cancel, request.path_params["upload_id"])
        return Response(status_code=204, headers=_TUS)

    async def _write(self, request: Request, upload: Upload) -> int:
        """Stream the body to the disk and return the new offset; what came before a cut connection stays."""
        offset_bytes, batch = upload.offset_bytes, bytearray()
        try:
            async for chunk in request.stream():
                batch += chunk
                if len(batch) >= _BATCH_BYTES:
                    offset_bytes = await run_in_threadpool(self._media.append, upload.id, offset_bytes, batch)
                    batch = bytearray()
        except ClientDisconnect:
            pass  # nobody is there to be told; the client asks with HEAD when it is back
        return await run_in_threadpool(self._media.append, upload.id, offset_bytes, batch)


def _route(path: str, **handlers: _Handler) -> Route:
    """A route that answers every failure as JSON, also a method it does not know."""

    async def endpoint(request: Request) -> Response:
        try:
            handler = handlers.get(request.method)
            if handler is None:
                raise _Refused(405, f"{request.method} has no meaning here.", f"Use one of {', '.join(handlers)}.")
            return await handler(request)
        except FrametallyError as error:
            return _failure(error)

    return Route(path, endpoint, methods=["OPTIONS", "HEAD", "GET", "POST", "PUT", "PATCH", "DELETE"])


def _tus(handler: _Handler) -> _Handler:
    async def checked(request: Request) -> Response:
        if request.headers.get("tus-resumable") != _TUS["Tus-Resumable"]:
            raise _Refused(412, "This server speaks tus 1.0.0.", "Send the header Tus-Resumable: 1.0.0.")
        return await handler(request)

    return checked


def _failure(error: FrametallyError) -> Response:
    status_code = error.status_code if isinstance(error, _Refused) else _STATUS.get(type(error), _UNPROCESSABLE)
    return Response(
        msgspec.json.encode(ErrorBody(type(error).__name__.lstrip("_"), str(error))),
        status_code=status_code,
        headers=_TUS | {"Tus-Version": "1.0.0", "Cache-Control": "no-store"},
        media_type="application/json",
    )


def _at(
    offset_bytes: int, video_sha256: str | None = None, *, status_code: int = 204, headers: dict[str, str] | None = None
) -> Response:
    became = {"Frametally-Video": video_sha256} if video_sha256 else {}
    return Response(
        status_code=status_code, headers=_TUS | {"Upload-Offset": str(offset_bytes)} | became | (headers or {})
    )


def _whole_number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise _Refused(400, f"The header {header} is not a whole number.")
    return int(text)


def _file_name(metadata: str) -> str:
    """The `filename` of an `Upload-Metadata` header: pairs of a key and base64, separated by commas."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise _Refused(400, "The file name in Upload-Metadata is not base64 of UTF-8.") from None
    raise _Refused(400, "Upload-Metadata names no file.", "Send it as `filename <base64>`.")


def _file_below(data_dir: Path, relative_path: str) -> Path:
    root = data_dir.resolve()
    path = (root / relative_path).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise _Refused(404, "This file is not here any more.", "Reload the page.")
    return path
