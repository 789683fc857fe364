"""The metrics of each class at every threshold k / 100, so that a document can move the threshold by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.results import Cube
from frametally.results.cube import CubeBuilder

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ThresholdTotals:
    """All (101, c), a row for each threshold; classes in the order of the view."""

    boxes: Ints
    present: Ints
    """Entries with at least one box."""
    peak: Ints
    """Most boxes in one entry."""
    first_s: npt.NDArray[np.float64]
    """Seconds after the first frame; NaN without a box."""
    last_s: npt.NDArray[np.float64]


def threshold_totals(view: View) -> ThresholdTotals | None:
    """Of the entries in the time range of the view, whose own threshold is ignored; None for too many classes."""
    cube = _cube(view)
    if cube is None:
        return None
    time_s = view.results.time_s
    seen = cube.present > 0
    first, last = (np.where(seen, entry, 0) for entry in (cube.first, cube.last))
    return ThresholdTotals(
        boxes=cube.counts.sum(axis=2, dtype=np.int64),
        present=cube.present,
        peak=cube.peak,
        first_s=np.where(seen, time_s[first], np.nan),
        last_s=np.where(seen, time_s[last], np.nan),
    )


def _cube(view: View) -> Cube | None:
    """Of the view: that of the results where it shows all of their classes and entries."""
    whole = len(view.entries) == len(view.results.time_s)
    if whole and view.names == view.table.classes:
        return view.results.cube(view.model)
    builder, codes = CubeBuilder(), view.codes
    entries = view.entries
    for entry, box_class, confidence in view.results.confidence_pieces(view.model, entries.start, entries.stop):
        code = codes[box_class]
        kept = code >= 0
        builder.add(entry[kept], code[kept], confidence[kept])
    return builder.finish(list(range(len(view.names))), entries.stop)
