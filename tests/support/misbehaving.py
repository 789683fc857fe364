"""An HTTP server on a real socket that gives planned replies, valid or not, and records the requests."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Seen:
    """A request as it was received."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    def holds(self, text: str) -> bool:
        return (
            text in self.target or any(text in value for value in self.headers.values()) or text.encode() in self.body
        )


class MisbehavingServer:
    """Sends the planned replies in order and repeats the last one; 404 until replies are planned."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.seen: list[Seen] = []
        self.replies: list[Reply] = [answer(status=404)]
        self.reads_bodies = True
        self.stopping = threading.Event()
        """Set to end stalled replies."""
        self._server = _Server((host, 0), self._make_handler())

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def port(self) -> int:
        return self._server.server_port

    def wrap(self, context: ssl.SSLContext) -> None:
        """Use TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def replies_with(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def __enter__(self) -> MisbehavingServer:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                size_bytes = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size_bytes) if outer.reads_bodies else b""
                outer.seen.append(Seen(self.command, self.path, dict(self.headers.items()), body))
                reply = outer.replies.pop(0) if len(outer.replies) > 1 else outer.replies[0]
                self.close_connection = True
                reply(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Suppress the access log."""

        return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: clients disconnect on purpose."""


def answer(body: object = b"", *, status: int = 200, **headers: str) -> Reply:
    """A complete response; a body other than bytes is sent as JSON. `Retry_After="3"` sets the header `Retry-After`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def reply(handler: BaseHTTPRequestHandler) -> None:
        _send_head(handler, status, {**kind, "Content-Length": str(len(content)), **named})
        handler.wfile.write(content)

    return reply


def redirect(location: str, status: int = 307) -> Reply:
    return answer(status=status, Location=location)


def cut_short(body: bytes, *, promised_bytes: int) -> Reply:
    """A response that is shorter than its Content-Length."""
    return answer(body, Content_Length=str(promised_bytes))


def cut_chunks(body: bytes, **headers: str) -> Reply:
    """A chunked response without the terminating chunk."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        _send_head(handler, 200, {"Transfer-Encoding": "chunked", **headers})
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))

    return reply


def unframed(body: bytes, **headers: str) -> Reply:
    """A response with neither a length nor chunks: its body ends when the connection is closed."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        _send_head(handler, 200, {name.replace("_", "-"): value for name, value in headers.items()})
        handler.wfile.write(body)

    return reply


def after(act: Callable[[], object], reply: Reply) -> Reply:
    """Call `act` while the client waits for the response, then send the reply."""

    def acted(handler: BaseHTTPRequestHandler) -> None:
        act()
        reply(handler)

    return acted


def silence(server: MisbehavingServer) -> Reply:
    """Send nothing; the connection is closed after 30 s, or as soon as `stopping` is set."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        server.stopping.wait(30)

    return reply


def dripping(server: MisbehavingServer, head: bytes = b"") -> Reply:
    """Send this head at once, and then a byte every 50 ms, until `stopping` is set or the client closes."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head or b"HTTP/1.1 200 OK")
        while not server.stopping.wait(0.05):
            handler.wfile.write(b" ")

    return reply


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection with a TCP reset, as a crashed service does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.wfile = handler.rfile  # nothing to flush


def _send_head(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Connection", "close")
    handler.end_headers()
