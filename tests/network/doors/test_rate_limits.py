"""Limits on how often one client may ask."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from frametally.network.doors.rate_limits import LIMITS, Buckets, RateLimits, client_of
from tests.support.asgi import LOCAL, REMOTE, ask, asked
from tests.support.event_loops import run_coroutine


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def answer(_: Request) -> PlainTextResponse:
    return PlainTextResponse("")


def statuses(
    app: Starlette,
    path: str,
    times: int,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    client: str = REMOTE,
) -> list[int]:
    """The statuses of so many requests in one event loop."""

    async def ask_all() -> list[int]:
        return [(await ask(app, path, headers, method=method, client=client)).status_code for _ in range(times)]

    return run_coroutine(ask_all())


def app(clock: Clock, base_path: str = "") -> Starlette:
    return Starlette(
        routes=[Route("/{path:path}", answer, methods=["GET", "POST"])],
        middleware=[Middleware(RateLimits, base_path=base_path, clock=clock)],
    )


def test_a_bucket_allows_a_burst_and_then_a_rate() -> None:
    clock = Clock()
    buckets = Buckets(2, 0.5, clock)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 2]
    assert buckets.take("b") == 0
    clock.now_s = 2
    assert [buckets.take("a"), buckets.take("a")] == [0, 2]


@pytest.mark.parametrize("base_path", ["", "/tools"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/auth/login"), ("GET", "/oauth2callback"), ("POST", "/frametally/uploads"), ("GET", "/videoinfer/")],
)
def test_sign_in_uploads_and_engine_calls_are_limited_per_client(method: str, path: str, base_path: str) -> None:
    limit = next(each for each in LIMITS if each.concerns(method, path))
    clock = Clock()
    served = app(clock, base_path)
    assert set(statuses(served, base_path + path, limit.burst, method=method)) == {200}
    refused = asked(served, base_path + path, method=method)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert asked(served, base_path + path, method=method, client="198.51.100.9").status_code == 200
    assert asked(served, base_path + "/jobs", method=method).status_code == 200
    clock.now_s = 1 / limit.per_s
    assert asked(served, base_path + path, method=method).status_code == 200


def test_the_dashboard_calls_its_own_engine_without_a_limit() -> None:
    served = app(Clock())
    assert set(statuses(served, "/videoinfer", 300, client=LOCAL)) == {200}
    proxied = statuses(served, "/videoinfer", 300, {"X-Forwarded-For": REMOTE}, client=LOCAL)
    assert proxied[-1] == 429


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_the_client_of_an_ipv6_address_is_its_network(address: str, client: str) -> None:
    assert client_of({"client": (address, 1)}) == client
