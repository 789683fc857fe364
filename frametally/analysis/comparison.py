"""Two models on one video: which boxes they share, and where they disagree most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import Window
from frametally.analysis.matching import MIN_IOU, match
from frametally.analysis.view import Progress, View, chunks_of, picked
from frametally.results import Boxes, ModelTable, Results

DEFINITIONS: Final = {
    "Matched": "boxes of both models that show the same: one of each, of one class in one frame, paired by the highest "
    f"overlap first (intersection over union at least {MIN_IOU}); no box is in two pairs",
    "Only in one": "boxes of one model that are in no pair",
    "Disagreement": "boxes that only one of the two models has in a frame",
    "Agreement": "matched pairs as a share of all objects: pairs and boxes in no pair; 100 % where nothing is seen",
    "Compared": "frames that both models analyzed; a frame that one of them left out says nothing and is not counted",
    "Seconds": "seconds of the video by their mean disagreement per compared frame; as good: the earlier one first",
}
"""What each number means; shown beside the numbers."""


@dataclass(frozen=True)
class Comparison:
    """Model A against model B, entry by entry from `start` on. Counts are 0 where not compared: ask `compared`."""

    model_a: str
    model_b: str
    start: int
    time_s: npt.NDArray[np.float64]
    """(n,) seconds after the first frame."""
    compared: npt.NDArray[np.bool_]
    """(n,) whether both models analyzed the entry."""
    matched: npt.NDArray[np.int64]
    """(n,) pairs."""
    only_a: npt.NDArray[np.int64]
    only_b: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    """Classes of the view, of both models."""
    by_class: npt.NDArray[np.int64]
    """(len(classes), 3) matched, only in A, only in B over all compared entries."""

    @property
    def excluded(self) -> int:
        """Entries that at least one of the models did not analyze."""
        return int(np.count_nonzero(~self.compared))

    @property
    def disagreement(self) -> npt.NDArray[np.float64]:
        """(n,) boxes that only one model has; NaN where not compared."""
        return np.where(self.compared, self.only_a + self.only_b, np.nan)

    @property
    def agreement(self) -> npt.NDArray[np.float64]:
        """(n,) 0 to 1; NaN where not compared."""
        objects = self.matched + self.only_a + self.only_b
        return np.where(self.compared, np.where(objects, self.matched / np.maximum(objects, 1), 1.0), np.nan)

    @property
    def overall_agreement(self) -> float | None:
        """Agreement over all compared entries together; None where there is none."""
        matched, only_a, only_b = (int(part.sum()) for part in (self.matched, self.only_a, self.only_b))
        objects = matched + only_a + only_b
        return (matched / objects if objects else 1.0) if self.compared.any() else None


@dataclass(frozen=True)
class Second:
    """One second of the video and how much the models disagree in it."""

    second: int
    disagreement: float
    """Mean per compared frame."""
    compared: int
    worst_entry: int
    """The first entry with the most disagreement in it."""


def compare(
    results: Results,
    model_a: str,
    model_b: str,
    confidence: float,
    classes: ClassMapping | None = None,
    window_s: Window | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Match the boxes of two models, both at one threshold and under one set of class names, in bounded memory."""
    a, b = (View(results, model, confidence, classes or ClassMapping(), window_s) for model in (model_a, model_b))
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
        model_a=model_a,
        model_b=model_b,
        start=entries.start,
        time_s=results.time_s[entries.start : entries.stop],
        compared=compared[entries.start : entries.stop],
        matched=per_entry[0],
        only_a=per_entry[1],
        only_b=per_entry[2],
        classes=names,
        by_class=per_class.T,
    )


def by_second(comparison: Comparison) -> list[Second]:
    """The seconds with any disagreement, the most of it first."""
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


def _compared_boxes(
    view: View, start: int, stop: int, names: tuple[str, ...], compared: npt.NDArray[np.bool_]
) -> Boxes:
    """Those of the entries that both models analyzed; `class_code` is the position in `names`."""
    boxes = view.chunk(start, stop, view.classes.codes(view.table.classes, names)).boxes
    return boxes if compared[start:stop].all() else picked(boxes, np.flatnonzero(compared[boxes.entry]))


def _in_pixels_of(target: ModelTable, source: ModelTable, boxes: Boxes) -> Boxes:
    """The boxes in the pixels of another model's pictures, where both say their size and it differs."""
    wh, own_wh = target.image_wh[boxes.entry], source.image_wh[boxes.entry]
    differ = (wh > 0) & (own_wh > 0) & (wh != own_wh)
    if not differ.any():
        return boxes
    scale = np.divide(wh, own_wh, out=np.ones_like(wh), where=differ)
    return replace(boxes, xyxy=boxes.xyxy * np.tile(scale, 2))
