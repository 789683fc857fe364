"""The engine as its host sees it: routes to mount, and a worker process to start and stop."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import frametally
from frametally.backoff import Backoff
from frametally.config.inference_servers import NO_SERVERS, InferenceServers
from frametally.engine.api import Api
from frametally.engine.fault_injection import ActiveFault, faulty
from frametally.engine.links import Links
from frametally.engine.spool import KEEP_S, Spool
from frametally.network.routes import Check, GuardedRoute

BACKOFF: Final = Backoff(first_s=0.5, max_s=30.0)
_FROM_OUTSIDE: Final = frozenset((signal.SIGKILL, signal.SIGTERM, signal.SIGHUP))
"""Signals that a process does not come to by itself; the first one also where memory runs out."""
_LOG = logging.getLogger("frametally.engine")


class Engine:
    """The embedded Video Inference service on one folder. Several may share a folder; one worker serves them all."""

    def __init__(
        self,
        *,
        folder: Path,
        models_dir: Path,
        check: Check,
        link_secret: str,
        max_video_bytes: int,
        private_urls: bool = False,
        faults: Sequence[ActiveFault] = (),
        keep_s: float = KEEP_S,
        model_servers: InferenceServers = NO_SERVERS,
    ) -> None:
        """`check` guards every call without a signed link; `keep_s` is how long uploads and ended jobs are kept."""
        self._spool = Spool(folder.absolute())
        self._api = Api(
            spool=self._spool,
            links=Links(link_secret),
            models_dir=models_dir.absolute(),
            model_servers=model_servers,
            check=check,
            max_video_bytes=max_video_bytes,
        )
        self._faults = faults
        self._supervisor = Supervisor(
            self._spool,
            [
                *(sys.executable, "-m", "frametally.engine.worker"),
                *("--folder", str(folder.absolute()), "--models-dir", str(models_dir.absolute())),
                *("--max-video-bytes", str(max_video_bytes), *(["--private-urls"] if private_urls else [])),
                *("--keep-s", str(keep_s)),
            ],
            model_servers.to_environment(),
        )

    def routes(self) -> list[GuardedRoute]:
        """The routes of the API, for the root of a host."""
        routes = self._api.routes()
        if not self._faults:
            return routes
        _LOG.warning("fault mode: %s", ", ".join(fault.name for fault in self._faults))
        return faulty(routes, self._faults)

    def start(self) -> None:
        """Start the worker and keep one running; nothing happens where that is so already."""
        self._supervisor.start()

    def stop(self) -> None:
        """End the worker; a job that it ran is queued again."""
        self._supervisor.stop()


class Supervisor:
    """Keeps one worker process running, and counts its deaths against the job that it ran."""

    def __init__(self, spool: Spool, command: list[str], environment: dict[str, str] | None = None) -> None:
        self._spool = spool
        self._command = command
        self._environment = environment or {}
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
                had_job = self._live_through_one_worker()
            except OSError:  # out of memory or processes, which may pass
                _LOG.exception("the engine's worker could not be started; trying again")
            # Back off only from a worker that cannot start: one that crashed over a job is started again at once.
            ran_well = had_job or time.monotonic() - started_s > BACKOFF.max_s
            failed_starts = 0 if ran_well else failed_starts + 1
            self._stopping.wait(BACKOFF.wait_s(failed_starts))

    def _live_through_one_worker(self) -> bool:
        """Whether it ended with a job: on purpose, as it was left with no other way, or killed."""
        oom_kills = _oom_kills()
        # The worker holds the other end of this pipe: it ends by itself when this process is gone.
        self._worker = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, env={**_environment(), **self._environment}
        )
        with self._worker as worker:
            if self._stopping.is_set():
                worker.kill()
            code = worker.wait()
        if not code or self._stopping.is_set():
            return True
        _LOG.warning("the engine's worker ended with code %s; it is started again", code)
        was_killed = -code in _FROM_OUTSIDE and oom_kills is not None and _oom_kills() == oom_kills
        return self._note_death(worker.pid, was_killed=was_killed)

    def _note_death(self, worker_pid: int, *, was_killed: bool) -> bool:
        try:
            return self._spool.note_worker_death(worker_pid, was_killed=was_killed)
        except OSError:
            _LOG.exception("the death of a worker could not be written down")
            return False


def _oom_kills() -> int | None:
    """How many processes the kernel has killed for lack of memory; None where it does not tell."""
    try:
        counts = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
        return int(counts["oom_kill"])
    except (OSError, KeyError, ValueError):
        return None


def _environment() -> dict[str, str]:
    """This process's environment, in which the package is found wherever the process was started."""
    root = str(Path(frametally.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))}
