"""Reading labels that a person chose in the browser, in a child process with limits of memory and time.

`python -m frametally.evaluation.files.child FILE TARGET` reads a request from its standard input, and writes what
`kept.truth_bytes` makes of the labels.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
from msgspec import Struct

from frametally.errors import EvaluationError
from frametally.evaluation.files.kept import KeptFile, truth_of
from frametally.evaluation.truth import Truth
from frametally.processes.environment import ROOT, child_environment

MAX_MEMORY_BYTES: Final = 1 << 30
MAX_CPU_S: Final = 60
_MAX_WALL_S: Final = 180.0
UNREADABLE_CODE: Final = 3
OUT_OF_MEMORY_CODE: Final = 4


class Request(Struct, frozen=True):
    """What to read, and how its frames are numbered."""

    file: KeptFile
    first: int | None = None
    step: int = 1
    frames: int | None = None


class Refusal(Struct, frozen=True):
    """Why the labels cannot be read."""

    what: str
    next_step: str


def read_in_subprocess(path: Path, request: Request) -> Truth:
    """The labels in a file.

    Raises:
        EvaluationError: they cannot be read, or take too much memory or time.
    """
    with TemporaryDirectory(dir=path.parent) as folder:
        target = Path(folder) / "truth"
        command = [sys.executable, "-m", "frametally.evaluation.files.child", str(path.resolve()), str(target)]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**child_environment(os.environ), "TMPDIR": folder},
                input=msgspec.json.encode(request),
                capture_output=True,
                check=False,
                timeout=_MAX_WALL_S,
            )
        except subprocess.TimeoutExpired as error:
            raise _too_much("time") from error
        if done.returncode == UNREADABLE_CODE:
            refusal = msgspec.json.decode(done.stdout, type=Refusal)
            raise EvaluationError(refusal.what, refusal.next_step)
        if done.returncode or not target.is_file():
            raise _too_much("memory" if done.returncode == OUT_OF_MEMORY_CODE else "time or memory")
        return truth_of(target.read_bytes())[0]


def _too_much(what: str) -> EvaluationError:
    return EvaluationError(f"Reading these labels takes too much {what}.", "Use labels of fewer frames.")
