"""A hosted service on a real socket that outlives the dashboard: it logs every call and can kill the caller.

It implements the contract without extensions: a second start is a second job. It shares no code with our client or
engine.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "rf_crash_key"
FROM_OUTSIDE = (
    "link requested, not answered",
    "PUT half sent",
    "PUT whole, not answered",
    "start received, not answered",
    "status requested, not answered",
    "results half sent",
)


@dataclass(frozen=True)
class Logged:
    """A call and its time on the clock of the dashboard; a download is logged after the last byte was sent."""

    at: datetime
    what: str
    job_id: str = ""


class LoggingService:
    """A service for one job, which is pending at the first status call and done from the second on."""

    def __init__(self, results: bytes, clock: Callable[[], datetime]) -> None:
        self.log: list[Logged] = []
        self.kills_at = ""
        self.kill: Callable[[], None] = lambda: None
        self._results, self._clock = results, clock
        self._uploads: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LoggingService:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def calls(self, what: str) -> list[Logged]:
        return [call for call in self.log if call.what == what]

    def note(self, what: str, job_id: str = "") -> None:
        with self._lock:
            self.log.append(Logged(self._clock(), what, job_id))

    def point(self, name: str) -> bool:
        """Kill the caller if it is to be killed at this point; it is killed once. Return whether it was killed."""
        if self.kills_at != name:
            return False
        self.kills_at = ""
        self.kill()
        return True

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        call = (handler.command, "/".join(parts.path.rstrip("/").split("/")[:2]))
        match call:
            case ("POST", "/video_upload_signed_url"):
                self._sign(handler)
            case ("PUT", "/storage"):
                self._receive(handler, parts.path)
            case ("POST", "/videoinfer"):
                self._start(handler)
            case ("GET", "/videoinfer"):
                self._status(handler, parse_qs(parts.query)["job_id"][0])
            case ("GET", "/results"):
                self._send(handler)
            case _:
                _respond(handler, {"error": "Not found."}, 404)

    def _sign(self, handler: BaseHTTPRequestHandler) -> None:
        _body(handler)
        self.note("link")
        if not self.point("link requested, not answered"):
            path = f"/storage/{len(self.log)}"
            self._uploads[path] = b""
            _respond(handler, {"signed_url": f"{self.url}{path}?X-Goog-Algorithm=x&X-Goog-Expires=3600"})

    def _receive(self, handler: BaseHTTPRequestHandler, path: str) -> None:
        size_bytes = int(handler.headers["Content-Length"])
        video = handler.rfile.read(size_bytes // 2)
        if self.point("PUT half sent"):
            return
        video += handler.rfile.read(size_bytes - len(video))
        self._uploads[path] = video
        self.note("upload")
        if not self.point("PUT whole, not answered"):
            _respond(handler, None)

    def _start(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(_body(handler))
        if not self._uploads.get(urlsplit(body["input_url"]).path):
            _respond(handler, {"error": "input_url cannot be read."}, 400)
            return
        self.note("start")
        if not self.point("start received, not answered"):
            _respond(handler, {"job_id": f"job-{len(self.calls('start'))}"})

    def _status(self, handler: BaseHTTPRequestHandler, job_id: str) -> None:
        self.note("status", job_id)
        if self.point("status requested, not answered"):
            return
        done = {"status": 0, "output_signed_url": f"{self.url}/results/{job_id}?X-Goog-Expires=600"}
        _respond(handler, done if len(self.calls("status")) > 1 else {"status": 1})

    def _send(self, handler: BaseHTTPRequestHandler) -> None:
        half = len(self._results) // 2
        _head(handler, 200, len(self._results))
        handler.wfile.write(self._results[:half])
        if self.point("results half sent"):
            return
        handler.wfile.write(self._results[half:])
        self.note("results")


def _handler(service: LoggingService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            with suppress(ConnectionError):  # the client was killed
                service.answer(self)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Suppress the access log."""

    return Handler


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))


def _head(handler: BaseHTTPRequestHandler, status: int, size_bytes: int) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(size_bytes))
    handler.end_headers()


def _respond(handler: BaseHTTPRequestHandler, body: dict[str, Any] | None, status: int = 200) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    _head(handler, status, len(content))
    handler.wfile.write(content)
