"""The process behind `FRAMETALLY_HEALTH_PORT`: `python -m frametally.health.server ADDRESS PORT`.

It answers while the dashboard is busy. The first line of its standard input is the key of the metrics, each further one
the newest figures: a beat. It ends with its parent, which closes the input.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from frametally.health.figures import Figures, metrics_text
from frametally.network.doors.secrets import same_secret

LATE_S: Final = 15.0
"""Without a beat for so long, the dashboard counts as unhealthy."""
HEALTH_PATHS: Final = ("/_stcore/health", "/health")
METRICS_PATH: Final = "/metrics"
_REQUEST_WITHIN_S: Final = 10.0
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class HealthServer(ThreadingHTTPServer):
    """Answers from the newest figures."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], key: str) -> None:
        self.key = key
        self.figures: Figures | None = None
        self.beat_at_s = float("-inf")
        super().__init__(address, _Handler)

    def follow(self, lines: BinaryIO) -> None:
        """Read figures until the input ends."""
        for line in lines:
            self.figures = msgspec.json.decode(line, type=Figures)
            self.beat_at_s = time.monotonic()

    def answer(self, target: str, authorization: str) -> tuple[HTTPStatus, str]:
        """The response to a GET request."""
        parts = urlsplit(target)
        age_s = time.monotonic() - self.beat_at_s
        if parts.path in HEALTH_PATHS:
            is_well = age_s <= LATE_S
            return (HTTPStatus.OK, "ok") if is_well else (HTTPStatus.SERVICE_UNAVAILABLE, "the dashboard is stalled")
        if parts.path != METRICS_PATH:
            return HTTPStatus.NOT_FOUND, "Not Found"
        bearer = authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else ""
        given = bearer or parse_qs(parts.query).get("api_key", [""])[0]
        if not same_secret(given, self.key):
            return HTTPStatus.UNAUTHORIZED, "Send the engine's key as a bearer token or as ?api_key=…."
        if self.figures is None:
            return HTTPStatus.SERVICE_UNAVAILABLE, "the dashboard is starting"
        return HTTPStatus.OK, metrics_text(self.figures, age_s)


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_WITHIN_S
    server: HealthServer

    def do_GET(self) -> None:
        status, text = self.server.answer(self.path, self.headers.get("Authorization", ""))
        self.send_response(status)
        for name, value in (
            ("Content-Type", _TEXT),
            ("Content-Length", str(len(text.encode()))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write no access log: its lines would contain the key."""


def main(address: str, port: int) -> int:
    """Serve until the input ends."""
    lines = sys.stdin.buffer
    server = HealthServer((address, port), lines.readline().decode().strip())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.follow(lines)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
