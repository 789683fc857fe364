"""Two implementations of the contract: the service as its reference describes it, and our engine as a process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import ServiceUnreachable
from tests.support import fake_service
from tests.support.contract_sides import Service
from tests.support.fake_service import FakeService
from tests.support.polling import until
from tests.support.ports import reserved_port

ROOT = Path(__file__).parent.parent.parent
ENGINE_KEY = "the-engine-key"


@pytest.fixture(params=["reference in numbers", "reference in words", "engine"], scope="module")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if request.param == "engine":
        with running_engine(tmp_path_factory.mktemp("engine")) as url:
            yield Service(url, ENGINE_KEY, time.sleep)
    else:
        with FakeService(in_words=request.param == "reference in words") as fake:
            yield Service(fake.url, fake_service.KEY, fake.wait)


@contextmanager
def running_engine(data_dir: Path) -> Iterator[str]:
    """Run the engine as a separate process and yield its URL."""
    with reserved_port() as port, _engine_on(port, data_dir):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _engine_on(port: int, data_dir: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "frametally", "engine", "--port", str(port)]
    own = {"FRAMETALLY_DATA_DIR": str(data_dir), "FRAMETALLY_ENGINE_KEY": ENGINE_KEY}
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("FRAMETALLY_")}
    with subprocess.Popen(command, cwd=ROOT, env=foreign | own) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_it_answers(url, process)
            yield
        finally:
            process.terminate()


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    client = VideoInferenceClient(url, ENGINE_KEY, sleep=lambda _: None)

    def answers() -> bool:
        assert process.poll() is None, "the engine process has ended"
        try:
            client.open_workspace()
        except ServiceUnreachable:
            return False
        return True

    until(answers, limit_s=30, poll_s=0.1)
