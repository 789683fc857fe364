"""HTTP response with one stored file; a compressed file is decompressed unless its download name keeps the suffix."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, cast

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from frametally.library.stored_object import etag, object_response
from frametally.storage.cached_files import cache_of, fetched
from frametally.storage.seekable_zstd import SeekableZstdFile

_HEADERS: Final = {"Cache-Control": "private", "X-Content-Type-Options": "nosniff"}
_BLOCK_BYTES = 1 << 20
_COMPRESSED = (".zst", ".gz")


def stored_file_response(request: Request, path: Path, name: str, *, attachment: bool) -> Response:
    """The file under the download name `name`, sent in bounded memory; by range only if it is not decompressed.

    Raises:
        OSError: the file cannot be opened, or is not in the format of its suffix.
    """
    cache = cache_of(path)
    headers = _HEADERS
    if cache and path.exists():
        headers = {**_HEADERS, "ETag": etag(cache.key(path), path.stat().st_size)}
    plain = FileResponse(
        path,
        filename=name,
        content_disposition_type="attachment" if attachment else "inline",
        headers=headers,
    )
    is_sent_as_it_is = path.suffix not in _COMPRESSED or name.endswith(path.suffix)
    if cache and not path.exists() and is_sent_as_it_is:
        return object_response(request, cache, cache.key(path), plain)
    fetched(path)
    if is_sent_as_it_is:
        return plain
    if path.suffix == ".gz" and "gzip" in request.headers.get("accept-encoding", ""):
        plain.headers["Content-Encoding"] = "gzip"
        return plain
    decompressed = {**_HEADERS, "Content-Disposition": plain.headers["content-disposition"]}
    return _decompressed(request, path, plain.media_type, decompressed)


def _decompressed(request: Request, path: Path, media_type: str | None, headers: Mapping[str, str]) -> Response:
    if path.suffix == ".gz":
        file = cast("BinaryIO", gzip.open(path))  # noqa: SIM115
    else:
        seekable = SeekableZstdFile(path)
        headers = {**headers, "Content-Length": str(seekable.size_bytes)}
        file = cast("BinaryIO", seekable)
    if request.method == "HEAD":
        file.close()
        return Response(headers=headers, media_type=media_type)
    return StreamingResponse(_blocks(file), headers=headers, media_type=media_type)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK_BYTES):
            yield block
