"""The counts of a job as a short line, computed once and kept with its results.

results/<job>/derived/sparkline-<hash>.json
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from frametally.analysis.view_spec import DEFAULT_CONFIDENCE
from frametally.results import Cube, ModelTable, Results, open_results
from frametally.results.cube import step_of
from frametally.storage.atomic import read_json, write_json
from frametally.storage.cached_files import fetched, kept
from frametally.storage.derived import derived_path, make_derived_folder

MAX_POINTS: Final = 48
_KIND = "sparkline"
_VERSION = 1


class Sparkline(msgspec.Struct, frozen=True):
    """The counts of the class with the highest peak of the first model, as the Analytics page first shows them."""

    class_name: str = ""
    """Empty if the model has no boxes to count, or none with enough confidence."""
    peak: int = 0
    """Maximum number of boxes of the class in one frame."""
    means: list[float | None] = []
    """Boxes per analyzed frame in equal parts of the video; None where no frame was analyzed."""


def load_sparkline(folder: Path) -> Sparkline:
    """The sparkline of these results, computed now if there is none yet.

    Raises:
        ResultsError: the results cannot be read.
    """
    path = derived_path(folder, _KIND, [_VERSION, MAX_POINTS, DEFAULT_CONFIDENCE], "json")
    sparkline = read_json(fetched(path, is_optional=True), Sparkline)
    if sparkline is None:
        sparkline = sparkline_of(open_results(folder))
        make_derived_folder(folder)
        write_json(path, sparkline, sync=False)
        kept(path)
    return sparkline


def sparkline_of(results: Results) -> Sparkline:
    """The sparkline of the first model; an empty one if it has no counts."""
    name, table = next(iter(results.models.items()), (None, None))
    cube = None if name is None else results.cube(name)
    step = step_of(DEFAULT_CONFIDENCE)
    if table is None or cube is None or step is None or not cube.peak[step].any():
        return Sparkline()
    return _of_class(table, cube, step, int(np.argmax(cube.peak[step])))


def _of_class(table: ModelTable, cube: Cube, step: int, code: int) -> Sparkline:
    counts = cube.counts[step, code].astype(np.int64)
    starts = np.unique(np.linspace(0, len(counts), MAX_POINTS, endpoint=False).astype(np.int64))
    boxes = np.add.reduceat(counts, starts)
    edges = np.append(starts * cube.span, len(table.analyzed))
    analyzed = np.diff(table.analyzed_before[edges])
    means = [round(int(box) / int(frames), 3) if frames else None for box, frames in zip(boxes, analyzed, strict=True)]
    return Sparkline(class_name=table.classes[code], peak=int(cube.peak[step, code]), means=means)
