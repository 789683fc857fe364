"""Static files of the pages: compressed once, and kept by browsers, because their URL contains a digest of the content.

/frametally/assets/<digest>/<name>
/frametally/assets/<digest>-<attempt>/<name>    the same, for a browser that remembers a failed attempt
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from frametally.errors import FrametallyError
from frametally.network.routes import PUBLIC, GuardedRoute, Handler, HttpError

ASSETS_PREFIX: Final = "/frametally/assets/"
_LEVEL: Final = 9
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


class AssetBundle:
    """Files that are served together below one digest; their content is read when it is first needed."""

    def __init__(self, files: Mapping[str, Path | Callable[[], bytes]]) -> None:
        """`files` by the name in the URL: where they are, or what returns their content."""
        self._files = dict(files)
        self._compressed: dict[str, bytes] = {}

    @cached_property
    def digest(self) -> str:
        """Changes with the content of a file."""
        digest = hashlib.sha256()
        for name in sorted(self._files):
            digest.update(name.encode() + b"\0" + hashlib.sha256(self._content(name)).digest())
        return digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """The path of a file on this server, without the base path."""
        return f"{ASSETS_PREFIX}{self.digest}/{name}"

    def read(self, name: str, *, compressed: bool) -> bytes:
        """The content of a file, in gzip format if `compressed`.

        Raises:
            KeyError: there is no such file.
        """
        if not compressed:
            return self._content(name)
        if name not in self._compressed:
            self._compressed[name] = gzip.compress(self._content(name), _LEVEL, mtime=0)
        return self._compressed[name]

    def _content(self, name: str) -> bytes:
        file = self._files[name]
        return file.read_bytes() if isinstance(file, Path) else file()


def asset_routes(*bundles: AssetBundle) -> list[GuardedRoute]:
    """The route for the files of these bundles; public, because they are the same for everyone."""
    by_digest = {bundle.digest: bundle for bundle in bundles}

    async def send(request: Request) -> Response:
        name, is_gzip = request.path_params["name"], "gzip" in request.headers.get("accept-encoding", "")
        try:
            bundle = by_digest[request.path_params["digest"].partition("-")[0]]
            content = await run_in_threadpool(bundle.read, name, compressed=is_gzip)
        except KeyError:
            raise HttpError(404, "This file does not exist in this version.", "Reload the page.") from None
        headers = _HEADERS | ({"Content-Encoding": "gzip"} if is_gzip else {})
        return Response(content, headers=headers, media_type=mimetypes.guess_type(name)[0])

    return [
        GuardedRoute(
            path=ASSETS_PREFIX + "{digest}/{name:path}",
            methods=("GET",),
            handler=send,
            purpose="Get a script or style of a page",
            check=PUBLIC,
            middleware=errors_as_text,
        )
    ]


def errors_as_text(handler: Handler) -> Handler:
    """Turn errors into plain-text responses."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except FrametallyError as error:
            status_code = error.status_code if isinstance(error, HttpError) else 422
            return PlainTextResponse(str(error), status_code, headers={"Cache-Control": "no-store"})

    return answered
