"""A user with a browser in front of a dashboard that is killed and started again."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from multiprocessing.process import BaseProcess

import pytest
import requests

from frametally.job import Job
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from tests.support.crash_dashboard import KillableDeployment, serve
from tests.support.crash_service import FROM_OUTSIDE, LoggingService
from tests.support.forks import forked

TUS = {"Tus-Resumable": "1.0.0"}


PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


MAX_FLOOR_S = 100.0
"""A longer wait is a lease: a process is working on the job, so time must not be advanced past it."""


class Killed(Exception):
    """The dashboard was killed."""


class Life:
    """One dashboard across kills and restarts, with the requests of the browser that uses it."""

    def __init__(self, deployment: KillableDeployment, service: LoggingService | None) -> None:
        self.deployment, self.service = deployment, service
        self.opened = (replace(deployment, data="observer") if deployment.storage_url else deployment).open()
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
        self.process = forked(serve, self.deployment, kill_at)
        self._until_it_answers()

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.join()

    def start_again(self, *, elsewhere: bool = False) -> None:
        """Start after a kill, once the lease of the killed process has expired.

        `elsewhere`: on a machine with an empty data folder; the first one does not come back.
        """
        assert self.process
        self.process.join(timeout=20)
        assert self.process.exitcode == -9
        if elsewhere:
            self.deployment = replace(self.deployment, data="other")
        self.deployment.pass_time(LEASE_S + 1)
        self.start()

    def bring(self, video: bytes, *, dies_at_half: bool = False) -> None:
        """What the browser does: start or resume the upload, then press the button unless the job exists."""
        try:
            self._upload(video, dies_at_half=dies_at_half)
            if not self.ledger.jobs():
                requests.post(self._at(f"/run?sha256={self.sha256}"), timeout=20)
        except requests.ConnectionError as error:
            raise Killed from error

    def watch(self) -> Job:
        """Advance the clock from check to check until the job has ended.

        Raises:
            Killed: the dashboard was killed before the job ended.
        """
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
                    return  # killed during its start, as planned by the test
                time.sleep(0.02)
            else:
                return
        pytest.fail("the dashboard did not start")
