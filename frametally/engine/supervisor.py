"""The supervisor: keeps one worker process running and restarts it when it ends."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from frametally.backoff import Backoff
from frametally.engine.spool import Spool
from frametally.processes.environment import child_environment

BACKOFF: Final = Backoff(first_s=0.5, max_s=30.0)
_EXTERNAL_SIGNALS: Final = frozenset((signal.SIGKILL, signal.SIGTERM, signal.SIGHUP))
"""Signals that come from outside the process; the kernel also sends SIGKILL when memory runs out."""
STORAGE_SETTING: Final = "FRAMETALLY_STORAGE_URL"
"""Name under which the worker of a cluster is given the object storage, among the secrets."""
_LOG = logging.getLogger("frametally.engine")


class Supervisor:
    """Restarts the worker process when it ends, and counts its crashes against the job that it was running."""

    def __init__(
        self,
        spool: Spool,
        command: list[str],
        secrets: dict[str, str] | None = None,
        *,
        uses_cluster: bool = False,
    ) -> None:
        """Prepare to run the worker.

        Args:
            spool: the queue.
            command: starts the worker.
            secrets: written to the standard input of the worker, whose environment others may read.
            uses_cluster: whether the worker gets the settings of Ray.
        """
        self._uses_cluster = uses_cluster
        self._spool = spool
        self._command = command
        self._secrets = secrets or {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._stopping.clear()
                self._thread = threading.Thread(target=self._run, name="engine-supervisor", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        with self._lock:
            if self._thread is None:
                return
            self._stopping.set()
            if self._worker is not None:
                self._worker.kill()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        failed_starts = 0
        while not self._stopping.is_set():
            started_s, had_job = time.monotonic(), False
            try:
                had_job = self._run_worker()
            except OSError:  # out of memory or processes, which may be temporary
                _LOG.exception("the engine's worker could not be started; trying again")
            # Back off only from a worker that cannot start: one that crashed over a job is started again at once.
            ran_well = had_job or time.monotonic() - started_s > BACKOFF.max_s
            failed_starts = 0 if ran_well else failed_starts + 1
            self._stopping.wait(BACKOFF.wait_s(failed_starts))

    def _tell(self, worker: subprocess.Popen[bytes]) -> None:
        """Write the secrets in one line."""
        if worker.stdin is not None:
            with suppress(OSError):  # it has ended already
                worker.stdin.write(json.dumps(self._secrets).encode() + b"\n")
                worker.stdin.flush()

    def _run_worker(self) -> bool:
        """Run one worker until it ends; returns whether it was running a job, or ended on purpose."""
        oom_kills = _oom_kills()
        # The worker reads from this pipe and ends by itself when this process is gone.
        self._worker = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            env=child_environment(os.environ, uses_network=True, uses_cluster=self._uses_cluster),
        )
        with self._worker as worker:
            self._tell(worker)
            if self._stopping.is_set():
                worker.kill()
            code = worker.wait()
        if not code or self._stopping.is_set():
            return True
        _LOG.warning("the engine's worker ended with code %s; restarting it", code)
        was_killed = -code in _EXTERNAL_SIGNALS and oom_kills is not None and _oom_kills() == oom_kills
        return self._record_death(worker.pid, was_killed=was_killed)

    def _record_death(self, worker_pid: int, *, was_killed: bool) -> bool:
        try:
            return self._spool.record_worker_death(worker_pid, was_killed=was_killed)
        except OSError:
            _LOG.exception("the crash of a worker could not be recorded")
            return False


def _oom_kills() -> int | None:
    """Number of processes that the kernel has killed for lack of memory; None if it is unknown."""
    try:
        counts = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
        return int(counts["oom_kill"])
    except (OSError, KeyError, ValueError):
        return None
