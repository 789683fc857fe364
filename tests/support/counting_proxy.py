"""A proxy before a service: it notes each status call, and hides that the service allows more than one a minute."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

_HIDDEN = {"retry-after", "transfer-encoding", "connection", "content-length", "server", "date"}


class CountingProxy(ThreadingHTTPServer):
    """Forwards every request to `target`; while that is down, it answers as a load balancer does."""

    daemon_threads = True

    def __init__(self, target: str, down_after_s: int = 5) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.down_after_s = down_after_s
        self.asked_at_s: defaultdict[str, list[float]] = defaultdict(list)
        self.starts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def gaps_s(self) -> list[float]:
        """Seconds between two status calls for the same job."""
        return [later - earlier for asked in self.asked_at_s.values() for earlier, later in pairwise(asked)]

    def note(self, method: str, target: str) -> None:
        parts = urlsplit(target)
        if parts.path.rstrip("/") == "/videoinfer":
            if method == "GET":
                self.asked_at_s[parse_qs(parts.query)["job_id"][0]].append(time.monotonic())
            self.starts += method == "POST"


class _Handler(BaseHTTPRequestHandler):
    server: CountingProxy

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.note(self.command, self.path)
        headers = {name: text for name, text in self.headers.items() if name.lower() != "connection"}
        try:
            answer = requests.request(
                self.command, f"{self.server.target}{self.path}", data=body, headers=headers, timeout=60
            )
        except requests.ConnectionError as error:
            self._without_answer(was_refused="refused" in str(error))
            return
        kept = {name: text for name, text in answer.headers.items() if name.lower() not in _HIDDEN}
        self._send(answer.status_code, kept, answer.content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815

    def _without_answer(self, *, was_refused: bool) -> None:
        """A service that was down did not get the request; one that died over it may have."""
        if was_refused:
            self._send(503, {"Retry-After": str(self.server.down_after_s)}, b"")
        else:
            self.close_connection = True

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        with suppress(ConnectionError):  # the client was killed
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Suppress the access log."""


@contextmanager
def counting(target: str) -> Iterator[CountingProxy]:
    """Serve while the context is open."""
    with CountingProxy(target) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
