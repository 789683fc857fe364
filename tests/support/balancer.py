"""A load balancer without stickiness for our own routes: each request to them goes to the next dashboard in turn.

Streamlit's session is in one process: its WebSocket, and what it serves for it, go to the first one.
"""

from __future__ import annotations

import itertools
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

_MAX_HEAD_BYTES = 1 << 16
_OURS = b"/frametally/"


@contextmanager
def balancing(ports: Sequence[int]) -> Iterator[tuple[str, Counter[tuple[int, str]]]]:
    """Yield the URL, and how often which route of which dashboard (its place in `ports`) was asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    served: Counter[tuple[int, str]] = Counter()
    turns = itertools.cycle(range(len(ports)))

    def accept() -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = listener.accept()
                threading.Thread(target=_forward, args=(client, ports, turns, served), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", served
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _forward(
    client: socket.socket, ports: Sequence[int], turns: Iterator[int], served: Counter[tuple[int, str]]
) -> None:
    with client, suppress(OSError):
        received = b""
        while b"\r\n\r\n" not in received and len(received) < _MAX_HEAD_BYTES:
            if not (part := client.recv(4096)):
                return
            received += part
        head, end, body = received.partition(b"\r\n\r\n")
        method, target, rest = head.split(b" ", 2)
        place = 0
        if target.startswith(_OURS):
            place = next(turns)
            served[place, target.split(b"/")[2].decode()] += 1
        if b"upgrade: websocket" not in rest.lower():  # one request per connection
            rest = re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", rest) + b"\r\nConnection: close"
        with socket.create_connection(("127.0.0.1", ports[place])) as server:
            server.sendall(b" ".join([method, target, rest]) + end + body)
            back = threading.Thread(target=_pipe, args=(server, client), daemon=True)
            back.start()
            _pipe(client, server)
            back.join()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
