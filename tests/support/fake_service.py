"""The hosted service as its reference describes it, on a real socket, with a simulated clock.

Independent of our engine and client. `in_words` selects `signedUrl` and statuses such as `processing`, as in some of
the vendor's examples and tests; otherwise it sends `signed_url` and the numeric statuses of the reference. More than
one status request a minute for a job is refused with 429.
"""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "rf_fake_key"
FLOOR_S = 60.0
SECONDS_OF_VIDEO = 4


class Refusal(Exception):
    """An error response."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.body = {"error": {"message": said, "status": status}}


@dataclass
class FakeJob:
    infer_fps: float
    models: list[dict[str, Any]]
    checked_at_s: list[float] = field(default_factory=list)


class FakeService:
    """The first status response for a job is empty, the second reports it pending, later ones done."""

    def __init__(self, *, in_words: bool) -> None:
        self._in_words = in_words
        self._now_s = 0.0
        self._uploads: dict[str, bytes] = {}
        self._jobs: dict[str, FakeJob] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait(self, seconds: float) -> None:
        self._now_s += seconds

    def __enter__(self) -> FakeService:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> dict[str, Any] | None:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match method, parts.path.rstrip("/"):
            case "PUT", path if path.startswith("/storage/"):
                self._store(path, headers, body)
                return None
            case "GET", path if path.startswith("/storage/"):
                return self._results(path)
        if query.get("api_key") != KEY:
            raise Refusal(401, "This method requires a valid API key.")
        match method, parts.path.rstrip("/"):
            case "POST", "":
                return {"welcome": "Welcome to the API.", "workspace": "acme"}
            case "POST", "/video_upload_signed_url":
                return self._sign(json.loads(body)["file_name"])
            case "POST", "/videoinfer":
                return self._start(json.loads(body))
            case "GET", "/videoinfer":
                return self._status(query.get("job_id", ""))
        raise Refusal(404, "There is nothing here.")

    def _sign(self, file_name: str) -> dict[str, Any]:
        path = f"/storage/{uuid.uuid4()}/{file_name}"
        self._uploads[path] = b""
        link = f"{self.url}{path}?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Expires=3600&X-Goog-Signature=00"
        return {"signedUrl" if self._in_words else "signed_url": link}

    def _store(self, path: str, headers: dict[str, str], body: bytes) -> None:
        if path not in self._uploads or headers.get("Content-Type") != "application/octet-stream":
            raise Refusal(403, "SignatureDoesNotMatch")
        self._uploads[path] = body

    def _start(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not 1 <= asked["infer_fps"] <= 120:
            raise Refusal(400, "infer_fps must be between 1 and 120.")
        if not asked["models"] or any(
            not {"model_id", "model_version", "inference_type"} <= set(model) for model in asked["models"]
        ):
            raise Refusal(400, "Each model needs model_id, model_version and inference_type.")
        if not self._uploads.get(urlsplit(asked["input_url"]).path):
            raise Refusal(400, "input_url cannot be read.")
        job_id = str(uuid.uuid4())
        self._jobs[job_id] = FakeJob(asked["infer_fps"], asked["models"])
        return {"job_id": job_id, "message": "Your job has been queued."}

    def _status(self, job_id: str) -> dict[str, Any]:
        job = self._jobs.get(job_id)
        if job is None:
            raise Refusal(404, "No such job.")
        if job.checked_at_s and self._now_s - job.checked_at_s[-1] < FLOOR_S:
            raise Refusal(429, "Once a minute.")
        job.checked_at_s.append(self._now_s)
        if len(job.checked_at_s) == 1:
            return {}
        if len(job.checked_at_s) == 2:
            return {"status": "processing" if self._in_words else 1}
        link = f"{self.url}/storage/results/{job_id}?X-Goog-Signature=00"
        return {"status": "completed" if self._in_words else 0, "output_signed_url": link}

    def _results(self, path: str) -> dict[str, Any]:
        job = self._jobs[path.rpartition("/")[2]]
        entries = int(SECONDS_OF_VIDEO * job.infer_fps)
        box = {"x": 10.0, "y": 20.0, "width": 4.0, "height": 5.0, "confidence": 0.9, "class": "moving", "class_id": 0}
        entry = {"time": 0.07, "image": {"width": 320, "height": 240}, "predictions": [box]}
        return {
            "frame_offset": [round(10 * at / job.infer_fps) for at in range(entries)],
            "time_offset": [round(at / job.infer_fps, 4) for at in range(entries)],
            **{model["model_id"]: [None, *[entry] * (entries - 1)] for model in job.models},
        }

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    status, said = 200, service.answer(self.command, self.path, dict(self.headers.items()), body)
                except Refusal as refusal:
                    status, said = refusal.status, refusal.body
                content = b"" if said is None else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Suppress the access log."""

        return Handler
