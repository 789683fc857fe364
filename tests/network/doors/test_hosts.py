"""Host names and origins that the server answers to."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from frametally.network.doors.hosts import HostDoor, Hosts, host_name
from tests.support.asgi import LOCAL, REMOTE, asked

ANY = Hosts()
LISTED = Hosts(allowed=("tally.example.com", "*.example.org"), own=("10.1.2.3",), origins=("tally.example.com",))
MAPPED = "::ffff:127.0.0.1"
PROXIED = {"X-Forwarded-For": "203.0.113.7"}


def app(hosts: Hosts) -> Starlette:
    async def stream(socket: WebSocket) -> None:
        await socket.accept()

    routes = [
        *(Route(path, lambda _: PlainTextResponse("")) for path in ("/", "/health")),
        WebSocketRoute("/stream", stream),
    ]
    return Starlette(routes=routes, middleware=[Middleware(HostDoor, hosts=hosts, exempt=["/health"])])


@pytest.mark.parametrize(
    ("hosts", "address", "headers", "status"),
    [
        (ANY, REMOTE, {"Host": "whatever.example"}, 200),
        (ANY, LOCAL, {"Host": "localhost:8501"}, 200),
        (ANY, LOCAL, {"Host": "127.0.0.1:8501"}, 200),
        (ANY, LOCAL, {"Host": "[::1]:8501"}, 200),
        (ANY, LOCAL, {"Host": "192.168.1.5"}, 200),
        (ANY, LOCAL, {"Host": "rebound.example"}, 403),
        (ANY, MAPPED, {"Host": "rebound.example"}, 403),
        (ANY, LOCAL, {"Host": "tally.example.com", **PROXIED}, 200),
        (LISTED, REMOTE, {"Host": "tally.example.com:8501"}, 200),
        (LISTED, REMOTE, {"Host": "TALLY.example.com."}, 200),
        (LISTED, REMOTE, {"Host": "a.example.org"}, 200),
        (LISTED, REMOTE, {"Host": "example.org"}, 403),
        (LISTED, REMOTE, {"Host": "evil-example.org"}, 403),
        (LISTED, REMOTE, {"Host": "tally.example.com@evil.example"}, 403),
        (LISTED, REMOTE, {"Host": ""}, 403),
        (LISTED, REMOTE, {"Host": "localhost"}, 403),
        (LISTED, LOCAL, {"Host": "localhost"}, 200),
        (LISTED, LOCAL, {"Host": "localhost", **PROXIED}, 403),
        (LISTED, REMOTE, {"Host": "10.1.2.3"}, 200),
    ],
)
def test_other_host_names_are_refused(hosts: Hosts, address: str, headers: dict[str, str], status: int) -> None:
    answered = asked(app(hosts), "/", headers, client=address)
    assert answered.status_code == status


def test_the_health_route_answers_to_any_name() -> None:
    assert asked(app(LISTED), "/health", {"Host": "10.9.9.9"}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "is_accepted"),
    [
        (None, True),
        ("http://a.example.org", True),
        ("https://tally.example.com", True),
        ("http://a.example.org:3000", False),
        ("https://evil.example", False),
        ("http://localhost:3000", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_a_websocket_of_another_origin_is_refused(origin: str | None, is_accepted: bool) -> None:
    headers = {"Host": "a.example.org", **({"Origin": origin} if origin else {})}
    assert asked(app(LISTED), "/stream", headers, scheme="ws").is_accepted is is_accepted


def test_a_websocket_with_another_host_is_refused() -> None:
    assert not asked(app(LISTED), "/stream", {"Host": "evil.example"}, scheme="ws").is_accepted


def test_origins_are_not_checked_where_streamlit_is_told_not_to() -> None:
    headers = {"Host": "a.example", "Origin": "https://b.example"}
    assert asked(app(Hosts(origins=None)), "/stream", headers, scheme="ws").is_accepted


def test_the_name_of_a_host_header() -> None:
    assert [host_name(host) for host in ("A.b:1", "[::1]:80", "a@b", "[", "")] == ["a.b", "::1", "", "", ""]
