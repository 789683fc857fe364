"""A small inference server on a real socket, compatible with the vendor's, with models set by the test."""

from __future__ import annotations

import base64
import io
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from PIL import Image

TASK_OF_PATH = {
    "/infer/object_detection": "object-detection",
    "/infer/instance_segmentation": "instance-segmentation",
    "/infer/semantic_segmentation": "semantic-segmentation",
    "/infer/keypoints_detection": "keypoint-detection",
    "/infer/classification": "classification",
    "/gaze/gaze_detection": "gaze-detection",
    "/clip/embed_image": "clip-embed-image",
}
UNAUTHORIZED = (
    "Unauthorized access to roboflow API - check API key and make sure the key is valid for workspace you use."
)
NOT_FOUND = (
    "Requested Roboflow resource not found. Make sure that workspace, project or model you referred in request exists."
)


@dataclass
class ImageApi:
    """Responds to each request with the fixed response of its model."""

    key: str | None = None
    """The required key; None if none is required."""
    models: dict[str, tuple[str, Any]] = field(default_factory=dict)
    """Task and response by model id; `gaze` and `clip` have these ids."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The JSON body of every request."""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """(width_px, height_px) of every decoded picture."""
    connections: int = 0

    def __enter__(self) -> ImageApi:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and JSON of the response."""
        task = TASK_OF_PATH.get(path)
        if task is None:
            return 404, {"detail": "Not Found"}
        self.asked.append(body)
        if self.key is not None and body.get("api_key") != self.key:
            return 401, {"message": UNAUTHORIZED}
        if not isinstance(body.get("confidence", 0.4), (int, float, str)):
            return 422, {"detail": [{"loc": ["body", "confidence"], "msg": "Input should be a valid number"}]}
        with Image.open(io.BytesIO(base64.b64decode(body["image"]["value"]))) as image:
            image.load()
            self.sizes.append(image.size)
        name = {"gaze-detection": "gaze", "clip-embed-image": "clip"}.get(task) or body["model_id"]
        known, said = self.models.get(name, ("", None))
        if not known:
            return 404, {"message": NOT_FOUND}
        return (200, said) if known == task else (400, {"message": f"Model {name!r} is a {known} model."})

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = (
                1 << 16
            )  # sends head and body in one segment; separately, the body waits 40 ms for the delayed ACK

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, said = outer.answer(self.path, body)
                content = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Suppress the access log."""

        return Handler
