"""Sends the figures of the dashboard, as the beat of its event loop, to the process that serves them."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from frametally.health.figures import Figures
from frametally.processes.environment import child_environment

BEAT_EVERY_S: Final = 2.0
_LOG = logging.getLogger("frametally.health")


class Beacon:
    """Runs the process while the dashboard runs."""

    def __init__(self, address: str, port: int, key: str, figures: Callable[[], Figures]) -> None:
        """`figures` is called in a thread; it may read the ledger."""
        self._command = [sys.executable, "-m", "frametally.health.server", address, str(port)]
        self._key = key
        self._figures = figures
        self._process: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the process, and send figures from the running event loop."""
        environment = child_environment(os.environ)
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, env=environment)
        self._send(self._key.encode())
        self._task = asyncio.get_running_loop().create_task(self._beat())

    def stop(self) -> None:
        """End the process."""
        if self._task is not None:
            self._task.cancel()
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
            self._process.wait()

    async def _beat(self) -> None:
        while self._process is not None and self._process.poll() is None:
            figures = await asyncio.to_thread(self._figures)
            self._send(msgspec.json.encode(figures))
            await asyncio.sleep(BEAT_EVERY_S)
        _LOG.error("The process of FRAMETALLY_HEALTH_PORT has ended; is its port in use?")

    def _send(self, line: bytes) -> None:
        """A line is short, and the process reads at once: writing does not wait."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write(line + b"\n")
                self._process.stdin.flush()
