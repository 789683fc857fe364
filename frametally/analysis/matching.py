"""Match the boxes of two models one to one, per entry and class, by overlap.

Neither model is ground truth, so both are treated alike: the IoU threshold and the one-to-one rule are those of the
COCO evaluation (Lin et al. 2014), but pairs are chosen by highest overlap instead of by the confidence of one side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.results import Boxes

MIN_IOU: Final = 0.5

_PAIRS_AT_ONCE: Final = 1 << 20
_SLOT_PX: Final = float(1 << 22)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def match(a: Boxes, b: Boxes) -> tuple[Ints, Ints]:
    """(k,) indices in `a` and (k,) in `b` of the matched boxes: same entry and class, highest IoU first.

    Greedy over all pairs by descending IoU (on a tie: lowest index in `a`, then in `b`). Done in rounds, with the same
    result: a pair that is the best one left for both of its boxes is one that the greedy algorithm chooses (Preis
    1999: linear time 1/2-approximation for maximum weighted matching).
    """
    order, low, high = _candidates(a, b)
    free_a, free_b = np.ones(len(a), dtype=np.bool_), np.ones(len(b), dtype=np.bool_)
    taken = [np.empty((0, 2), dtype=np.int64)]
    for block in _blocks(a.entry, high - low):
        at_a = np.repeat(np.arange(block.start, block.stop), (high - low)[block])
        at_b = order[_ranges(low[block], high[block])]
        iou = _iou(a.xyxy[at_a], b.xyxy[at_b])
        kept = iou >= MIN_IOU
        taken += _greedy(at_a[kept], at_b[kept], iou[kept], free_a, free_b)
    pairs = np.concatenate(taken)
    return pairs[:, 0], pairs[:, 1]


def _greedy(
    at_a: Ints, at_b: Ints, iou: Floats, free_a: npt.NDArray[np.bool_], free_b: npt.NDArray[np.bool_]
) -> Iterator[Ints]:
    """(k, 2) the pairs chosen in each round; marks their boxes as no longer free."""
    order = np.lexsort((at_b, at_a, -iou))
    at_a, at_b = at_a[order], at_b[order]
    while len(at_a):
        best = _first_of_each(at_a, len(free_a)) & _first_of_each(at_b, len(free_b))
        yield np.column_stack([at_a[best], at_b[best]])
        free_a[at_a[best]] = free_b[at_b[best]] = False
        left = free_a[at_a] & free_b[at_b]
        at_a, at_b = at_a[left], at_b[left]


def _first_of_each(values: Ints, size: int) -> npt.NDArray[np.bool_]:
    """(n,) whether a value, below `size`, occurs for the first time."""
    place = np.arange(len(values))
    first = np.empty(size, dtype=np.int64)
    first[values[::-1]] = place[::-1]  # numpy keeps the last of several assignments
    return np.asarray(first[values] == place)


def _blocks(entry: npt.NDArray[np.int32], pairs: Ints) -> Iterator[slice]:
    """Slices of whole entries with a bounded number of candidate pairs, which bounds the memory."""
    stops = np.flatnonzero(np.diff(entry, append=-1)) + 1
    number = np.cumsum(pairs)[stops - 1] // _PAIRS_AT_ONCE
    cuts = stops[np.flatnonzero(np.diff(number, append=-1))].tolist()
    yield from map(slice, [0, *cuts], cuts)


def _ranges(low: Ints, high: Ints) -> Ints:
    """The numbers of all ranges [low, high), concatenated."""
    sizes = high - low
    return np.asarray(np.arange(sizes.sum()) + np.repeat(low - np.cumsum(sizes) + sizes, sizes))


def _candidates(a: Boxes, b: Boxes) -> tuple[Ints, Ints, Ints]:
    """An order of `b`, and for each box of `a` the range [low, high) of this order with all boxes that may match it.

    These have the same entry and class, and a left edge nearby: for a box of width w, IoU >= t requires the left edge
    of the other box to be at most (1 - t) w to the right and (1 / t - 1) w to the left.
    """
    slot_a, slot_b = _slots(a, b)
    left, width = a.xyxy[:, 0].astype(np.float64), (a.xyxy[:, 2] - a.xyxy[:, 0]).astype(np.float64)
    key = slot_b + _within_slot(b.xyxy[:, 0].astype(np.float64))
    order = np.argsort(key, kind="stable")
    low = np.searchsorted(key[order], slot_a + _within_slot(left - width * (1 / MIN_IOU - 1) - 1), side="left")
    high = np.searchsorted(key[order], slot_a + _within_slot(left + width * (1 - MIN_IOU) + 1), side="right")
    return order, low, np.maximum(high, low)


def _slots(a: Boxes, b: Boxes) -> tuple[Floats, Floats]:
    """Offset of each box on one axis, on which every (entry, class) pair has a separate interval."""
    entry, code = np.concatenate([a.entry, b.entry]), np.concatenate([a.class_code, b.class_code])
    group = entry.astype(np.int64) * (int(code.max(initial=0)) + 1) + code
    slot = (np.unique(group, return_inverse=True)[1] * _SLOT_PX).astype(np.float64)
    return slot[: len(a.entry)], slot[len(a.entry) :]


def _within_slot(x_px: Floats) -> Floats:
    return np.asarray(np.clip(x_px, 1 - _SLOT_PX / 2, _SLOT_PX / 2 - 1))


def _iou(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> Floats:
    """(k,) intersection over union of corresponding boxes, (k, 4) xyxy each; 0 without overlap."""
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = np.maximum(high.astype(np.float64) - low, 0).prod(axis=1)
    union = _area(a) + _area(b) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros(len(a)), where=shared > 0))


def _area(xyxy: npt.NDArray[np.float32]) -> Floats:
    size = xyxy[:, 2:].astype(np.float64) - xyxy[:, :2]
    return np.asarray(size[:, 0] * size[:, 1])
