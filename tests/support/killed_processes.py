"""Processes that are killed and started again on the same port, and what becomes of their children."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.support.source_tree import ROOT


@dataclass(frozen=True)
class Process:
    """A process by its id and its start time, as ids are used again."""

    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        """Whether it runs; one that has ended and waits for its parent does not."""
        found = _stat(self.pid)
        return found is not None and found[0] != "Z" and found[2] == self.started

    @property
    def command(self) -> str:
        with suppress(OSError):
            return Path(f"/proc/{self.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
        return ""


@dataclass
class Server:
    """An HTTP server: its command, and the process that runs now."""

    name: str
    url: str
    command: list[str]
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    children: set[Process] = field(default_factory=set)
    """Of killed processes."""

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.env, stdout=output, stderr=output, start_new_session=True
            )

    def answers(self) -> bool:
        """Whether it responds to any request."""
        with suppress(requests.RequestException):
            return bool(requests.get(f"{self.url}/_stcore/health", timeout=2).status_code)
        return False

    def wait(self, limit_s: float = 60) -> bool:
        """Wait until it answers; False where it does not in time."""
        give_up_s = time.monotonic() + limit_s
        while not self.answers():
            if time.monotonic() > give_up_s:
                return False
            time.sleep(0.05)
        return True

    def kill(self) -> None:
        """SIGKILL for this process alone: its children must notice."""
        assert self.process
        self.children |= descendants(self.process.pid)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it as its operator does, and note what it leaves behind."""
        assert self.process
        self.children |= descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def orphans(self, within_s: float) -> list[Process]:
        """Children of ended processes that still run after this time."""
        give_up_s = time.monotonic() + within_s
        while (left := [each for each in self.children if each.is_alive]) and time.monotonic() < give_up_s:
            time.sleep(0.1)
        return left


def descendants(pid: int) -> set[Process]:
    """The children of a process, and theirs."""
    parents: dict[int, list[tuple[int, str]]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := _stat(int(entry.name))) is not None:
            parents.setdefault(found[1], []).append((int(entry.name), found[2]))
    every: set[Process] = set()
    new = [pid]
    while new:
        for child, started in parents.get(new.pop(), []):
            every.add(Process(child, started))
            new.append(child)
    return every


def _stat(pid: int) -> tuple[str, int, str] | None:
    """State, parent and start time of a process; None if there is none."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return words[0], int(words[1]), words[19]
