"""Whether the boxes that one architecture reads from a model's outputs can be those of a detector.

Each test returns the contradiction as half a sentence, or None. The limits were set on real exports of seven
architectures, whose values are in parentheses: centers within 1.1 strides of their cells (median), a shifted picture
moves boxes by 0.98 to 1.01 of the shift, a mirrored one leaves them within 0.2 strides, FastestDet within 0.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.engine.detectors.grid import CellRows
from frametally.engine.detectors.postprocessing import MAX_CONFIDENCE, Candidates, Floats
from frametally.engine.detectors.selection.pictures import SHIFT_PX

RELEVANT_CONFIDENCE: Final = 0.05
"""Models without a grid pad their outputs with rows of no confidence."""
_MAX_BUSY_SHARE: Final = 0.3
_MIN_VALID_SHARE: Final = 0.9
_MAX_CENTER_STRIDES: Final = 2.5
_MAX_MIRROR_STRIDES: Final = 0.5
_SHIFT_RATIO: Final = (0.9, 1.1)
_BEST_ROWS: Final = 20
_MIN_MATCHES: Final = 3
_MATCH_CONFIDENCE: Final = 0.3
_MATCH_PX: Final = 10.0
_STILL_PX: Final = 0.1
_MIN_SIZE_PX: Final = 1.0
_MIN_CORRELATION: Final = 0.2
_MAX_SPREAD_STRIDES: Final = 0.25
_MAX_RELATIVE: Final = 2.0


class Reading(NamedTuple):
    """The boxes of every examined picture, as one architecture reads them."""

    boxes: Mapping[str, Candidates]
    size_px: tuple[int, int]
    cells: CellRows | None
    """The cell of each row; None if the rows are no grid."""


def contradiction(reading: Reading) -> str | None:
    """Why the reading cannot be right, as the end of a sentence about the model; None if nothing contradicts it."""
    tests: tuple[Callable[[Reading], str | None], ...] = (_confidence, _relative, _invalid, _busy)
    of_grid = (_off_cells, _all_small, _wrong_scale, _off_center, _wrong_order)
    more = of_grid if reading.cells is not None else (_unlike_shift, _unlike_mirror)
    with np.errstate(invalid="ignore", over="ignore"):  # a wrong reading overflows
        return next((reason for test in (*tests, *more) if (reason := test(reading))), None)


def is_supported(reading: Reading) -> bool:
    """Whether the centers of boxes lie in the cells that they belong to: the decoding and the scale are right."""
    return reading.cells is not None and not _is_degenerate(reading) and _off_cells(reading) is None


def centers(boxes: Candidates) -> Floats:
    """(n, 2)"""
    return np.asarray((boxes.xyxy[:, :2] + boxes.xyxy[:, 2:]) / 2, dtype=np.float32)


def _confidence(reading: Reading) -> str | None:
    values = np.concatenate([boxes.confidence for boxes in reading.boxes.values()])
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if low < 1 - MAX_CONFIDENCE or high > MAX_CONFIDENCE or not np.isfinite(values).all():
        return f"its confidences are {low:.3g} to {high:.3g}, not 0 to 1"
    return None


def _is_empty(boxes: Candidates) -> npt.NDArray[np.bool_]:
    """(n,) whether a row contains only zeros, as padding does."""
    return np.asarray((boxes.confidence <= 0) & (boxes.xyxy == 0).all(axis=1))


def _relative(reading: Reading) -> str | None:
    xyxy = np.concatenate([boxes.xyxy[~_is_empty(boxes)] for boxes in reading.boxes.values()])
    if len(xyxy) and np.quantile(np.abs(xyxy), 0.99) <= _MAX_RELATIVE:
        return "its boxes are not in pixels of the input"
    return None


def _invalid(reading: Reading) -> str | None:
    """Boxes of at least one pixel, at most twice that of the input, whose centers are not far outside of it."""
    for boxes in reading.boxes.values():
        side = np.array(reading.size_px, dtype=np.float32)
        middle, size = centers(boxes), boxes.xyxy[:, 2:] - boxes.xyxy[:, :2]
        fits = (size >= _MIN_SIZE_PX) & (size <= 2 * side) & (middle > -side / 2) & (middle < 1.5 * side)
        is_valid = fits.all(axis=1) | _is_empty(boxes)
        sure = boxes.confidence >= _MATCH_CONFIDENCE
        if any(len(rows) and rows.mean() < _MIN_VALID_SHARE for rows in (is_valid, is_valid[sure])):
            return "its boxes have impossible sizes or positions"
    return None


def _busy(reading: Reading) -> str | None:
    share = max(
        (float((reading.boxes[name].confidence > 0.5).mean()) for name in ("noise", "gradient") if _has(reading, name)),
        default=0.0,
    )
    is_grid = reading.cells is not None
    return f"it finds objects in {share:.0%} of all places of noise" if is_grid and share > _MAX_BUSY_SHARE else None


def _has(reading: Reading, *names: str) -> bool:
    return all(name in reading.boxes and len(reading.boxes[name].confidence) for name in names)


def _is_degenerate(reading: Reading) -> bool:
    """Whether nearly all boxes have the same center, as in a model that returns constants."""
    middle = np.concatenate([centers(boxes) for boxes in reading.boxes.values()])
    return bool((np.subtract(*np.quantile(middle, [0.9, 0.1], axis=0)) < _STILL_PX).all())


def _off_cells(reading: Reading) -> str | None:
    if reading.cells is None or _is_degenerate(reading):
        return None
    for boxes in reading.boxes.values():
        off = np.abs(centers(boxes) - reading.cells.center_px).max(axis=1) / reading.cells.stride_px
        if np.median(off) > _MAX_CENTER_STRIDES:
            return f"its boxes are {np.median(off):.0f} cells away from the cells they belong to"
    return None


def _all_small(reading: Reading) -> str | None:
    """Values between 0 and 1, read relative to the grid, give boxes in their cells of 1 to e strides."""
    if reading.cells is None:
        return None
    for boxes in reading.boxes.values():
        stride = reading.cells.stride_px[:, None]
        off = np.abs(centers(boxes) - reading.cells.center_px) / stride
        size = (boxes.xyxy[:, 2:] - boxes.xyxy[:, :2]) / stride
        if not ((off <= 0.5).all() and (size >= 0.99).all() and (size <= np.e * 1.01).all()):
            return None
    return "its boxes are not relative to the grid"


def _wrong_order(reading: Reading) -> str | None:
    """The confidences of a shifted picture are those of the shifted cells."""
    if reading.cells is None or not _has(reading, "sample", "shifted"):
        return None
    one, other = reading.boxes["sample"].confidence, reading.boxes["shifted"].confidence
    if np.allclose(one, other, atol=1e-6):
        return None
    right, exchanged = (_rank_correlation(one, other, reading.cells.shifted(by)) for by in (SHIFT_PX, SHIFT_PX[::-1]))
    if right < _MIN_CORRELATION or exchanged > right + _MIN_CORRELATION:
        return "its confidences do not move with the picture"
    return None


def _rank_correlation(one: Floats, other: Floats, pairs: npt.NDArray[np.int64]) -> float:
    """Spearman's coefficient of the values of the pairs; 1 if there are too few."""
    if len(pairs) < _BEST_ROWS:
        return 1.0
    first, second = (np.argsort(np.argsort(values[pairs[:, at]])) for at, values in enumerate((one, other)))
    return float(np.corrcoef(first, second)[0, 1])


