"""A reverse proxy that serves a dashboard below a path, like nginx with `proxy_pass`; WebSockets included."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

_MAX_HEAD_BYTES = 1 << 16


class ReceivedRequest(NamedTuple):
    """The head of a request, and what has arrived of its body."""

    method: bytes
    target: bytes
    rest: bytes
    """The version, and the headers."""
    body: bytes


@contextmanager
def proxying(port: int, path: str, *, strips: bool) -> Iterator[str]:
    """Forward what is below `path` to a local port and yield the URL; other requests get no response.

    `strips`: remove the path from the request, and send it as `X-Forwarded-Prefix`.
    """

    def handle(client: socket.socket, request: ReceivedRequest) -> None:
        target, rest = request.target, request.rest
        if not target.startswith(path.encode()):
            return
        if strips:
            target = target.removeprefix(path.encode()) or b"/"
            rest += b"\r\nX-Forwarded-Prefix: " + path.encode()
        forward(client, request._replace(target=target, rest=rest), port)

    with handling(handle) as url:
        yield url + path


@contextmanager
def handling(handle: Callable[[socket.socket, ReceivedRequest], None]) -> Iterator[str]:
    """Yield a URL; `handle` gets each connection to it with its first request, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_accept, args=(listener, handle), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def forward(client: socket.socket, request: ReceivedRequest, port: int) -> None:
    """Send a request to a local port, then whatever comes from either side to the other."""
    method, target, rest, body = request
    if b"upgrade: websocket" not in rest.lower():  # one request per connection
        rest = re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", rest) + b"\r\nConnection: close"
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(b" ".join([method, target, rest]) + b"\r\n\r\n" + body)
        back = threading.Thread(target=_pipe, args=(server, client), daemon=True)
        back.start()
        _pipe(client, server)
        back.join()


def _accept(listener: socket.socket, handle: Callable[[socket.socket, ReceivedRequest], None]) -> None:
    with suppress(OSError):  # closed
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, handle), daemon=True).start()


def _serve(client: socket.socket, handle: Callable[[socket.socket, ReceivedRequest], None]) -> None:
    with client, suppress(OSError):
        received = b""
        while b"\r\n\r\n" not in received and len(received) < _MAX_HEAD_BYTES:
            if not (part := client.recv(4096)):
                return
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        method, target, rest = head.split(b" ", 2)
        handle(client, ReceivedRequest(method, target, rest, body))


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(1 << 16):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
