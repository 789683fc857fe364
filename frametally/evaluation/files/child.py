"""The child process that reads one file with labels: `python -m … FILE TARGET`, see `process.py`."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import msgspec

from frametally.errors import EvaluationError
from frametally.evaluation.files.kept import truth_bytes
from frametally.evaluation.files.process import (
    MAX_CPU_S,
    MAX_MEMORY_BYTES,
    OUT_OF_MEMORY_CODE,
    UNREADABLE_CODE,
    Refusal,
    Request,
)
from frametally.evaluation.formats.numbering import Numbering
from frametally.evaluation.reading import read_truth
from frametally.processes.sandbox import enter_sandbox


def main(path: Path, target: Path, request: Request) -> int:
    """Read the file; returns the exit code."""
    enter_sandbox(max_memory_bytes=MAX_MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S + 5))
    try:
        truth = read_truth(path, numbering=Numbering(request.first, request.step, request.frames))
        target.write_bytes(truth_bytes(truth, request.file))
    except EvaluationError as error:
        print(msgspec.json.encode(Refusal(error.what, error.next_step)).decode())
        return UNREADABLE_CODE
    except MemoryError:
        return OUT_OF_MEMORY_CODE
    return 0


if __name__ == "__main__":
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), wanted))
