"""Compare two models on one video: matched boxes, boxes of only one model, seconds with the most disagreement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.counts import Counts, count
from frametally.analysis.matching import MIN_IOU, match
from frametally.analysis.view import Progress, View, chunks_of, picked
from frametally.results import Boxes, ModelTable

MAX_COMPARED_POINTS: Final = 120
"""Fewer than in other charts: differences of single frames hide each other."""
DEFINITIONS: Final = {
    "Matched": f"one box from each model, same class and frame, IoU ≥ {MIN_IOU}, best overlap first",
    "Agreement": "matched pairs as a share of everything that either model found: matched, only in A, only in B",
    "Disagreement": "boxes per frame that only one of the two models found; mean of the frames that both analyzed",
}
"""What each number means; shown with the numbers."""


@dataclass(frozen=True)
class Comparison:
    """Model A against model B, per entry from `start` on. Counts are 0 for entries that were not compared."""

    model_a: str
    model_b: str
    start: int
    time_s: npt.NDArray[np.float64]
    """(n,) seconds after the first frame."""
    compared: npt.NDArray[np.bool_]
    """(n,) whether both models analyzed the entry; the others are unknown, not 0."""
    matched: npt.NDArray[np.int64]
    """(n,) pairs."""
    only_a: npt.NDArray[np.int64]
    """(n,) boxes of A without a match."""
    only_b: npt.NDArray[np.int64]
    """(n,) boxes of B without a match."""
    classes: tuple[str, ...]
    """Display names of the classes of both models."""
    by_class: npt.NDArray[np.int64]
    """(len(classes), 3) matched, only in A, only in B; over all compared entries."""

    @property
    def agreement(self) -> float | None:
        """Matched pairs as a share of matched pairs and boxes without a match, 0 to 1; None if nothing was found."""
        return agreement_of(*self.by_class.sum(axis=0).tolist())


@dataclass(frozen=True)
class CountsOfBoth:
    """Mean detections per analyzed frame of two models over time, at the same points."""

    classes: tuple[str, ...]
    """Display names of the classes of both models."""
    starts: npt.NDArray[np.int64]
    """(m,) first entry of each point."""
    time_s: npt.NDArray[np.float64]
    """(m,) time of that entry, in seconds after the first frame."""
    a: npt.NDArray[np.float64]
    """(m, len(classes)) of model A; NaN where it analyzed no frame, 0 for a class that it does not have."""
    b: npt.NDArray[np.float64]
    """(m, len(classes)) of model B."""


@dataclass(frozen=True)
class Second:
    """Disagreement of the models in one second of the video."""

    second: int
    """Whole seconds after the first frame."""
    disagreement: float
    """Mean number of boxes without a match per compared entry."""
    compared: int
    """Compared entries in this second."""
    worst_entry: int
    """The first entry with the most disagreement."""


def compare(view: View, other_model: str, progress: Progress | None = None) -> Comparison:
    """Match the boxes of the view's model (A) with those of another (B), filtered alike, in bounded memory."""
    a, b = view, replace(view, model=other_model)
    names = tuple(dict.fromkeys((*a.names, *b.names)))
    entries = a.entries
    compared = a.table.analyzed & b.table.analyzed
    per_entry = np.zeros((3, len(entries)), dtype=np.int64)
    per_class = np.zeros((3, len(names)), dtype=np.int64)
    for start, stop in chunks_of(entries, progress):
        boxes_a, boxes_b = (_compared_boxes(view, start, stop, names, compared) for view in (a, b))
        pairs, _ = match(boxes_a, _in_pixels_of(a.table, b.table, boxes_b))
        here = slice(start - entries.start, stop - entries.start)
        for row, boxes in enumerate((picked(boxes_a, pairs), boxes_a, boxes_b)):
            per_entry[row, here] = np.bincount(boxes.entry - start, minlength=stop - start)
            per_class[row] += np.bincount(boxes.class_code, minlength=len(names))
    per_entry[1:] -= per_entry[0]
    per_class[1:] -= per_class[0]
    return Comparison(
        model_a=a.model,
        model_b=b.model,
        start=entries.start,
        time_s=view.results.time_s[entries.start : entries.stop],
        compared=compared[entries.start : entries.stop],
        matched=per_entry[0],
        only_a=per_entry[1],
        only_b=per_entry[2],
        classes=names,
        by_class=per_class.T,
    )


