"""Metrics of each class over the whole view, with their definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.analysis.tally import tally
from frametally.analysis.view import View
from frametally.results.cube import step_of

DEFINITIONS: Final = {
    "Mean": "detections per analyzed frame, including frames without detections",
    "Peak": "most detections in one analyzed frame",
    "Present": "share of analyzed frames with at least one detection",
    "Time present": "number of analyzed frames with at least one detection, times the mean interval between sampled "
    "frames",
    "First seen": "time of the first analyzed frame with a detection",
    "Last seen": "time of the last analyzed frame with a detection",
}
"""What each metric means; shown with the numbers."""


@dataclass(frozen=True)
class Totals:
    """Metrics of one class, as in DEFINITIONS; `present` is 0 to 1.

    All are None if no frame was analyzed; without a detection, `first_seen_s` and `last_seen_s` are None.
    """

    class_name: str
    mean: float | None
    peak: int | None
    present: float | None
    present_s: float | None
    first_seen_s: float | None
    last_seen_s: float | None


class _Raw(NamedTuple):
    """What the metrics of a class are calculated from."""

    boxes: int
    present: int
    peak: int
    first_entry: int
    last_entry: int


def totals(view: View) -> list[Totals]:
    """One row per class of the view, over the analyzed entries in its time range."""
    rows = _from_cube(view) or _from_boxes(view)
    analyzed, time_s = view.analyzed_entries, view.results.time_s
    interval_s = float(time_s[-1] - time_s[0]) / (len(time_s) - 1) if len(time_s) > 1 else 0.0
    return [_totals(time_s, interval_s, name, row, analyzed) for name, row in zip(view.names, rows, strict=True)]


def _from_cube(view: View) -> list[_Raw] | None:
    """Read from the cube; None if it cannot be: a time range, a threshold between its steps, or merged classes.

    The peak of merged classes is not the sum of their peaks, so it needs the boxes.
    """
    cube, step, codes = view.results.cube(view.model), step_of(view.confidence), view.codes
    members = np.flatnonzero(codes >= 0)
    whole = len(view.entries) == len(view.results.time_s)
    if cube is None or step is None or not whole or len(members) != len(view.names):
        return None
    boxes = cube.counts[step].sum(axis=1, dtype=np.int64)
    columns = (boxes, cube.present[step], cube.peak[step], cube.first[step], cube.last[step])
    in_order = members[np.argsort(codes[members])]
    return [_Raw(*row) for row in zip(*(column[in_order].tolist() for column in columns), strict=True)]


def _from_boxes(view: View) -> list[_Raw]:
    found = tally(view)
    columns = (found.boxes, found.present, found.peak, found.first_entry, found.last_entry)
    return [_Raw(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _totals(time_s: npt.NDArray[np.float64], interval_s: float, name: str, row: _Raw, analyzed: int) -> Totals:
    if not analyzed:
        return Totals(name, None, None, None, None, None, None)
    return Totals(
        class_name=name,
        mean=row.boxes / analyzed,
        peak=row.peak,
        present=row.present / analyzed,
        present_s=row.present * interval_s,
        first_seen_s=float(time_s[row.first_entry]) if row.present else None,
        last_seen_s=float(time_s[row.last_entry]) if row.present else None,
    )
