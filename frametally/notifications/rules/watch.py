"""The rule watch: a thread that checks the rules of cameras in the jobs that have got results."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from frametally.errors import FrametallyError
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library
from frametally.notifications.rules.checks import RuleCheck, RuleChecks
from frametally.notifications.rules.spec import Answer, RuleSpec
from frametally.processes.environment import child_environment
from frametally.regions.shapes import RegionSet
from frametally.results.archive import fetch_results

_POLL_S: Final = 0.2
_RENEW_EVERY_S: Final = 30.0
_MAX_S: Final = 3600.0
"""A check that takes longer has failed."""
_STOP_TIMEOUT_S: Final = 5.0
_INTERRUPTED: Final = "The process ended early."
_LOG = logging.getLogger(__name__)


class RuleWatch:
    """Checks one job at a time. Each process may run one; each job is claimed by one of them."""

    def __init__(
        self,
        ledger: Ledger,
        library: Library,
        results_dir: Path,
        clock: Callable[[], datetime],
        *,
        interval_s: float = 2.0,
    ) -> None:
        self._checks, self._library = RuleChecks(ledger), library
        self._results_dir, self._clock = results_dir, clock
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread. Idempotent."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="rules", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread. What is not checked yet is checked after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=2 * _STOP_TIMEOUT_S)

    def check_due(self) -> bool:
        """Check the next job that is due; False if there is none."""
        check = self._checks.claim(self._clock())
        if check is None:
            return False
        try:
            if check.regions is None or not RegionSet.from_json(check.regions).rules:
                self._checks.finish(check, None)
            else:
                self._settle(check, self._answer(check, check.regions))
        except FrametallyError as error:
            self._settle(check, Answer(failure=str(error)))
        return True

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                while not self._stopping.is_set() and self.check_due():
                    pass
            except Exception:  # the ledger may be unavailable for a while
                _LOG.exception("Checking rules failed; trying again")

    def _settle(self, check: RuleCheck, answer: Answer | None) -> None:
        if answer is None:
            self._checks.release(check, self._clock())
        elif answer.finding is not None:
            self._checks.finish(check, answer.finding)
        else:
            _LOG.warning("The rules of job %s could not be checked: %s", check.job_id, answer.failure)
            self._checks.fail(check, self._clock(), answer.failure)

    def _answer(self, check: RuleCheck, regions: str) -> Answer | None:
        """What the process answers; None if the thread is to stop."""
        video = self._library.get(check.video_sha256 or "")
        path = str(video.path) if video else ""
        fetch_results(self._results_dir / check.job_id)
        spec = RuleSpec(results=str(self._results_dir / check.job_id), video=path, regions=regions)
        with tempfile.TemporaryFile() as output, _started(spec, output) as process:
            try:
                if not self._wait(process, check):
                    return None if self._stopping.is_set() else Answer(failure="Checking the rules took too long.")
            finally:
                _end(process)
            return _read(output)

    def _wait(self, process: subprocess.Popen[bytes], check: RuleCheck) -> bool:
        """Whether the process has ended by itself."""
        started_s = renewed_s = time.monotonic()
        while process.poll() is None:
            if self._stopping.wait(_POLL_S) or time.monotonic() - started_s > _MAX_S:
                return False
            if time.monotonic() - renewed_s > _RENEW_EVERY_S:
                renewed_s = time.monotonic()
                self._checks.renew(check, self._clock())
        return True


def _started(spec: RuleSpec, output: BinaryIO) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "frametally.notifications.rules.process"]
    env = child_environment(os.environ)
    process = subprocess.Popen(command, stdout=output, stdin=subprocess.PIPE, env=env)
    if process.stdin:
        with suppress(BrokenPipeError):  # the process has failed to start; its exit is noticed
            process.stdin.write(msgspec.json.encode(spec) + b"\n")
            process.stdin.flush()
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _read(output: BinaryIO) -> Answer:
    output.seek(0)
    lines = output.read().splitlines()
    try:
        return msgspec.json.decode(lines[-1] if lines else b"", type=Answer)
    except msgspec.DecodeError:
        return Answer(failure=_INTERRUPTED)
