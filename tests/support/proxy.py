"""A reverse proxy that serves a dashboard below a path, like nginx with `proxy_pass`; WebSockets included."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_MAX_HEAD_BYTES = 1 << 16


@contextmanager
def proxying(port: int, path: str, *, strips: bool) -> Iterator[str]:
    """Forward what is below `path` to a local port and yield the URL; other requests get no response.

    `strips`: remove the path from the request, and send it as `X-Forwarded-Prefix`.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_accept, args=(listener, port, path, strips), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}{path}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _accept(listener: socket.socket, port: int, path: str, strips: bool) -> None:
    with suppress(OSError):  # closed
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_forward, args=(client, port, path, strips), daemon=True).start()


def _forward(client: socket.socket, port: int, path: str, strips: bool) -> None:
    with client, suppress(OSError):
        received = b""
        while b"\r\n\r\n" not in received and len(received) < _MAX_HEAD_BYTES:
            if not (part := client.recv(4096)):
                return
            received += part
        head, end, body = received.partition(b"\r\n\r\n")
        method, target, rest = head.split(b" ", 2)
        if not target.startswith(path.encode()):
            return
        if strips:
            target = target.removeprefix(path.encode()) or b"/"
            rest += b"\r\nX-Forwarded-Prefix: " + path.encode()
        if b"upgrade: websocket" not in rest.lower():  # one request per connection
            rest = re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", rest) + b"\r\nConnection: close"
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(b" ".join([method, target, rest]) + end + body)
            back = threading.Thread(target=_pipe, args=(server, client), daemon=True)
            back.start()
            _pipe(client, server)
            back.join()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(1 << 16):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
