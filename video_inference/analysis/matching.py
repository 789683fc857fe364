"""Which boxes of two models show the same object: pairs of one entry and one class, one to one, by overlap.

Neither model is the truth, so they are treated alike: threshold and one-to-one rule are those of the COCO evaluation
(Lin et al. 2014), but pairs are taken by the highest overlap, not by the confidence of one side.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from video_inference.results_new import Boxes

MIN_IOU: Final = 0.5

_PAIRS_AT_ONCE: Final = 1 << 20
_SLOT_PX: Final = float(1 << 22)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def match(a: Boxes, b: Boxes) -> tuple[Ints, Ints]:
    """Positions in `a` and in `b` of the boxes that are paired: of one entry and one class, the highest IoU first.

    Greedy over all pairs by descending IoU (a tie: the first of `a`, then the first of `b`), done in rounds: a pair
    that is the best one left for both of its boxes is one that the greedy walk takes, too (Preis 1999: linear time
    1/2-approximation for maximum weighted matching).
    """
    at_a, at_b, iou = _overlapping(a, b)
    order = np.lexsort((at_b, at_a, -iou))
    at_a, at_b = at_a[order], at_b[order]
    free_a, free_b = np.ones(len(a.entry), dtype=np.bool_), np.ones(len(b.entry), dtype=np.bool_)
    taken = [np.empty((0, 2), dtype=np.int64)]
    while len(at_a):
        best = _first_of_each(at_a, len(free_a)) & _first_of_each(at_b, len(free_b))
        taken.append(np.column_stack([at_a[best], at_b[best]]))
        free_a[at_a[best]] = free_b[at_b[best]] = False
        left = free_a[at_a] & free_b[at_b]
        at_a, at_b = at_a[left], at_b[left]
    pairs = np.concatenate(taken)
    return pairs[:, 0], pairs[:, 1]


def _first_of_each(values: Ints, size: int) -> npt.NDArray[np.bool_]:
    """(n,) whether the value, below `size`, was not there before."""
    place = np.arange(len(values))
    first = np.empty(size, dtype=np.int64)
    first[values[::-1]] = place[::-1]  # of several values for one place the last one stays
    return np.asarray(first[values] == place)


def _overlapping(a: Boxes, b: Boxes) -> tuple[Ints, Ints, Floats]:
    """All pairs of one entry and class with at least this IoU, however many there are to look at: a block at a time."""
    order, low, high = _candidates(a, b)
    looked_at = np.maximum(high - low, 0)
    ends = np.cumsum(looked_at)
    cuts = np.searchsorted(ends, np.arange(0, ends[-1] if len(ends) else 0, _PAIRS_AT_ONCE), side="right")
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))]
    for first, last in zip(cuts, [*cuts[1:], len(a.entry)], strict=False):
        many = looked_at[first:last]
        at_a = np.repeat(np.arange(first, last), many)
        at_b = order[np.arange(len(at_a)) - np.repeat(np.cumsum(many) - many - low[first:last], many)]
        iou = _iou(a.xyxy[at_a], b.xyxy[at_b])
        kept = iou >= MIN_IOU
        found.append((at_a[kept], at_b[kept], iou[kept]))
    at_a, at_b, iou = (np.concatenate(part) for part in zip(*found, strict=True))
    return at_a, at_b, iou


def _candidates(a: Boxes, b: Boxes) -> tuple[Ints, Ints, Ints]:
    """An order of `b`, and for each box of `a` the range [low, high) of it that may overlap enough.

    Of one entry and class, and with the left edge near enough: beside a box of width w, IoU >= t needs it to be at most
    (1 - t) w to the right and (1 / t - 1) w to the left.
    """
    slot_a, slot_b = _slots(a, b)
    left, width = a.xyxy[:, 0].astype(np.float64), (a.xyxy[:, 2] - a.xyxy[:, 0]).astype(np.float64)
    key = slot_b + _within_slot(b.xyxy[:, 0].astype(np.float64))
    order = np.argsort(key, kind="stable")
    low = np.searchsorted(key[order], slot_a + _within_slot(left - width * (1 / MIN_IOU - 1) - 1), side="left")
    high = np.searchsorted(key[order], slot_a + _within_slot(left + width * (1 - MIN_IOU) + 1), side="right")
    return order, low, high


def _slots(a: Boxes, b: Boxes) -> tuple[Floats, Floats]:
    """Where each box stands on one long line on which every entry and class has a stretch of its own."""
    entry, code = np.concatenate([a.entry, b.entry]), np.concatenate([a.class_code, b.class_code])
    group = entry.astype(np.int64) * (int(code.max(initial=0)) + 1) + code
    slot = (np.unique(group, return_inverse=True)[1] * _SLOT_PX).astype(np.float64)
    return slot[: len(a.entry)], slot[len(a.entry) :]


def _within_slot(x_px: Floats) -> Floats:
    return np.asarray(np.clip(x_px, 1 - _SLOT_PX / 2, _SLOT_PX / 2 - 1))


def _iou(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> Floats:
    """(k,) intersection over union of boxes in parallel, (k, 4) xyxy each; 0 where nothing is shared."""
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = np.maximum(high.astype(np.float64) - low, 0).prod(axis=1)
    union = _area(a) + _area(b) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros(len(a)), where=shared > 0))


def _area(xyxy: npt.NDArray[np.float32]) -> Floats:
    size = xyxy[:, 2:].astype(np.float64) - xyxy[:, :2]
    return np.asarray(size[:, 0] * size[:, 1])