def counts_of_both(view: View, other_model: str) -> CountsOfBoth:
    """The counts of the view's model (A) and of another (B), filtered alike, at the points of the chart."""
    views = view, replace(view, model=other_model)
    one, other = (count(each, MAX_COMPARED_POINTS) for each in views)
    if not np.array_equal(one.starts, other.starts):  # the tables of one of them were written by an earlier version
        one, other = (count(each, max_points=None) for each in views)
    names = tuple(dict.fromkeys((*one.classes, *other.classes)))
    a, b = (_in_columns(each, names) for each in (one, other))
    return CountsOfBoth(names, one.starts, one.time_s, a, b)


def worst_entry(comparison: Comparison, first: int, stop: int) -> int | None:
    """The first compared entry of [first, stop) with the most boxes without a match; None if none was compared."""
    here = slice(max(first - comparison.start, 0), max(stop - comparison.start, 0))
    known = np.flatnonzero(comparison.compared[here])
    if not len(known):
        return None
    unpaired = (comparison.only_a + comparison.only_b)[here][known]
    return comparison.start + here.start + int(known[np.argmax(unpaired)])


def agreement_of(matched: int, only_a: int, only_b: int) -> float | None:
    """Matched pairs as a share of everything that either model found, 0 to 1; None if neither found anything."""
    found = matched + only_a + only_b
    return matched / found if found else None


def rank_seconds(comparison: Comparison) -> list[Second]:
    """The seconds with any disagreement, most first; on a tie, the earlier one."""
    known = np.flatnonzero(comparison.compared)
    unpaired = (comparison.only_a + comparison.only_b)[known]
    seconds, inverse = np.unique(np.floor(comparison.time_s[known]).astype(np.int64), return_inverse=True)
    frames = np.bincount(inverse, minlength=len(seconds))
    mean = np.bincount(inverse, weights=unpaired, minlength=len(seconds)) / np.maximum(frames, 1)
    worst_first = np.lexsort((known, -unpaired, inverse))
    worst = known[worst_first[np.searchsorted(inverse[worst_first], np.arange(len(seconds)))]]
    return [
        Second(int(seconds[at]), float(mean[at]), int(frames[at]), comparison.start + int(worst[at]))
        for at in np.lexsort((seconds, -mean))
        if mean[at] > 0
    ]


def _in_columns(counts: Counts, names: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """(m, len(names)) values of the counts, 0 for classes that they do not have; NaN where nothing was analyzed."""
    values = np.where(counts.analyzed[:, np.newaxis] > 0, 0.0, np.nan) * np.ones(len(names))
    values[:, [names.index(name) for name in counts.classes]] = counts.values
    return values


def _compared_boxes(
    view: View, start: int, stop: int, names: tuple[str, ...], compared: npt.NDArray[np.bool_]
) -> Boxes:
    """Boxes of entries that both models analyzed; `class_code` is the index in `names`."""
    boxes = view.chunk(start, stop, view.classes.codes(view.table.classes, names)).boxes
    return boxes if compared[start:stop].all() else picked(boxes, np.flatnonzero(compared[boxes.entry]))


def _in_pixels_of(target: ModelTable, source: ModelTable, boxes: Boxes) -> Boxes:
    """The boxes scaled to the picture size of another model, for entries whose sizes are known and differ."""
    wh, own_wh = target.image_wh[boxes.entry], source.image_wh[boxes.entry]
    differ = (wh > 0) & (own_wh > 0) & (wh != own_wh)
    if not differ.any():
        return boxes
    scale = np.divide(wh, own_wh, out=np.ones_like(wh), where=differ)
    return replace(boxes, xyxy=boxes.xyxy * np.tile(scale, 2))
