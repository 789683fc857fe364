"""The numbers at the top of a view: the largest peak, the busiest stretch, the mean, the classes that were seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.analysis.counts import Counts
from frametally.analysis.totals import Totals
from frametally.analysis.view import View

DEFINITIONS: Final = {
    "Peak": "most detections of one class in one analyzed frame",
    "Busiest": "of stretches of about equal length, the one with the most detections of all classes per analyzed frame",
    "Mean": "detections of all classes per analyzed frame, including frames without detections",
    "Classes": "classes with at least one detection",
}
"""What each number means; shown with it."""

_STRETCHES_S: Final = ((20.0, 1.0), (600.0, 10.0), (7200.0, 60.0))
"""(duration of the time range, length of a stretch): the first with a longer duration counts."""
_LONGEST_S: Final = 600.0


@dataclass(frozen=True)
class Stretch:
    """A part of the time range, of whole points of the chart."""

    first_s: float
    last_s: float
    mean: float
    """Detections of all classes per analyzed frame."""


@dataclass(frozen=True)
class Highlights:
    """The values, as in DEFINITIONS."""

    peak: int
    peak_class: str
    busiest: Stretch | None
    """None if the whole time range is one stretch, or nothing was detected."""
    mean: float
    classes: int


def highlights(view: View, counts: Counts, totals: Sequence[Totals]) -> Highlights | None:
    """The numbers of a view from the points of its chart and its totals; None if no frame was analyzed.

    Args:
        view: the view that both are of.
        counts: (m,) points over time, from `count(view)`.
        totals: one for each class of the view.
    """
    known = [row for row in totals if row.peak is not None]
    if not known or not counts.analyzed.any():
        return None
    highest = max(known, key=lambda row: row.peak or 0)
    return Highlights(
        peak=highest.peak or 0,
        peak_class=highest.class_name,
        busiest=_busiest(view, counts),
        mean=sum(row.mean or 0.0 for row in known),
        classes=sum(bool(row.peak) for row in known),
    )


class Stretches(NamedTuple):
    """Parts of the time range, of whole points of the chart."""

    firsts: npt.NDArray[np.int64]
    """(k,) index of the first point of each."""
    first_s: list[float]
    last_s: list[float]


def stretches(view: View, starts: npt.NDArray[np.int64]) -> Stretches | None:
    """The stretches of which one is the busiest; None if the whole time range is one.

    Args:
        view: the view that the chart shows.
        starts: (m,) first entry of each point of its chart.
    """
    time_s, entries = view.results.time_s, view.entries
    points = len(starts)
    duration_s = float(time_s[entries.stop - 1] - time_s[entries.start]) if points else 0.0
    if points < 2 or duration_s <= 0:
        return None
    length_s = next((length_s for limit_s, length_s in _STRETCHES_S if duration_s < limit_s), _LONGEST_S)
    count = min(max(round(duration_s / length_s), 1), points)
    if count < 2:
        return None
    firsts = np.arange(count) * points // count
    ends = np.minimum(np.append(starts[firsts[1:]], entries.stop), entries.stop - 1)
    begins = np.maximum(starts[firsts], entries.start)
    return Stretches(firsts, time_s[begins].tolist(), time_s[ends].tolist())


def _busiest(view: View, counts: Counts) -> Stretch | None:
    found = stretches(view, counts.starts)
    if found is None:
        return None
    analyzed = np.add.reduceat(counts.analyzed, found.firsts)
    boxes = np.add.reduceat(counts.boxes.sum(axis=1), found.firsts)
    if not boxes.any():
        return None
    mean = np.where(analyzed > 0, boxes / np.maximum(analyzed, 1), -1.0)
    at = int(np.argmax(mean))
    return Stretch(found.first_s[at], found.last_s[at], float(mean[at]))
