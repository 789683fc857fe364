"""Reading results in a child process, which has limits of memory and time: they come from a service.

`python -m frametally.results JSON FOLDER MAX_BYTES [WHAT NEXT_STEP]` archives a file. A child that passes a limit, or
that the file makes crash, is followed by one that keeps the original with that reason.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from frametally.errors import ResultsError
from frametally.processes.environment import ROOT, child_environment
from frametally.results.manifest import read_manifest
from frametally.results.reading.limits import KEPT, MAX_MEMORY_BYTES, max_wall_s

UNREADABLE_CODE: Final = 3
"""Exit code of the child if the results cannot be read; the manifest has the reason."""
OUT_OF_MEMORY_CODE: Final = 4
DISK_FULL_CODE: Final = 5
MAX_BYTES: Final = 8 << 30
"""Size of results that are unpacked, unless a setting says otherwise."""
_CRASHES: Final = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
_LOG = logging.getLogger(__name__)


def archive_in_subprocess(json_path: Path, folder: Path, max_bytes: int = MAX_BYTES) -> None:
    """The same as `archive_results`, in a child process.

    Raises:
        ResultsError: the results cannot be read; the compressed original is kept nevertheless.
        OSError: the child failed for a reason of this machine; the log has the end of its output.
    """
    command = [str(json_path.resolve()), str(folder.resolve()), str(max_bytes)]
    code = _run(command, max_wall_s(json_path.stat().st_size))
    failure = _failure(code)
    if failure is not None:
        _LOG.warning("Results were not read: %s", failure.what)
        code = _run([*command, failure.what, failure.next_step], None)
    manifest = read_manifest(folder) if code == UNREADABLE_CODE else None
    if manifest is not None and manifest.failure:
        raise ResultsError(*manifest.failure)
    if code == DISK_FULL_CODE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if code:
        raise OSError(errno.EIO, "archiving the results in a subprocess failed")


def _run(arguments: list[str], limit_s: float | None) -> int | None:
    """Run the child; returns its exit code, None if it took longer than `limit_s`."""
    command = [sys.executable, "-m", "frametally.results", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=child_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode not in (0, UNREADABLE_CODE):
        output = done.stderr.decode(errors="replace")[-2000:]
        _LOG.error("Archiving results failed with exit code %d: %s", done.returncode, output)
    return done.returncode


def _failure(code: int | None) -> ResultsError | None:
    """Why the results cannot be read, if the end of the child says so; None if it was not due to them."""
    if code == OUT_OF_MEMORY_CODE:
        return ResultsError(f"Reading the results takes more than {MAX_MEMORY_BYTES >> 30} GiB of memory.", KEPT)
    if code is None or -code == signal.SIGXCPU:
        return ResultsError("Reading the results takes too long.", KEPT)
    if -code in _CRASHES:
        return ResultsError("Reading the results ended with an internal error.", KEPT)
    return None
