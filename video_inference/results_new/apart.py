"""Ingest in a process of its own, so that a large file stalls neither the pages nor the other jobs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import video_inference
from video_inference.errors import ResultsError
from video_inference.results_new.ingest import archive
from video_inference.results_new.tables import open_results

SMALL_BYTES: Final = 4 * 1024**2
"""Read here: starting a process would take longer."""
_ALIVE_EVERY_S = 2.0


def archive_apart(json_path: Path, folder: Path, still_at_it: Callable[[], None]) -> None:
    """`archive`, in a child process where the file is large; `still_at_it` is called every two seconds meanwhile.

    Raises:
        ResultsError: they cannot be read; the gzipped original is kept all the same.
    """
    if json_path.stat().st_size <= SMALL_BYTES:
        archive(json_path, folder)
        return
    command = [sys.executable, "-m", "video_inference.results_new.ingest", str(json_path), str(folder)]
    with subprocess.Popen(
        command, cwd=Path(video_inference.__file__).parent.parent, stderr=subprocess.DEVNULL
    ) as child:
        while child.poll() is None:
            try:
                child.wait(_ALIVE_EVERY_S)
            except subprocess.TimeoutExpired:
                still_at_it()
    if not folder.is_dir():
        raise ResultsError("The results could not be read in.", "Run the job again, or ask for more memory and disk.")
    open_results(folder)  # says why, where it failed
