"""`python -m frametally.results JSON FOLDER`: archive results in a process of its own.

Exits with 3 where they cannot be read; the notes in the folder say why.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from frametally.errors import ResultsError
from frametally.results.ingest import REFUSED, archive

_NICE = 5
"""The dashboard goes first."""


def main(json_path: Path, folder: Path) -> int:
    """Archive; returns the exit code."""
    os.nice(_NICE)
    try:
        archive(json_path, folder)
    except ResultsError:
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
