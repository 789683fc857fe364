"""The tus 1.0.0 resumable upload protocol: core, creation, termination and checksum.

    POST   <uploads>/       creates an upload; needs `Authorization: Bearer <upload ticket>`
    HEAD   <uploads>/<id>   the offset, and the stored video once there is one
    PATCH  <uploads>/<id>   the next bytes; after the last ones the video is checked and stored before the response
    DELETE <uploads>/<id>   cancels it

An upload's id has 122 random bits that only its creator receives, so the id authorizes the requests for it: a long
upload outlives its ticket. Specification: https://tus.io/protocols/resumable-upload. Our headers, all optional:

    Frametally-Digest: ask     with POST: 428 if a stored video has this size; the client then sends the digest
    Frametally-Digest: <hex>   with POST: 200 if the video is stored already, so that nothing need be sent
                               with the last PATCH: if the received file has another digest, it is removed
    Frametally-Video: <hex>    in a response: the sha256 of the stored video

The digest is the block digest of `digests.py`. The protocol is implemented here because no Python library
serves tus with checksums on Starlette; the tests run the client `tuspy` against it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from frametally.library.library import Library
from frametally.library.quota import VideoTooLarge
from frametally.library.upload_store import Upload, offset_mismatch
from frametally.network.routes import HttpError, actor_of

VERSION: Final = "1.0.0"
TUS: Final = {"Tus-Resumable": VERSION}
_CHUNK_TYPE = "application/offset+octet-stream"
_HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
_DIGEST, _ASK = "Frametally-Digest", "ask"


class Checksum:
    """The expected hash of a chunk, from its `Upload-Checksum` header: `sha256 <base64>`."""

    def __init__(self, header: str) -> None:
        name, _, value = header.partition(" ")
        if name not in _HASHES:
            raise HttpError(400, f"The checksum algorithm must be one of {', '.join(_HASHES)}.")
        self._hash = _HASHES[name](usedforsecurity=False)
        self._expected = _from_base64(value, "The checksum is not base64.")

    def update(self, part: bytes | bytearray) -> None:
        self._hash.update(part)

    @property
    def matches(self) -> bool:
        return self._hash.digest() == self._expected


class TusHandlers:
    """The handlers of the protocol; errors are raised as `FrametallyError`s.

    Those for one upload find it in `request.state.upload`, where the check of the route puts it.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._uploads = library.uploads

    async def describe(self, request: Request) -> Response:  # noqa: ARG002
        limits = {
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,termination,checksum",
            "Tus-Checksum-Algorithm": ",".join(_HASHES),
            "Tus-Max-Size": str(self._uploads.max_video_bytes),
        }
        return Response(status_code=204, headers=TUS | limits)

    async def create(self, request: Request) -> Response:
        size_bytes = _whole_number(request, "Upload-Length")
        file_name = _file_name(request.headers.get("upload-metadata", ""))
        video_sha256 = await run_in_threadpool(
            self._find_stored, file_name, size_bytes, _digest(request), actor_of(request)
        )
        if video_sha256:
            return Response(status_code=200, headers=TUS | {"Frametally-Video": video_sha256})
        actor = actor_of(request)
        upload = await run_in_threadpool(lambda: self._uploads.begin(file_name, size_bytes, actor=actor))
        # Relative to this URL: a proxy may serve the whole dashboard below a path.
        return Response(status_code=201, headers=TUS | {"Location": upload.id})

    async def progress(self, request: Request) -> Response:
        upload: Upload = request.state.upload
        length = {"Upload-Length": str(upload.size_bytes), "Cache-Control": "no-store"}
        return _offset_response(upload.offset_bytes, upload.video_sha256, status_code=200, headers=length)

    async def receive(self, request: Request) -> Response:
        if request.headers.get("content-type") != _CHUNK_TYPE:
            raise HttpError(415, f"The content type of a chunk must be {_CHUNK_TYPE}.")
        offset_bytes = _whole_number(request, "Upload-Offset")
        upload: Upload = request.state.upload
        if offset_bytes != upload.offset_bytes:
            raise offset_mismatch(upload)
        if offset_bytes + int(request.headers.get("content-length", 0)) > upload.size_bytes:
            raise VideoTooLarge("The chunk is longer than the rest of the upload.", "Choose the file again.")
        digest = _digest(request)
        offset_bytes = await self._write(request, upload)
        if offset_bytes < upload.size_bytes:
            return _offset_response(offset_bytes)
        actor = actor_of(request)
        video = await run_in_threadpool(lambda: self._library.finish(upload.id, digest, actor=actor))
        return _offset_response(offset_bytes, video.sha256)

    async def cancel(self, request: Request) -> Response:
        actor = actor_of(request)
        await run_in_threadpool(lambda: self._uploads.cancel(request.state.upload.id, actor=actor))
        return Response(status_code=204, headers=TUS)

    def _find_stored(self, file_name: str, size_bytes: int, digest: str, actor: str | None) -> str | None:
        if digest == _ASK:
            if self._library.videos.has_size(size_bytes):
                raise HttpError(428, "A video of this size is already stored.", f"Send its digest as {_DIGEST}.")
            return None
        video = self._library.recognize(file_name, size_bytes, digest, actor=actor) if digest else None
        return video.sha256 if video else None

    async def _write(self, request: Request, upload: Upload) -> int:
        """Stream the body to disk and return the new offset; after a lost connection the received bytes stay."""
        offset_bytes, batch = upload.offset_bytes, bytearray()
        header = request.headers.get("upload-checksum")
        checksum = Checksum(header) if header is not None else None
        try:
            async for chunk in request.stream():
                batch += chunk
                if len(batch) >= self._uploads.batch_bytes:
                    offset_bytes = await run_in_threadpool(self._append, upload.id, offset_bytes, batch, checksum)
                    batch = bytearray()
        except ClientDisconnect:
            checksum = None  # no response can be sent; the client requests the offset when it reconnects
        offset_bytes = await run_in_threadpool(self._append, upload.id, offset_bytes, batch, checksum)
        if checksum and not checksum.matches:
            await run_in_threadpool(self._uploads.truncate, upload.id, upload.offset_bytes, offset_bytes)
            raise HttpError(460, "The chunk was damaged in transit.", "Send it again.")
        return offset_bytes

    def _append(self, upload_id: str, offset_bytes: int, batch: bytearray, checksum: Checksum | None) -> int:
        if checksum:
            checksum.update(batch)
        return self._uploads.append(upload_id, offset_bytes, batch)


def _offset_response(
    offset_bytes: int, video_sha256: str | None = None, *, status_code: int = 204, headers: dict[str, str] | None = None
) -> Response:
    video = {"Frametally-Video": video_sha256} if video_sha256 else {}
    return Response(
        status_code=status_code, headers=TUS | {"Upload-Offset": str(offset_bytes)} | video | (headers or {})
    )


def _whole_number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise HttpError(400, f"The header {header} is not a whole number.")
    return int(text)


def _digest(request: Request) -> str:
    digest = request.headers.get(_DIGEST, "")
    if digest not in ("", _ASK) and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise HttpError(400, f"The header {_DIGEST} must be `{_ASK}` or a SHA-256 in hex.")
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
                raise HttpError(400, unreadable) from None
    raise HttpError(400, "Upload-Metadata contains no file name.", "Send it as `filename <base64>`.")


def _from_base64(text: str, message: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # wrong padding or alphabet (`binascii.Error`), or not ASCII
        raise HttpError(400, message) from None
