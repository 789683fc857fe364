"""`python -m frametally.results JSON FOLDER`: archive results in a separate process.

Exits with 3 if they cannot be read; the manifest in the folder has the reason.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from frametally.errors import ResultsError
from frametally.processes.sandbox import enter_sandbox
from frametally.results.archive import UNREADABLE_EXIT_CODE, archive_results

_NICE = 5
"""Lower priority than the dashboard."""
SWITCH_INTERVAL_S = 0.0002
"""The compressing thread releases the interpreter lock often and needs it only for microseconds, so it must not wait
the default 5 ms for it."""


def main(json_path: Path, folder: Path) -> int:
    """Archive results; returns the exit code."""
    os.nice(_NICE)
    enter_sandbox()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        archive_results(json_path, folder)
    except ResultsError:
        return UNREADABLE_EXIT_CODE
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
