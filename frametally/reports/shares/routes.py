"""HTTP routes of links, for people without an account.

    /frametally/shared/<token>                  the brief
    /frametally/shared/<token>/files/<name>     a picture or clip of it
    /frametally/shared/<token>/video            the video, by range, if the link includes it
    /frametally/shared/<token>/password         the form of a link with a password

The token authorizes each request, with a cookie where there is a password. Nothing else is served here: a name of a
file is looked up in the brief and never becomes a path.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from frametally.access.guard import ending
from frametally.network.doors.rate_limits import Buckets, client_of
from frametally.network.routes import Check, GuardedRoute, Handler, HttpError
from frametally.reports.shares.kept_brief import FILES_NAME
from frametally.reports.shares.open_shares import OpenShare, OpenShares
from frametally.reports.shares.pages import password_page
from frametally.reports.shares.passwords import (
    AT_ONCE,
    COOKIE,
    COOKIE_LIFETIME_S,
    MAX_PASSWORD_CHARS,
    Unlocked,
    is_password,
)
from frametally.reports.shares.responses import (
    NEVER_KEPT,
    REVALIDATE,
    Headers,
    ShareGone,
    errors_as_pages,
    etag_matches,
)
from frametally.reports.shares.served_brief import encoding_for
from frametally.reports.shares.shares import SHARED_PREFIX

_MAX_FORM_BYTES: Final = 4 << 10
_PATH: Final = SHARED_PREFIX + "{token}"


def share_routes(opened: OpenShares, *, secret: str, embed_sites: tuple[str, ...] = ()) -> list[GuardedRoute]:
    """The routes. `secret` signs cookies; `embed_sites`: sources that may embed the views; empty: none."""
    headers = Headers(embed_sites)
    handlers = _Handlers(opened, Unlocked(secret), headers)
    link, unlocked = Check("share link", handlers.find), Check("share link", handlers.find_unlocked)

    def route(method: str, path: str, handler: Handler, purpose: str, check: Check) -> GuardedRoute:
        return GuardedRoute(
            path=_PATH + path,
            methods=(method,),
            handler=handler,
            purpose=purpose,
            check=check,
            middleware=errors_as_pages(headers),
        )

    return [
        route("GET", "", handlers.document, "Read a shared view", link),
        route("GET", f"/{FILES_NAME}/{{name}}", handlers.file, "Get a picture of a shared view", unlocked),
        route("GET", "/video", ending(handlers.video), "Play the video of a shared view", unlocked),
        route("POST", "/password", handlers.unlock, "Enter the password of a shared view", link),
        route("GET", "/password", handlers.to_document, "Lead back to a shared view", link),
        # Streamlit would answer with the dashboard.
        route("GET", "/{rest:path}", handlers.elsewhere, "Refuse other addresses below a shared view", link),
    ]


class _Handlers:
    def __init__(self, opened: OpenShares, unlocked: Unlocked, headers: Headers) -> None:
        self._opened, self._unlocked, self._headers = opened, unlocked, headers
        self._per_client = Buckets(burst=10, per_s=0.1)
        self._per_share = Buckets(burst=60, per_s=0.5)
        self._comparing = CapacityLimiter(AT_ONCE)  # those that wait take no thread from other requests

    async def find(self, request: Request) -> None:
        """Check that the link may be served."""
        token = request.path_params["token"]

        async def is_still_allowed() -> bool:
            return await self._opened.find(token) is not None

        found = await self._opened.find(token)
        if found is None:
            raise ShareGone
        request.state.share = found
        request.state.is_still_allowed = is_still_allowed

    async def find_unlocked(self, request: Request) -> None:
        """Check that the link may be served to this browser."""
        await self.find(request)
        if not self._is_unlocked(request):
            raise HttpError(401, "This view needs a password.", "Open the link again.")

    async def document(self, request: Request) -> Response:
        """The brief, or the form for its password."""
        opened: OpenShare = request.state.share
        share, document = opened.share, opened.document
        if not self._is_unlocked(request):
            is_embedded = request.headers.get("sec-fetch-dest") in ("iframe", "frame")
            page = password_page(f"{request.path_params['token']}/password", is_embedded=is_embedded)
            return self._headers.small_page(page, 401)
        if request.method == "GET":
            self._opened.shares.views.add(share.id)
        encoding = encoding_for(request.headers.get("accept-encoding", ""))
        etag = f'"{document.etag}{f"-{encoding}" if encoding else ""}"'
        headers = {**self._headers.page(document.policy, _cache(opened)), "ETag": etag, "Vary": "Accept-Encoding"}
        if etag_matches(request, etag):
            return Response(status_code=304, headers=headers)
        if encoding:
            headers["Content-Encoding"] = encoding
        content = document.at_once(encoding)
        if content is None:
            content = await run_in_threadpool(document.encoded, encoding)
        return Response(content, headers=headers, media_type="text/html; charset=utf-8")

    async def file(self, request: Request) -> Response:
        """A picture or clip; clips by range."""
        opened: OpenShare = request.state.share
        name = request.path_params["name"]
        media_type = opened.document.media_types.get(name)
        if media_type is None:
            raise ShareGone
        etag = f'"{name.partition("-")[0]}"'
        headers = {**self._headers.file(_cache(opened)), "ETag": etag}
        if etag_matches(request, etag):
            return Response(status_code=304, headers=headers)
        path = self._opened.shares.folder / opened.share.id / FILES_NAME / name
        if not await run_in_threadpool(path.is_file):
            raise ShareGone
        return FileResponse(path, media_type=media_type, headers=headers)

    async def video(self, request: Request) -> Response:
        """The video as it is kept; never beside blurred pictures, whatever the ledger says."""
        opened: OpenShare = request.state.share
        path = await run_in_threadpool(self._opened.video_path, opened.share)
        if path is None:
            raise ShareGone
        return FileResponse(path, headers=self._headers.file(_cache(opened)))

    async def unlock(self, request: Request) -> Response:
        """Compare the password, and remember in a cookie for this link that it was right."""
        opened: OpenShare = request.state.share
        share, back = opened.share, f"../{request.path_params['token']}"
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise HttpError(403, "This form was sent by another site.", "Open the link again.")
        if not share.password_hash:
            return RedirectResponse(back, 303, self._headers.file(NEVER_KEPT))
        wait_s = self._per_client.take(f"{client_of(request.scope)} {share.id}") or self._per_share.take(share.id)
        if wait_s:
            return self._refuse("Too many attempts. Wait a minute, then try again.", 429, {"Retry-After": "60"})
        password = await _password(request)
        if not await to_thread.run_sync(is_password, password, share.password_hash, limiter=self._comparing):
            return self._refuse("This password is wrong.", 403)
        response = RedirectResponse(back, 303, self._headers.file(NEVER_KEPT))
        # Without a path: browsers then send it below the address of this form, which may have a base path.
        response.set_cookie(
            COOKIE,
            self._unlocked.cookie(share),
            max_age=COOKIE_LIFETIME_S,
            path=None,
            httponly=True,
            samesite="lax",
        )
        return response

    async def to_document(self, request: Request) -> Response:
        """A reload after a wrong password."""
        return RedirectResponse(f"../{request.path_params['token']}", 303, self._headers.file(NEVER_KEPT))

    async def elsewhere(self, request: Request) -> Response:
        """Nothing; a slash at the end of the link leads to it."""
        if request.path_params["rest"]:
            raise ShareGone
        return await self.to_document(request)

    def _refuse(self, alert: str, status_code: int, more: dict[str, str] | None = None) -> Response:
        return self._headers.small_page(password_page("password", alert), status_code, more)

    def _is_unlocked(self, request: Request) -> bool:
        return self._unlocked.has(request.state.share.share, request.cookies.get(COOKIE, ""))


def _cache(opened: OpenShare) -> str:
    return NEVER_KEPT if opened.share.password_hash else REVALIDATE


async def _password(request: Request) -> str:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_FORM_BYTES:
            raise HttpError(413, "This form is too large.", "Open the link again.")
    values = parse_qs(body.decode("utf-8", "replace")).get("password", [""])
    return values[0][:MAX_PASSWORD_CHARS]
