"""What became of each box: right, wrong or ignored, by the rules of the COCO evaluation (Lin et al. 2014).

In each frame and class, the boxes of the model take the labeled box with which they overlap most, the most confident
one first, if the IoU is at least 0.5 and the labeled box is still free. A box that lies in an ignored region with at
least half its area is neither right nor wrong. As the order is that of confidence, the outcome of a box does not depend
on those below it: one matching holds for all thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.evaluation.truth import Floats, Ints
from frametally.results import Boxes

MIN_IOU: Final = 0.5


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of the boxes of the model."""

    match: Ints
    """(n,) index of the labeled box that each one found; -1: none."""
    ignored: npt.NDArray[np.bool_]
    """(n,) neither right nor wrong."""

    @property
    def is_right(self) -> npt.NDArray[np.bool_]:
        return self.match >= 0

    @property
    def is_wrong(self) -> npt.NDArray[np.bool_]:
        return (self.match < 0) & ~self.ignored

    def missed(self, shown: npt.NDArray[np.bool_], ignored: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """(k,) labeled boxes that none of the shown ones (n,) found, without those that are ignored (k,)."""
        missed = ~ignored
        missed[self.match[shown & self.is_right]] = False
        return missed


def outcomes(found: Boxes, truth: Boxes, ignored: npt.NDArray[np.bool_]) -> Outcomes:
    """The outcome of each box of `found`; both sides with the same classes and frames."""
    match = np.full(len(found), -1, dtype=np.int64)
    is_ignored = np.zeros(len(found), dtype=np.bool_)
    keys, truth_keys = _keys(found, truth)
    order = np.lexsort((-found.confidence, keys))
    truth_order = np.argsort(truth_keys, kind="stable")
    groups, starts = np.unique(keys[order], return_index=True)
    stops = np.append(starts[1:], len(order))
    low, high = (np.searchsorted(truth_keys[truth_order], groups, side=side) for side in ("left", "right"))
    for group in np.flatnonzero(high > low).tolist():
        ours = order[starts[group] : stops[group]]
        theirs = truth_order[low[group] : high[group]]
        chosen, is_ignored[ours] = _matched(found.xyxy[ours], truth.xyxy[theirs], ignored[theirs])
        match[ours] = np.where(chosen >= 0, theirs[chosen], -1)
    return Outcomes(match, is_ignored)


def _keys(found: Boxes, truth: Boxes) -> tuple[Ints, Ints]:
    """A number for each box that is the same for boxes of one frame and class."""
    classes = 1 + max(int(side.class_code.max(initial=0)) for side in (found, truth))
    first, second = (side.entry.astype(np.int64) * classes + side.class_code for side in (found, truth))
    return first, second


def _matched(
    xyxy: npt.NDArray[np.float32], truth: npt.NDArray[np.float32], ignored: npt.NDArray[np.bool_]
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """(n,) index of the labeled box that each box takes, -1 if none; (n,) whether it is ignored."""
    shared = _shared(xyxy, truth)
    area, truth_area = _area(xyxy)[:, np.newaxis], _area(truth)[np.newaxis, :]
    iou = shared / np.maximum(area + truth_area - shared, 1e-9)
    inside = (shared / np.maximum(area, 1e-9))[:, ignored].max(axis=1, initial=0.0) >= MIN_IOU
    iou[:, ignored] = 0.0
    chosen = np.full(len(xyxy), -1, dtype=np.int64)
    for row in range(len(xyxy)):
        best = int(iou[row].argmax())
        if iou[row, best] >= MIN_IOU:
            chosen[row] = best
            iou[:, best] = 0.0
    return chosen, inside & (chosen < 0)


def _shared(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> Floats:
    """(n, k) area that two boxes share."""
    low = np.maximum(a[:, np.newaxis, :2], b[np.newaxis, :, :2]).astype(np.float64)
    high = np.minimum(a[:, np.newaxis, 2:], b[np.newaxis, :, 2:])
    return np.asarray(np.maximum(high - low, 0).prod(axis=2))


def _area(xyxy: npt.NDArray[np.float32]) -> Floats:
    return np.asarray((xyxy[:, 2:].astype(np.float64) - xyxy[:, :2]).prod(axis=1))
