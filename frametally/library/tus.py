"""The tus 1.0.0 resumable upload protocol: core, creation, termination and checksum, over the media library.

    POST   <uploads>/       needs `Authorization: Bearer <upload ticket>`; answers where the upload lives
    HEAD   <uploads>/<id>   how far it is, and what it became
    PATCH  <uploads>/<id>   the next bytes; the last ones are answered when the video is checked and kept
    DELETE <uploads>/<id>   cancel

An upload's id is 122 random bits that only its creator learns: knowing it is the right to it, so a long upload outlives
its ticket. https://tus.io/protocols/resumable-upload, and what any other client may leave out:

    Frametally-Digest: ask     with POST: 428 where a kept video has this size; ask again with the digest
    Frametally-Digest: <hex>   with POST: 200 where the video is here already, nothing is to be sent
                               with the last PATCH: what arrived must have it, or is refused and removed
    Frametally-Video: <hex>    in an answer: the sha256 that the video is kept under

The digest is the block digest of `digests.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from frametally.errors import MediaError
from frametally.library.library import Library, OffsetMismatch, Upload, VideoTooLarge
from frametally.library.tickets import Tickets

TUS: Final = {"Tus-Resumable": "1.0.0"}
_PIECE_TYPE = "application/offset+octet-stream"
_BATCH_BYTES = 4 * 1024**2
_HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
_DIGEST, _ASK = "Frametally-Digest", "ask"
Handler = Callable[[Request], Awaitable[Response]]


class Refused(MediaError):
    """The request is not one that this address can answer."""

    def __init__(self, status_code: int, what: str, next_step: str = "") -> None:
        super().__init__(what, next_step)
        self.status_code = status_code


class Checksum:
    """What a piece must add up to, by its `Upload-Checksum` header: `sha256 <base64>`."""

    def __init__(self, header: str) -> None:
        name, _, value = header.partition(" ")
        if name not in _HASHES:
            raise Refused(400, f"The checksum of a piece is one of {', '.join(_HASHES)}.")
        self._hash = _HASHES[name](usedforsecurity=False)
        self._expected = _from_base64(value, "The checksum is not base64.")

    def update(self, part: bytes | bytearray) -> None:
        self._hash.update(part)

    @property
    def holds(self) -> bool:
        return self._hash.digest() == self._expected


class Uploads:
    """The handlers; each raises what it refuses."""

    def __init__(self, library: Library, tickets: Tickets) -> None:
        self._media = library
        self._tickets = tickets

    async def describe(self, request: Request) -> Response:  # noqa: ARG002
        limits = {
            "Tus-Version": "1.0.0",
            "Tus-Extension": "creation,termination,checksum",
            "Tus-Checksum-Algorithm": ",".join(_HASHES),
            "Tus-Max-Size": str(self._media.max_video_bytes),
        }
        return Response(status_code=204, headers=TUS | limits)

    async def create(self, request: Request) -> Response:
        scheme, _, ticket = request.headers.get("authorization", "").partition(" ")
        self._tickets.check_upload(ticket if scheme.lower() == "bearer" else "")
        size_bytes = _whole_number(request, "Upload-Length")
        file_name = _file_name(request.headers.get("upload-metadata", ""))
        if video_sha256 := await run_in_threadpool(self._here_already, file_name, size_bytes, _digest(request)):
            return Response(status_code=200, headers=TUS | {"Frametally-Video": video_sha256})
        upload = await run_in_threadpool(self._media.begin, file_name, size_bytes)
        # Relative to this address: a proxy may have put the whole dashboard under a path.
        return Response(status_code=201, headers=TUS | {"Location": upload.id})

    async def progress(self, request: Request) -> Response:
        upload = await run_in_threadpool(self._media.upload, request.path_params["upload_id"])
        length = {"Upload-Length": str(upload.size_bytes), "Cache-Control": "no-store"}
        return _at(upload.offset_bytes, upload.video_sha256, status_code=200, headers=length)

    async def receive(self, request: Request) -> Response:
        if request.headers.get("content-type") != _PIECE_TYPE:
            raise Refused(415, f"A piece of an upload has the content type {_PIECE_TYPE}.")
        offset_bytes = _whole_number(request, "Upload-Offset")
        upload = await run_in_threadpool(self._media.upload, request.path_params["upload_id"])
        if offset_bytes != upload.offset_bytes:
            raise OffsetMismatch(f"The upload is at byte {upload.offset_bytes}.", "Go on from there.")
        if offset_bytes + int(request.headers.get("content-length", 0)) > upload.size_bytes:
            raise VideoTooLarge("The piece is longer than what is missing.", "Choose the file again.")
        digest = _digest(request)
        offset_bytes = await self._write(request, upload)
        if offset_bytes < upload.size_bytes:
            return _at(offset_bytes)
        kept = await run_in_threadpool(self._media.finish, upload.id, digest)
        return _at(offset_bytes, kept.sha256)

    async def cancel(self, request: Request) -> Response:
        await run_in_threadpool(self._media.cancel, request.path_params["upload_id"])
        return Response(status_code=204, headers=TUS)

    def _here_already(self, file_name: str, size_bytes: int, digest: str) -> str | None:
        if digest == _ASK:
            if self._media.has_size(size_bytes):
                raise Refused(428, "A video of this size is here already.", f"Send its digest as {_DIGEST}.")
            return None
        kept = self._media.recognize(file_name, size_bytes, digest) if digest else None
        return kept.sha256 if kept else None

    async def _write(self, request: Request, upload: Upload) -> int:
        """Stream the body to the disk and return the new offset; what came before a cut connection stays."""
        offset_bytes, batch = upload.offset_bytes, bytearray()
        header = request.headers.get("upload-checksum")
        checksum = Checksum(header) if header is not None else None
        try:
            async for chunk in request.stream():
                batch += chunk
                if len(batch) >= _BATCH_BYTES:
                    offset_bytes = await run_in_threadpool(self._append, upload.id, offset_bytes, batch, checksum)
                    batch = bytearray()
        except ClientDisconnect:
            checksum = None  # nobody is there to be told; the client asks with HEAD when it is back
        offset_bytes = await run_in_threadpool(self._append, upload.id, offset_bytes, batch, checksum)
        if checksum and not checksum.holds:
            await run_in_threadpool(self._media.take_back, upload.id, upload.offset_bytes, offset_bytes)
            raise Refused(460, "The piece was damaged on its way.", "Send it again.")
        return offset_bytes

    def _append(self, upload_id: str, offset_bytes: int, batch: bytearray, checksum: Checksum | None) -> int:
        if checksum:
            checksum.update(batch)
        return self._media.append(upload_id, offset_bytes, batch)


def _at(
    offset_bytes: int, video_sha256: str | None = None, *, status_code: int = 204, headers: dict[str, str] | None = None
) -> Response:
    became = {"Frametally-Video": video_sha256} if video_sha256 else {}
    return Response(
        status_code=status_code, headers=TUS | {"Upload-Offset": str(offset_bytes)} | became | (headers or {})
    )


def _whole_number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Refused(400, f"The header {header} is not a whole number.")
    return int(text)


def _digest(request: Request) -> str:
    digest = request.headers.get(_DIGEST, "")
    if digest not in ("", _ASK) and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Refused(400, f"The header {_DIGEST} is neither `{_ASK}` nor a SHA-256 in hex.")
    return digest


def _file_name(metadata: str) -> str:
    """The `filename` of an `Upload-Metadata` header: pairs of a key and base64, separated by commas."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            unreadable = "The file name in Upload-Metadata is not base64 of UTF-8."
            try:
                return _from_base64(value, unreadable).decode()
            except UnicodeDecodeError:
                raise Refused(400, unreadable) from None
    raise Refused(400, "Upload-Metadata names no file.", "Send it as `filename <base64>`.")


def _from_base64(text: str, otherwise: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Refused(400, otherwise) from None
