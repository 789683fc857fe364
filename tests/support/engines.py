"""A real engine over a real socket, with small ONNX models."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
import uvicorn
from starlette.applications import Starlette

from frametally.contract import StatusReport
from frametally.engine.detectors.selection import inspection
from frametally.engine.server import Engine
from frametally.network.routes import api_key_check, starlette_routes
from tests.support.polling import until

KEY = "the-engine-key"
LINK_SECRET = "the-link-secret"


@dataclass(frozen=True, kw_only=True)
class RunningEngine:
    """A running engine at `url`, with the calls of a client."""

    url: str
    folder: Path
    models_dir: Path
    engine: Engine

    def call(self, method: str, path: str, *, key: str | None = KEY, **options: Any) -> requests.Response:
        params = {**options.pop("params", {}), **({"api_key": key} if key is not None else {})}
        return requests.request(method, self.url + path, params=params, timeout=20, **options)

    def upload_link(self) -> str:
        return str(self.call("POST", "/video_upload_signed_url/", json={"file_name": "video.mp4"}).json()["signed_url"])

    def upload(self, video: Path) -> str:
        link = self.upload_link()
        with video.open("rb") as file:
            answer = requests.put(link, data=file, timeout=20, headers={"Content-Type": "application/octet-stream"})
        assert (answer.status_code, answer.content) == (200, b"")
        return link

    def ask(self, input_url: str, *models: dict[str, Any], fps: float = 5) -> requests.Response:
        listed = list(models) or [model("motion")]
        body = {"input_url": input_url, "infer_fps": fps, "models": listed}
        return self.call("POST", "/videoinfer/", json=body)

    def submit(self, input_url: str, *models: dict[str, Any], fps: float = 5) -> str:
        answer = self.ask(input_url, *models, fps=fps)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job_id"])

    def status(self, job_id: str) -> StatusReport:
        answer = self.call("GET", "/videoinfer/", params={"job_id": job_id})
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=StatusReport)

    def wait(self, job_id: str, *, limit_s: float = 40) -> StatusReport:
        def ended() -> StatusReport | None:
            report = self.status(job_id)
            return None if report.is_pending else report

        report: StatusReport = until(ended, limit_s=limit_s, poll_s=0.05)
        return report

    def results(self, job_id: str) -> dict[str, Any]:
        report = self.wait(job_id)
        assert report.is_done, report.reason
        answer = requests.get(str(report.output_signed_url), timeout=20)
        assert answer.status_code == 200
        return dict(answer.json())


def model(model_id: str, version: str | float = "1", **params: Any) -> dict[str, Any]:
    """One entry of a request's `models`."""
    entry = {"model_id": model_id, "model_version": version, "inference_type": "object-detection"}
    return {**entry, "inference_params": params} if params else entry


StartEngine = Callable[..., RunningEngine]


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[StartEngine]:
    """Start an engine with the given options; the worker runs unless `worker=False`."""
    stops: list[Callable[[], None]] = []

    def start(*, worker: bool = True, **options: Any) -> RunningEngine:
        folder, models_dir = options.pop("folder", tmp_path / "engine"), tmp_path / "models"
        options = {"check": api_key_check(KEY), "link_secret": LINK_SECRET, "max_video_bytes": 1 << 30, **options}
        engine = Engine(folder=folder, models_dir=models_dir, **options)
        listener = socket.create_server(("127.0.0.1", 0))
        app = Starlette(routes=starlette_routes(engine.routes()))
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="error", ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        if worker:
            engine.start()

        def stop() -> None:
            engine.stop()
            server.should_exit = True
            thread.join()
            listener.close()

        stops.append(stop)
        port = listener.getsockname()[1]
        return RunningEngine(url=f"http://127.0.0.1:{port}", folder=folder, models_dir=models_dir, engine=engine)

    yield start
    for stop in stops:
        stop()


@pytest.fixture
def running_engine(start_engine: StartEngine) -> RunningEngine:
    """An engine with its worker that has only the model `motion/1` and refuses private input addresses."""
    return start_engine()


@pytest.fixture
def deaf_engine(start_engine: StartEngine) -> RunningEngine:
    """An engine without a worker: jobs stay queued."""
    return start_engine(worker=False)


@pytest.fixture(scope="session")
def inspector_in_process() -> inspection.Inspector:
    from frametally.engine.detectors.selection.child import examine  # it imports the libraries of models

    return inspection.Inspector(examine)


@pytest.fixture
def no_child_process(monkeypatch: pytest.MonkeyPatch, inspector_in_process: inspection.Inspector) -> None:
    """Examine models in the process of the test; `test_inspection` and the tests of workers use a child process."""
    monkeypatch.setattr(inspection, "_INSPECTOR", inspector_in_process)
