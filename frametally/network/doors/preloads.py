"""Names in the response of a page what it will need, so that browsers load it while they start the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PAGE: Final = "text/html"
_OWN: Final = "/frametally/"
"""In the paths of our routes, whose documents are no pages of the dashboard."""


class Preloads:
    """ASGI middleware that adds a `Link` header to a page."""

    def __init__(self, app: ASGIApp, *, page: str, modules: Sequence[str], scripts: Sequence[str] = ()) -> None:
        """`page`: its path without the base path, empty for all pages; `modules` and `scripts`: likewise."""
        self._app, self._page = app, page
        links = [f"<.{url}>; rel=modulepreload" for url in modules]
        self._links = ", ".join([*links, *(f"<.{url}>; rel=preload; as=script" for url in scripts)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["path"].endswith(self._page) and _OWN not in scope["path"]
        if not self._links or not is_page:
            await self._app(scope, receive, send)
            return

        async def send_with_links(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(raw=list(message.get("headers", [])))
                if headers.get("content-type", "").startswith(_PAGE):
                    headers.append("Link", self._links)
                    message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, send_with_links)