def _best(one: Candidates, other: Candidates, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The pairs of rows (n, 2) in which both rows are most confident."""
    confidence = np.minimum(one.confidence[pairs[:, 0]], other.confidence[pairs[:, 1]])
    return pairs[np.argsort(-confidence, kind="stable")[:_BEST_ROWS]]


def _wrong_scale(reading: Reading) -> str | None:
    if reading.cells is None or not _has(reading, "sample", "shifted") or _is_degenerate(reading):
        return None
    one, other = reading.boxes["sample"], reading.boxes["shifted"]
    pairs = reading.cells.shifted(SHIFT_PX)
    if not len(pairs):
        return None
    ratio = np.median((centers(other)[pairs[:, 1]] - centers(one)[pairs[:, 0]]) / SHIFT_PX, axis=0)
    if not ((ratio > _SHIFT_RATIO[0]) & (ratio < _SHIFT_RATIO[1])).all():
        return (
            f"its boxes move by {ratio[0]:.2f} px to the right and {ratio[1]:.2f} px down if the picture moves by 1 px"
        )
    return None


def _off_center(reading: Reading) -> str | None:
    """In a mirrored picture a box is at the mirrored place; decoded half a cell off, it is one cell away from there."""
    if reading.cells is None or _is_degenerate(reading):
        return None
    for axis, name in enumerate(("mirrored", "flipped")):
        if not _has(reading, "sample", name) or _is_still(reading.boxes["sample"], reading.boxes[name]):
            continue
        one, other = reading.boxes["sample"], reading.boxes[name]
        pairs = _best(one, other, reading.cells.mirrored(axis))
        if not len(pairs) or np.median(one.confidence[pairs[:, 0]]) < RELEVANT_CONFIDENCE:
            continue
        sums = centers(one)[pairs[:, 0], axis] + centers(other)[pairs[:, 1], axis]
        off = (sums - reading.size_px[axis]) / reading.cells.stride_px[pairs[:, 0]]
        middle = float(np.median(off))
        spread = float(np.median(np.abs(off - middle)))
        if abs(middle) > _MAX_MIRROR_STRIDES + min(spread, _MAX_SPREAD_STRIDES):
            return f"its boxes are {abs(middle) / 2:.1f} cells away from where they are in a mirrored picture"
    return None


def _same_objects(one: Candidates, other: Candidates) -> npt.NDArray[np.int64]:
    """Pairs of confident rows (n, 2) with the same class and nearly the same size."""
    sure = [np.flatnonzero(boxes.confidence >= _MATCH_CONFIDENCE)[:100] for boxes in (one, other)]
    sizes = [boxes.xyxy[rows, 2:] - boxes.xyxy[rows, :2] for boxes, rows in zip((one, other), sure, strict=True)]
    ids = [boxes.class_ids[rows] for boxes, rows in zip((one, other), sure, strict=True)]
    near = np.abs(sizes[0][:, None] - sizes[1][None]) <= 0.15 * sizes[0][:, None] + 2
    first, second = np.nonzero(near.all(axis=2) & (ids[0][:, None] == ids[1][None]))
    return np.stack([sure[0][first], sure[1][second]], axis=1)


def _is_still(one: Candidates, other: Candidates) -> bool:
    """Whether the model returns the same boxes for both pictures."""
    return one.xyxy.shape == other.xyxy.shape and bool(np.allclose(one.xyxy, other.xyxy, atol=_STILL_PX))


def _unlike_shift(reading: Reading) -> str | None:
    """Confident boxes are found again at the shifted place."""
    if not _has(reading, "sample", "shifted"):
        return None
    one, other = reading.boxes["sample"], reading.boxes["shifted"]
    pairs = _same_objects(one, other)
    moved = centers(other)[pairs[:, 1]] - centers(one)[pairs[:, 0]]
    return _verdict(one, other, pairs, np.abs(moved - SHIFT_PX).max(axis=1), "do not move with the picture")


def _unlike_mirror(reading: Reading) -> str | None:
    """Confident boxes are found again at the mirrored place."""
    for axis, name in enumerate(("mirrored", "flipped")):
        if not _has(reading, "sample", name):
            continue
        one, other = reading.boxes["sample"], reading.boxes[name]
        pairs = _same_objects(one, other)
        a, b = centers(one)[pairs[:, 0]], centers(other)[pairs[:, 1]]
        pairs = pairs[np.abs(a - b)[:, 1 - axis] <= _MATCH_PX]
        off = np.abs(centers(one)[pairs[:, 0], axis] + centers(other)[pairs[:, 1], axis] - reading.size_px[axis])
        if reason := _verdict(one, other, pairs, off, "are elsewhere in a mirrored picture"):
            return reason
    return None


def _verdict(
    one: Candidates, other: Candidates, pairs: npt.NDArray[np.int64], off_px: Floats, reason: str
) -> str | None:
    """The reason if most of the objects that were found in both pictures are more than 10 px off."""
    objects = np.unique(pairs[:, 0])
    if len(objects) < _MIN_MATCHES or _is_still(one, other):
        return None
    nearest = [float(off_px[pairs[:, 0] == row].min()) for row in objects]
    return f"its boxes {reason}" if np.median(nearest) > _MATCH_PX else None
