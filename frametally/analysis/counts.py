"""Per-class counts over time and their totals, each with its definition.

Counts come from the model's cube where the threshold is a hundredth and the points are no finer than its buckets, else
from the boxes; both count the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.tally import tally
from frametally.results import Boxes, Cube, Results
from frametally.results.cube import step_of

DEFINITIONS: Final = {
    "Mean": "detections per analyzed frame, averaged over all analyzed frames, those with none included",
    "Peak": "most detections in one analyzed frame",
    "Present": "share of analyzed frames with at least one detection",
    "Time present": "analyzed frames with at least one detection, each standing for the mean time between two frames",
    "First seen": "time of the first analyzed frame with a detection",
    "Last seen": "time of the last analyzed frame with a detection",
}
"""What each total means; shown beside the numbers."""

Window = tuple[float, float]
"""From and to, in seconds after the first frame, both included."""


@dataclass(frozen=True)
class Counts:
    """Detections of one model over time, per class, at one confidence threshold.

    A point is one entry or, over long stretches, a power of two of them; points lie on multiples of their length, so
    that those of a window are the same as without it. The first and the last may reach beyond the window.
    """

    model: str
    classes: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    """(m,) first entry of each point."""
    time_s: npt.NDArray[np.float64]
    """(m,) time of that entry, in seconds after the first frame."""
    frame_index: npt.NDArray[np.int64]
    """(m,) its native frame."""
    planned: npt.NDArray[np.int64]
    """(m,) entries in the point."""
    analyzed: npt.NDArray[np.int64]
    """(m,) those that were analyzed; the others are `null` in the file: not zero, unknown."""
    boxes: npt.NDArray[np.int64]
    """(m, c) detections at or above the threshold in the whole point."""

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """(m, c) mean detections per analyzed entry; NaN where none was analyzed."""
        known = np.where(self.analyzed > 0, self.analyzed, np.nan)
        return np.asarray(self.boxes / known[:, np.newaxis], dtype=np.float64)


@dataclass(frozen=True)
class Totals:
    """What one class comes to; DEFINITIONS says how. All None where no frame was analyzed."""

    class_name: str
    mean: float | None
    peak: int | None
    present: float | None
    present_s: float | None
    first_seen_s: float | None
    last_seen_s: float | None


def count(
    results: Results,
    model: str,
    confidence: float,
    classes: tuple[str, ...] | None = None,
    window_s: Window | None = None,
    max_points: int | None = 400,
) -> Counts:
    """Count the boxes of one model with at least this confidence, per class, in about `max_points` points.

    `max_points=None` gives a point per entry. Classes come in the order asked for, unknown ones are left out.
    """
    columns = _columns(results, model, classes)
    start, stop = entries_in(results, window_s)
    length = point_length(stop - start, max_points)
    cube = results.cube(model)
    if cube is not None and window_s is None and max_points is not None:
        length = max(length, cube.span)
    starts = np.arange(start // length * length, stop, length, dtype=np.int64)
    step = step_of(confidence)
    if cube is not None and step is not None and length >= cube.span:
        boxes = _from_cube(cube, step, starts, length)[:, columns]
    else:
        boxes = _from_boxes(results, model, confidence, starts, length)[:, columns]
    planned, analyzed = _frames(results, model, starts, length)
    return Counts(
        model=model,
        classes=tuple(results.models[model].classes[column] for column in columns),
        starts=starts,
        time_s=results.time_s[starts],
        frame_index=results.frame_index[starts],
        planned=planned,
        analyzed=analyzed,
        boxes=boxes,
    )


def totals(
    results: Results,
    model: str,
    confidence: float,
    classes: tuple[str, ...] | None = None,
    window_s: Window | None = None,
) -> list[Totals]:
    """One row per class, over the analyzed frames of the window only, which it takes to the frame."""
    columns, names = _columns(results, model, classes), results.models[model].classes
    start, stop = entries_in(results, window_s)
    done = results.models[model].analyzed_before
    analyzed = int(done[stop] - done[start])
    cube, step = results.cube(model), step_of(confidence)
    whole = (start, stop) == (0, len(results.time_s))
    if cube is not None and step is not None and whole:
        seen = [cube.counts[step].sum(axis=1, dtype=np.int64), *(table[step] for table in _tables(cube))]
    else:
        codes = np.arange(len(names), dtype=np.int32)
        found = tally(results, model, confidence, range(start, stop), codes, len(names))
        seen = [found.boxes, found.peak, found.present, found.first_entry, found.last_entry]
    return [_totals_of(results, names[at], analyzed, [int(part[at]) for part in seen]) for at in columns]


def boxes_at(
    results: Results, model: str, entry: int, confidence: float, classes: tuple[str, ...]
) -> tuple[Boxes, npt.NDArray[np.int64]]:
    """The boxes of one entry, and (k,) which of them the threshold and the classes let through."""
    boxes = results.boxes(model, entry, entry + 1)
    chosen = [code for code, name in enumerate(results.models[model].classes) if name in classes]
    return boxes, np.flatnonzero((boxes.confidence >= confidence) & np.isin(boxes.class_code, chosen))


def next_with_detections(
    results: Results, model: str, entry: int, confidence: float, classes: tuple[str, ...] | None = None, step: int = 1
) -> int | None:
    """The next entry after this one, or with `step=-1` the last one before it, in which one of the classes is seen."""
    columns = _columns(results, model, classes)
    entries = len(results.time_s)
    stride = 1024
    at = entry + step
    while 0 <= at < entries:
        start, stop = (at, min(at + stride, entries)) if step > 0 else (max(at + 1 - stride, 0), at + 1)
        of, code, certain = results.confidences(model, start, stop)
        found = of[(certain >= confidence) & np.isin(code, columns)]
        if len(found):
            return int(found[0] if step > 0 else found[-1])
        at, stride = (stop if step > 0 else start - 1), stride * 4
    return None


def to_csv(counts: Counts) -> str:
    """A row per point; a cell is empty, not 0, where nothing was analyzed, and a mean where a point is many entries."""
    head = ",".join(["frame_offset", "time_s", *(_quoted(name) for name in counts.classes)])
    single = bool((counts.planned == 1).all())
    rows = [
        ",".join([str(frame), f"{time:.4f}", *(_cell(value, bool(known), single) for value in row)])
        for frame, time, known, row in zip(
            counts.frame_index, counts.time_s, counts.analyzed, counts.values.tolist(), strict=True
        )
    ]
    return "\n".join([head, *rows, ""])


def _columns(results: Results, model: str, classes: tuple[str, ...] | None) -> list[int]:
    names = results.models[model].classes
    return [names.index(name) for name in (names if classes is None else classes) if name in names]


def entries_in(results: Results, window_s: Window | None) -> tuple[int, int]:
    """The entries [start, stop) whose time lies in a window."""
    if window_s is None:
        return 0, len(results.time_s)
    inside = np.flatnonzero((results.time_s >= window_s[0]) & (results.time_s <= window_s[1]))
    return (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0)


def point_length(entries: int, max_points: int | None) -> int:
    """Entries in a point: the least power of two that makes no more points than that."""
    if max_points is None or entries <= max_points:
        return 1
    return 1 << (-(-entries // max_points) - 1).bit_length()


def _from_cube(cube: Cube, step: int, starts: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.int64]:
    if not len(starts):
        return np.zeros((0, cube.counts.shape[1]), dtype=np.int64)
    per_point = length // cube.span
    first = int(starts[0]) // cube.span
    buckets = cube.counts[step][:, first : first + len(starts) * per_point]
    return np.add.reduceat(buckets, np.arange(0, buckets.shape[1], per_point), axis=1, dtype=np.int64).T


def _from_boxes(
    results: Results, model: str, confidence: float, starts: npt.NDArray[np.int64], length: int
) -> npt.NDArray[np.int64]:
    classes = len(results.models[model].classes)
    if not len(starts):
        return np.zeros((0, classes), dtype=np.int64)
    first = int(starts[0])
    boxes = np.zeros(len(starts) * classes, dtype=np.int64)
    for entry, code, certain in results.confidence_pieces(model, first, int(starts[-1]) + length):
        kept = certain >= confidence
        key = (entry[kept].astype(np.int64) - first) // length * classes + code[kept]
        boxes += np.bincount(key, minlength=len(boxes))
    return boxes.reshape(len(starts), classes)


def _frames(
    results: Results, model: str, starts: npt.NDArray[np.int64], length: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(m,) entries planned and (m,) analyzed in each point."""
    ends = np.minimum(starts + length, len(results.time_s))
    done = results.models[model].analyzed_before
    return ends - starts, done[ends] - done[starts]


def _tables(cube: Cube) -> tuple[npt.NDArray[np.int64], ...]:
    return cube.peak, cube.present, cube.first, cube.last


def _totals_of(results: Results, name: str, analyzed: int, seen: list[int]) -> Totals:
    if not analyzed:
        return Totals(name, None, None, None, None, None, None)
    boxes, peak, present, first, last = seen
    time_s = results.time_s
    interval_s = float(time_s[-1] - time_s[0]) / (len(time_s) - 1) if len(time_s) > 1 else 0.0
    return Totals(
        class_name=name,
        mean=boxes / analyzed,
        peak=peak,
        present=present / analyzed,
        present_s=present * interval_s,
        first_seen_s=float(time_s[first]) if present else None,
        last_seen_s=float(time_s[last]) if present else None,
    )


def _cell(value: float, known: bool, single: bool) -> str:
    return (str(int(value)) if single else f"{value:.4f}") if known else ""


def _quoted(name: str) -> str:
    # A spreadsheet would run a class name that starts like a formula.
    safe = f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
    return '"' + safe.replace('"', '""') + '"'
