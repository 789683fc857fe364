"""A deployment that can be killed and started again, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import json
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

import pytest
import requests

from frametally.job import Job
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from tests.support.crash_dashboard import KillableDeployment, serve
from tests.support.crash_service import FROM_OUTSIDE, LoggingService
from tests.support.short_documents import document, entry

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
MAX_FLOOR_S = 100.0
"""A job that nobody may touch for longer has somebody at work on it."""
CAR = {"x": 10, "y": 20, "width": 4, "height": 6, "confidence": 0.9, "class": "car", "class_id": 0}
RESULTS = json.dumps(document(*[entry(CAR), entry(CAR, CAR)] * 10)).encode()


class Killed(Exception):
    """Nobody answers any more."""


class Life:
    """A person with a browser before a dashboard that dies and comes back."""

    def __init__(
        self, deployment: KillableDeployment, service: LoggingService | None, forks: ForkServerContext
    ) -> None:
        self.deployment, self.service, self._forks = deployment, service, forks
        self.opened = deployment.open()
        self.process: BaseProcess | None = None
        self.upload_url = ""
        self.sha256 = ""

    @property
    def ledger(self) -> Ledger:
        return self.opened.ledger

    @property
    def job(self) -> Job:
        (job,) = self.ledger.jobs()
        return job

    def start(self, kill_at: str = "") -> None:
        if self.service:
            self.service.kills_at = kill_at if kill_at in FROM_OUTSIDE else ""
            self.service.kill = self.kill
        self.process = self._forks.Process(target=serve, args=(self.deployment, kill_at), daemon=True)
        with pytest.MonkeyPatch.context() as patch:
            # A child imports its parent's main module; Streamlit's AppTest leaves a page's script in that place.
            patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
            self.process.start()
        self._until_it_answers()

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.join()

    def start_again(self) -> None:
        """After a while in which the lease of the dead one runs out."""
        assert self.process
        self.process.join(timeout=20)
        assert self.process.exitcode == -9
        self.deployment.pass_time(LEASE_S + 1)
        self.start()

    def bring(self, video: bytes, *, dies_at_half: bool = False) -> None:
        """What the browser does: begin or go on with the upload, then press the button, unless the job is there."""
        try:
            self._upload(video, dies_at_half=dies_at_half)
            if not self.ledger.jobs():
                requests.post(self._at(f"/run?sha256={self.sha256}"), timeout=20)
        except requests.ConnectionError as error:
            raise Killed from error

    def watch(self) -> Job:
        """Let time pass as fast as it may until the job has ended, or the dashboard is dead."""
        assert self.process
        give_up_s = time.monotonic() + 60
        while self.job.status.is_open:
            if not self.process.is_alive():
                raise Killed
            assert time.monotonic() < give_up_s, self.job
            wait_s = (self.job.next_check_at - self.deployment.now()).total_seconds()
            if 0 < wait_s < MAX_FLOOR_S:
                self.deployment.pass_time(wait_s)
            time.sleep(0.02)
        return self.job

    def close(self) -> None:
        if self.process:
            self.process.kill()
            self.process.join()
        self.ledger.close()

    def _upload(self, video: bytes, *, dies_at_half: bool) -> None:
        if not self.upload_url:
            ticket = {
                "Authorization": f"Bearer {self.opened.tickets.for_upload()}",
                "Upload-Length": str(len(video)),
            }
            name = {"Upload-Metadata": "filename c3F1YXJlLm1wNA=="}
            made = requests.post(self._at("/frametally/uploads/"), headers={**TUS, **ticket, **name}, timeout=20)
            self.upload_url = self._at(f"/frametally/uploads/{made.headers['Location']}")
        here = requests.head(self.upload_url, headers=TUS, timeout=20)
        begin = int(here.headers["Upload-Offset"])
        end = len(video) // 2 if dies_at_half else len(video)
        piece = {**PIECE, "Upload-Offset": str(begin)}
        became = requests.patch(self.upload_url, data=video[begin:end], headers=piece, timeout=20)
        if dies_at_half:
            self.kill()
            raise Killed
        self.sha256 = became.headers["Frametally-Video"]

    def _at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.deployment.port}{path}"

    def _until_it_answers(self) -> None:
        give_up_s = time.monotonic() + 30
        while time.monotonic() < give_up_s:
            try:
                socket.create_connection(("127.0.0.1", self.deployment.port), timeout=5).close()
            except OSError:
                if self.process and not self.process.is_alive():
                    return  # it died in its first moments, as it should
                time.sleep(0.02)
            else:
                return
        pytest.fail("the dashboard does not start")


@pytest.fixture(scope="session")
def forks() -> ForkServerContext:
    """Processes that begin with everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.crash_dashboard"])
    return context


@pytest.fixture
def begin(tmp_path: Path, database_url: str, forks: ForkServerContext) -> Iterator[Callable[..., Life]]:
    """Opens a deployment at a hosted service, or with the embedded engine."""
    (tmp_path / "ahead_s").write_text("0")
    lives: list[Life] = []
    services: list[LoggingService] = []

    def opened(*, hosted: bool = True) -> Life:
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        plain = KillableDeployment(folder=tmp_path, database_url=database_url, service_url=None, port=port)
        service = LoggingService(RESULTS, plain.now) if hosted else None
        if service:
            services.append(service.__enter__())
        url = service.url if service else None
        deployment = KillableDeployment(folder=tmp_path, database_url=database_url, service_url=url, port=port)
        lives.append(Life(deployment, service, forks))
        return lives[-1]

    yield opened
    for life in lives:
        life.close()
    for service in services:
        service.__exit__(None, None, None)
