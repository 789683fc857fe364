"""The results that a command works with: those of a job, or of a results JSON."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from frametally.analysis.placement import place_results
from frametally.config.settings import Settings
from frametally.errors import ResultsError, VideoError
from frametally.health.object_storage import open_storage
from frametally.results import Results, archive_results, open_results
from frametally.results.archive import fetch_results
from frametally.video.frame_index import build_index


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add RESULTS, --video and --model."""
    parser.add_argument("results", metavar="RESULTS", help="the id of a job, or a results JSON")
    parser.add_argument("--video", type=Path, metavar="FILE", help="the video, for the exact times of its frames")
    parser.add_argument("--model", metavar="NAME", help="one of the results' models (the first)")


@contextmanager
def opened(reference: str, video: Path | None, settings: Settings) -> Iterator[Results]:
    """The results; those of a JSON file are read into a temporary folder, which is removed at the end.

    Args:
        reference: the id of a job whose results are in the data folder, or the path of a results JSON.
        video: gives the entries the times of their frames; None: those of the results.
        settings: where the data folder is.

    Raises:
        ResultsError: there are no such results, or they cannot be read.
        VideoError: the video cannot be read.
    """
    if video is not None and not video.is_file():
        raise VideoError(f"File not found: {video.name}.", "Check the path.")
    path = Path(reference)
    if path.is_file():
        with tempfile.TemporaryDirectory() as folder:
            archive_results(path, Path(folder) / "results", max_bytes=settings.max_results_bytes)
            yield _placed(open_results(Path(folder) / "results"), video)
        return
    yield _placed(open_results(archive_of(reference, settings)), video)


def archive_of(job_id: str, settings: Settings) -> Path:
    """The folder with the results of a job.

    Raises:
        ResultsError: there are no such results.
        SettingsError: the object storage cannot be used.
    """
    name = Path(job_id).name
    archive = settings.results_dir / name
    if job_id == name and open_storage(settings):
        fetch_results(archive)
    if job_id != name or not archive.is_dir():
        raise ResultsError(f"There is no job or file {name}.", "Check the path, or the id on the page Jobs.")
    return archive


def model_of(results: Results, name: str | None) -> str:
    """The model with this name, or the first one.

    Raises:
        ResultsError: the results have no such model, or no boxes of it.
    """
    model = name or next(iter(results.models), "")
    if model not in results.models:
        known = ", ".join(results.models) or "none"
        raise ResultsError(f"These results have no model {name or ''}".rstrip() + ".", f"They have: {known}.")
    if not results.models[model].kind.has_boxes:
        raise ResultsError(f"The results of {model} have no boxes.", "Choose another model with --model.")
    return model


def _placed(results: Results, video: Path | None) -> Results:
    """The results with the frames and presentation times of the video; declared frames that it lacks keep theirs."""
    if video is None:
        return results
    index = build_index(video)
    placed = place_results(results, index, None)
    frame = placed.frame_index
    is_in_file = (frame >= 0) & (frame < len(index))
    times_s = np.where(is_in_file, index.times_s[np.where(is_in_file, frame, 0)], placed.time_s)
    return replace(placed, time_s=times_s)
