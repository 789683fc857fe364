"""Headers of responses: the policy of pages, flags of cookies, errors included."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from frametally.network.doors.content_policy import OTHER_CONTENT, inline_digests, page_policy
from frametally.network.doors.cookies import with_flags
from frametally.network.doors.headers import SecurityHeaders
from tests.support.asgi import asked

POLICY = page_policy("<html><script>go()</script></html>", ("'self'", "https://intranet.example.com"))


async def respond(request: Request) -> Response:
    match request.path_params["kind"]:
        case "page":
            return HTMLResponse("<p>")
        case "unchanged":
            return Response(status_code=304)
        case "script":
            return Response("", media_type="text/javascript")
        case "cookie":
            response = PlainTextResponse("")
            response.set_cookie("a", "1", samesite="strict")
            response.headers.append("set-cookie", "_streamlit_xsrf=2; Path=/")
            return response
        case "own":
            return HTMLResponse("", headers={"Referrer-Policy": "no-referrer"})
    raise RuntimeError("a fault")


APP = Starlette(routes=[Route("/{kind}", respond)], middleware=[Middleware(SecurityHeaders, page_policy=POLICY)])


@pytest.mark.parametrize(
    ("path", "policy"),
    [("/page", POLICY), ("/script", None), ("/unchanged", None), ("/fault", OTHER_CONTENT), ("/a/b", OTHER_CONTENT)],
)
def test_every_response_has_the_headers_also_errors(path: str, policy: str | None) -> None:
    headers = asked(APP, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers.get("content-security-policy") == policy


def test_a_header_of_the_route_is_kept() -> None:
    assert asked(APP, "/own").headers.getlist("referrer-policy") == ["no-referrer"]


def test_the_policy_allows_the_inline_script_by_its_digest_and_nothing_from_elsewhere() -> None:
    (digest,) = inline_digests("<script>go()</script><script src='a.js'></script>")
    directives = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert digest in directives["script-src"].split()
    assert "unsafe" not in directives["script-src"]
    assert not any(source in ("*", "http:", "https:") for text in directives.values() for source in text.split())
    assert directives["frame-ancestors"] == "'self' https://intranet.example.com"
    assert "frame-ancestors" not in page_policy("")


def test_cookies_get_the_flags_that_they_can_have() -> None:
    assert asked(APP, "/cookie").headers.getlist("set-cookie") == [
        "a=1; Path=/; SameSite=strict; HttpOnly",
        "_streamlit_xsrf=2; Path=/; SameSite=Lax",
    ]
    for answer in (asked(APP, "/cookie", scheme="https"), asked(APP, "/cookie", {"X-Forwarded-Proto": "https"})):
        assert [cookie.endswith("; Secure") for cookie in answer.headers.getlist("set-cookie")] == [True, True]


def test_no_flag_is_added_twice() -> None:
    whole = "a=1; httponly; samesite=none; secure"
    assert with_flags(whole, is_https=True) == whole
