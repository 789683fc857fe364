"""The headers of links: nothing of them is indexed, passed on or kept longer than the link is valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from frametally.errors import FrametallyError
from frametally.network.routes import Handler, HttpError
from frametally.reports.shares.pages import POLICY, gone_page, message_page

REVALIDATE: Final = "private, no-cache"
NEVER_KEPT: Final = "private, no-store"
_HEADERS: Final = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class ShareGone(FrametallyError):
    """There is no such link, or it may not be served any more."""

    def __init__(self) -> None:
        super().__init__("This link has expired or was ended.", "Ask the person who sent it for a new one.")


class Headers:
    """The headers of this deployment."""

    def __init__(self, embed_sites: tuple[str, ...]) -> None:
        """`embed_sites`: sources that may embed the views; empty: none."""
        self._ancestors = f"frame-ancestors {' '.join(embed_sites) or _NONE}"
        self._framing = {} if embed_sites else {"X-Frame-Options": "DENY"}

    def page(self, policy: str, cache: str) -> dict[str, str]:
        """Of a page with this Content-Security-Policy, which says nothing of `frame-ancestors`."""
        policy = f"{policy.rstrip('; ')}; {self._ancestors}"
        return {**_HEADERS, **self._framing, "Content-Security-Policy": policy, "Cache-Control": cache}

    def file(self, cache: str) -> dict[str, str]:
        """Of a picture, a clip or the video."""
        return {**_HEADERS, "Cache-Control": cache, "Cross-Origin-Resource-Policy": "same-origin"}

    def small_page(self, html: str, status_code: int, more: Mapping[str, str] | None = None) -> Response:
        """One of `pages.py`."""
        return HTMLResponse(html, status_code, {**self.page(POLICY, NEVER_KEPT), **(more or {})})


def errors_as_pages(headers: Headers) -> Callable[[Handler], Handler]:
    """Middleware that turns errors into pages, which do not say why a link is no longer valid."""

    def wrapped(handler: Handler) -> Handler:
        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except ShareGone:
                return headers.small_page(gone_page(), 404)
            except HttpError as error:
                return headers.small_page(message_page(error.what, error.next_step), error.status_code)
            except SQLAlchemyError:
                page = message_page("This view is not available right now.", "Try again in a minute.")
                return headers.small_page(page, 503, {"Retry-After": "60"})

        return answered

    return wrapped


def etag_matches(request: Request, etag: str) -> bool:
    """Whether the client has this version."""
    given = request.headers.get("if-none-match", "")
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in given.split(",")) if given else False


_NONE: Final = "'none'"
