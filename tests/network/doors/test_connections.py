"""Connections that send nothing, too much, or too slowly, to a real server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from websockets.sync.client import connect

from frametally.network.doors.connections import MAX_HEAD_BYTES, SlowBodies, allow_connections, bounded
from tests.support.asgi import asked
from tests.support.event_loops import run_coroutine
from tests.support.polling import until

SOON_S = 0.2
OK = b"HTTP/1.1 200"
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def respond(_: Request) -> Response:
    return PlainTextResponse("")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


@contextmanager
def serving(*, max_connections: int) -> Iterator[int]:
    app = Starlette(routes=[Route("/", respond), WebSocketRoute("/echo", echo)])
    protocol = bounded(AutoHTTPProtocol, max_connections=max_connections, head_within_s=SOON_S)
    config = uvicorn.Config(app, port=0, http=protocol, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def client(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def is_ended(connection: socket.socket) -> bool:
    """Whether the server ends the connection; waits for it."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_connections_without_a_whole_head_are_closed_and_others_go_on() -> None:
    with serving(max_connections=10) as port, client(port) as silent, client(port) as half, client(port) as again:
        half.sendall(REQUEST[:-2])
        again.sendall(REQUEST)
        assert again.recv(4096).startswith(OK)
        again.sendall(REQUEST[:5])
        assert [is_ended(each) for each in (silent, half, again)] == [True, True, True]
        with connect(f"ws://127.0.0.1:{port}/echo", proxy=None) as tab, client(port) as new:
            threading.Event().wait(2 * SOON_S)
            tab.send("still there")
            assert tab.recv() == "still there"
            assert is_ended(new)


def test_a_head_that_is_too_large_is_refused() -> None:
    with serving(max_connections=10) as port, client(port) as large:
        large.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * (MAX_HEAD_BYTES + 1))
        assert is_ended(large)


def test_there_are_at_most_so_many_connections() -> None:
    with serving(max_connections=1) as port, client(port) as first:
        first.sendall(REQUEST)
        assert first.recv(4096).startswith(OK)
        with client(port) as second:
            assert is_ended(second)


def test_a_body_that_stops_to_arrive_ends_its_request() -> None:
    seen: list[str] = []

    async def read(request: Request) -> Response:
        try:
            seen.append((await request.body()).decode())
        except ClientDisconnect:
            seen.append("gone")
        return PlainTextResponse("")

    app = SlowBodies(Starlette(routes=[Route("/", read, methods=["POST"])]), piece_within_s=0.05)
    asked(app, "/", method="POST", body=[b"ab", b"c"])

    async def drip() -> None:
        pieces = [{"type": "http.request", "body": b"a", "more_body": True}]

        async def receive() -> dict[str, object]:
            if not pieces:
                await asyncio.sleep(30)
            return pieces.pop(0)

        async def send(_: object) -> None:
            """Drop the response."""

        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", "root_path": ""}
        await app(scope, receive, send)

    run_coroutine(drip())
    assert seen == ["abc", "gone"]


def test_the_limit_of_files_allows_some_connections() -> None:
    assert 1 <= allow_connections(50) <= 50
