"""A service on a real socket that sends whatever it is given as results, or lets its responses drip.

It accepts every job; `Retry-After` invites the dashboard to ask again at once.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Blocks = Callable[[], Iterator[bytes]]
"""Makes the body of a response, block by block."""


class HostileService:
    """Serves `body` as the results of every job; with `drip_s`, each byte of a response takes that long."""

    def __init__(self, body: Blocks = lambda: iter(()), *, encoding: str = "", drip_s: float = 0.0) -> None:
        self.body, self.encoding, self.drip_s = body, encoding, drip_s
        self.calls: list[str] = []
        """Method and path of each request."""
        self.over = threading.Event()
        """Set to end dripping responses."""
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[HostileService]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.over.set()
            self._server.shutdown()
            self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    service: HostileService

    def handle_any(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        self.service.calls.append(f"{self.command} {path}")
        with suppress(OSError):  # the dashboard closed the connection
            if self.service.drip_s:
                self.drip()
            elif path == "/results":
                self.send_results()
            else:
                self.send_json(path)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

    def drip(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 100_000:
            if self.service.over.wait(self.service.drip_s):
                return
            self.wfile.write(bytes([byte]))

    def send_json(self, path: str) -> None:
        link = {"status": 0, "output_signed_url": f"{self.service.url}/results"}
        answers: dict[str, Any] = {"/": {"workspace": "w"}, "/models/": {"models": []}}
        accepted = {"job_id": "r1"} if self.command == "POST" else link
        content = json.dumps(answers.get(path, accepted)).encode()
        self.send_response(200)
        for name, value in (("Content-Type", "application/json"), ("Retry-After", "1")):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_results(self) -> None:
        self.send_response(200)
        if self.service.encoding:
            self.send_header("Content-Encoding", self.service.encoding)
        self.end_headers()
        for block in self.service.body():
            self.wfile.write(block)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Suppress the access log."""
