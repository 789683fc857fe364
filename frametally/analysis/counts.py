"""Detections of a view per class over time.

Counts come from the model's cube if the threshold is a multiple of 0.01 and the points are at least as long as its
buckets, otherwise from the boxes; both give the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from frametally.analysis.timeline.points import MAX_POINTS, Points, points_of
from frametally.analysis.view import View
from frametally.results import Cube
from frametally.results.cube import STEPS, step_of, steps_of

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Detections of one model over time, per class, at one confidence threshold.

    A point covers one entry, in long videos a power of two of them, or the entries of a bucket of time. Points start
    at multiples of their length, so a time range does not change them; the first and the last may reach beyond it.
    """

    model: str
    classes: tuple[str, ...]
    starts: Ints
    """(m,) first entry of each point."""
    time_s: npt.NDArray[np.float64]
    """(m,) time of that entry, in seconds after the first frame."""
    frame_index: Ints
    """(m,) its frame in the video."""
    planned: Ints
    """(m,) entries in the point."""
    analyzed: Ints
    """(m,) those that were analyzed; the others are `null` in the results: unknown, not zero."""
    boxes: Ints
    """(m, c) detections at or above the threshold in the whole point."""

    @property
    def stops(self) -> Ints:
        """(m,) the entry after the last one of each point."""
        return self.starts + self.planned

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """(m, c) mean detections per analyzed entry; NaN if none was analyzed."""
        known = np.where(self.analyzed > 0, self.analyzed, np.nan)
        return np.asarray(self.boxes / known[:, np.newaxis], dtype=np.float64)


def count(view: View, max_points: int | None = MAX_POINTS, bucket_s: float | None = None) -> Counts:
    """Count the boxes of a view per class in the points of `points_of`."""
    results = view.results
    points = points_of(view, max_points, bucket_s)
    cube, step = results.cube(view.model), step_of(view.confidence)
    if cube is not None and step is not None and points.length >= cube.span:
        boxes = _from_cube(view, cube, step, points.starts, points.length)
    else:
        boxes = _from_boxes(view, points)
    return Counts(
        model=view.model,
        classes=view.names,
        starts=points.starts,
        time_s=results.time_s[points.starts],
        frame_index=results.frame_index[points.starts],
        planned=points.stops - points.starts,
        analyzed=points.analyzed(view),
        boxes=boxes,
    )


def sensitivity_band(view: View, width: float = 0.1, bucket_s: float | None = None) -> tuple[Counts, Counts]:
    """The counts at thresholds `width` higher and `width` lower, both limited to 0 to 1 and rounded to 0.01."""
    edges = (min(view.confidence + width, 1.0), max(view.confidence - width, 0.0))
    higher, lower = (count(replace(view, confidence=round(edge, 2)), bucket_s=bucket_s) for edge in edges)
    return higher, lower


def confidence_histogram(view: View) -> Ints | None:
    """(len(view.table.classes), 101) boxes in the time range by confidence, as in `Cube.histogram`.

    None without a cube: the model has no boxes, or too many classes.
    """
    cube, entries = view.results.cube(view.model), view.entries
    if cube is None:
        return None
    first = -(-entries.start // cube.span)
    stop = cube.counts.shape[2] if entries.stop == len(view.results.time_s) else entries.stop // cube.span
    if first >= stop:
        return _by_confidence(view, entries.start, entries.stop)
    before = _by_confidence(view, entries.start, first * cube.span)
    return before + cube.histogram(first, stop) + _by_confidence(view, stop * cube.span, entries.stop)


def gaps(view: View, starts: Ints, stops: Ints | None = None) -> list[tuple[float, float]]:
    """Intervals (from, to) without an analyzed entry, in seconds, from the point before each to the point after it.

    Args:
        view: the view that the points are of.
        starts: (m,) first entry of each point.
        stops: (m,) the entry after its last one; None if all points have one length.
    """
    if not len(starts):
        return []
    time_s = view.results.time_s
    if stops is None:
        length = int(starts[1] - starts[0]) if len(starts) > 1 else max(len(view.entries), 1)
        stops = np.minimum(starts + length, len(time_s))
    known = view.table.analyzed_before
    unknown = known[stops] == known[starts]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], unknown, [False]]).astype(np.int8))).reshape(-1, 2)
    ends = np.append(time_s[starts], time_s[min(stops[-1], len(time_s) - 1)])
    return [(float(ends[max(first - 1, 0)]), float(ends[stop])) for first, stop in edges.tolist()]


def damaged_ranges(view: View) -> list[tuple[float, float]]:
    """Intervals (from, to) of damaged frames in the time range, in seconds, each to the next intact entry."""
    entries = view.entries
    marked = view.results.damaged[entries.start : entries.stop]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8))).reshape(-1, 2)
    time_s, last = view.results.time_s[entries.start : entries.stop], len(marked) - 1
    return [(float(time_s[first]), float(time_s[min(stop, last)])) for first, stop in edges.tolist()]


def _from_cube(view: View, cube: Cube, step: int, starts: Ints, length: int) -> Ints:
    merged = np.zeros((len(view.names), len(starts)), dtype=np.int64)
    if not len(starts):
        return merged.T
    per_point = length // cube.span
    first = int(starts[0]) // cube.span
    buckets = cube.counts[step][:, first : first + len(starts) * per_point]
    points = np.add.reduceat(buckets, np.arange(0, buckets.shape[1], per_point), axis=1, dtype=np.int64)
    if view.names == view.table.classes:
        return np.asarray(points.T)
    for code, row in zip(view.codes.tolist(), points, strict=True):
        if code >= 0:
            merged[code] += row
    return merged.T


def _from_boxes(view: View, points: Points) -> Ints:
    classes, codes = len(view.names), view.codes
    boxes = np.zeros(len(points.starts) * classes, dtype=np.int64)
    first, stop = (int(points.starts[0]), int(points.stops[-1])) if len(points.starts) else (0, 0)
    for entry, box_class, confidence in view.results.confidence_pieces(view.model, first, stop) if boxes.size else ():
        kept = np.flatnonzero(confidence >= view.confidence)
        code = codes[box_class[kept]]
        if codes.min() < 0:
            kept, code = kept[code >= 0], code[code >= 0]
        key = points.of_entries(entry[kept].astype(np.int64)) * classes + code
        boxes += np.bincount(key, minlength=len(boxes))
    return boxes.reshape(len(points.starts), classes)


def _by_confidence(view: View, start: int, stop: int) -> Ints:
    """As in `Cube.histogram` for entries [start, stop), from the boxes."""
    classes = len(view.table.classes)
    boxes = np.zeros(classes * STEPS, dtype=np.int64)
    for _, code, confidence in view.results.confidence_pieces(view.model, start, stop) if start < stop else ():
        counted = confidence >= 0
        boxes += np.bincount(code[counted] * STEPS + steps_of(confidence[counted]), minlength=len(boxes))
    return boxes.reshape(classes, STEPS)
