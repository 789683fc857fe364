"""`python -m frametally.results JSON FOLDER MAX_BYTES [WHAT NEXT_STEP]`: archive results in a separate process.

See `reading/process.py`, which starts it, for the exit codes.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from frametally.errors import ResultsError
from frametally.processes.sandbox import enter_sandbox
from frametally.results.archive import archive_results
from frametally.results.reading.limits import MAX_MEMORY_BYTES, max_cpu_s
from frametally.results.reading.process import DISK_FULL_CODE, OUT_OF_MEMORY_CODE, UNREADABLE_CODE
from frametally.storage.space import is_disk_full

_NICE = 5
"""Lower priority than the dashboard."""
SWITCH_INTERVAL_S = 0.0002
"""The compressing thread releases the interpreter lock often and needs it only for microseconds, so it must not wait
the default 5 ms for it."""


def main(json_path: Path, folder: Path, max_bytes: int, failure: ResultsError | None) -> int:
    """Archive results; returns the exit code."""
    os.nice(_NICE)
    enter_sandbox(max_memory_bytes=MAX_MEMORY_BYTES)
    cpu_s = int(max_cpu_s(json_path.stat().st_size))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        archive_results(json_path, folder, max_bytes=max_bytes, failure=failure)
    except ResultsError:
        return UNREADABLE_CODE
    except MemoryError:
        return OUT_OF_MEMORY_CODE
    except OSError as error:
        if is_disk_full(error):
            return DISK_FULL_CODE
        raise
    return 0


if __name__ == "__main__":
    reason = ResultsError(*sys.argv[4:6]) if len(sys.argv) > 4 else None
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), reason))
