"""Responses that are compressed where that makes them smaller."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_LEVEL: Final = 1
_MIN_BYTES: Final = 1 << 10


def compressed_response(
    request: Request, content: bytes, headers: Mapping[str, str], media_type: str = "application/octet-stream"
) -> Response:
    """The content, in gzip format if the client accepts it and it is worth the time."""
    headers = {**headers, "Vary": "Accept-Encoding"}
    if len(content) >= _MIN_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, _LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=media_type)
