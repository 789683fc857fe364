"""HTTP response with a file that is in object storage only: whole or one range, which are read as they are sent."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from frametally.storage.cache import Cache

_ONE_RANGE: Final = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def object_response(request: Request, cache: Cache, key: str, plain: FileResponse) -> Response:
    """The object under the headers of `plain`, the response with the file if it were here.

    Several ranges at once, which no browser needs, are answered with the whole object, as the standard allows.

    Raises:
        FileNotFoundError: there is no such object.
    """
    size_bytes = cache.objects.size(key)
    if size_bytes is None:
        raise FileNotFoundError(key)
    headers = {name: plain.headers[name] for name in ("cache-control", "x-content-type-options", "content-disposition")}
    headers |= {"Accept-Ranges": "bytes", "ETag": etag(key, size_bytes)}
    span = _span(request, size_bytes, headers["ETag"])
    if span is None:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size_bytes}"})
    start, stop, is_part = span
    status_code = 200
    if is_part:
        status_code, headers["Content-Range"] = 206, f"bytes {start}-{stop - 1}/{size_bytes}"
    headers["Content-Length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(status_code=status_code, headers=headers, media_type=plain.media_type)
    blocks = cache.blocks(key, start, stop)
    return StreamingResponse(blocks, status_code=status_code, headers=headers, media_type=plain.media_type)


def etag(key: str, size_bytes: int) -> str:
    """The same on every dashboard: what is delivered from the store never changes under its name and size."""
    return f'"{hashlib.sha256(key.encode()).hexdigest()[:24]}-{size_bytes}"'


def _span(request: Request, size_bytes: int, tag: str) -> tuple[int, int, bool] | None:
    """First byte, the one after the last, and whether a range is asked for; None if it is not in the object."""
    found = _ONE_RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or found[0] == "bytes=-" or request.headers.get("if-range", tag) != tag:
        return 0, size_bytes, False
    first, last = found.groups()
    if not first:
        return (max(size_bytes - int(last), 0), size_bytes, True) if int(last) and size_bytes else None
    start, stop = int(first), min(int(last or size_bytes) + 1, size_bytes)
    return (start, stop, True) if start < stop else None
