"""Restarts the PostgreSQL server of a test while it is in use."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

import psycopg

_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_NOT_LEFT_OUT = ("synchronous_commit=off", "full_page_writes=off")
"""What the tests save on a server that they never stop: commits would be lost in a crash of it."""


class RestartedPostgresql:
    """The server of a database URL. From the first restart on, what it confirmed survives its crash."""

    def __init__(self, database_url: str) -> None:
        self._folder = Path(parse_qs(urlsplit(database_url).query)["host"][0])
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RestartedPostgresql:
        self.restart("fast")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()

    def restart(self, how: str) -> None:
        """Stop the server, `fast` as its operator does, or `immediate` as in a crash, and start it again."""
        pid = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        command = [word for word in words if word]
        for option in _NOT_LEFT_OUT:
            if option in command:
                at = command.index(option)
                del command[at - 1 : at + 1]
        os.kill(pid, _SIGNALS[how])
        if self._process:
            self._process.wait()
        while _runs(pid):
            time.sleep(0.05)
        user = "postgres" if os.geteuid() == 0 else None
        self._process = subprocess.Popen(
            command, user=user, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._until_it_answers()

    def _until_it_answers(self) -> None:
        give_up_s = time.monotonic() + 60
        while time.monotonic() < give_up_s:
            with suppress(psycopg.OperationalError):
                psycopg.connect(f"host={self._folder} user=owner dbname=postgres").close()
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not answer")


def _runs(pid: int) -> bool:
    """Whether the process runs; one that waits for its parent to read its end does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
