"""Overlap of detected with predicted boxes, and the best one-to-one assignment."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_SMALLEST_PX: Final = np.array(2.0)
_LARGEST_VARIANCE: Final = np.array(1.0)
"""However uncertain a place is, boxes are at most their own size larger at each side."""


class Pairs(NamedTuple):
    """k pairs of a detected and a predicted box, ordered by the detected one, then the predicted one."""

    detected: Places
    predicted: Places
    scores: Floats

    def picked(self, places: Places) -> Pairs:
        """These pairs, in this order."""
        return Pairs(self.detected.take(places), self.predicted.take(places), self.scores.take(places))


def limits(centers_sizes: Floats) -> Floats:
    """(4, n) right, bottom, minus left, minus top of (4, n) center x, y, width, height.

    The limits of what two boxes share are the smaller ones of the two.
    """
    half = 0.5 * centers_sizes[2:]
    return np.concatenate([half + centers_sizes[:2], half - centers_sizes[:2]])


def overlaps(detected: Floats, detected_limits: Floats, predicted: Floats, variance: Floats) -> Pairs:
    """Those pairs of n detected and m predicted boxes that overlap, with their intersection over union.

    Args:
        detected: (4, n) centers and sizes as measured.
        detected_limits: (4, n, 1) their `limits`.
        predicted: (4, m) centers and sizes; sizes below 2 pixels count as 2.
        variance: (m,) of the place of each predicted box, in squares of its size; both boxes of a pair are larger at
            each side by its root, so that a box that can hardly be predicted may be farther away.
    """
    size = np.maximum(predicted[2:], _SMALLEST_PX)
    grown = np.minimum(variance, _LARGEST_VARIANCE)
    grown *= size[0]
    grown *= size[1]
    np.sqrt(grown, out=grown)
    grown *= 2.0
    half = 0.5 * size
    predicted_limits = np.empty(predicted.shape)
    np.add(half, predicted[:2], out=predicted_limits[:2])
    np.subtract(half, predicted[:2], out=predicted_limits[2:])
    inner = np.minimum(detected_limits, predicted_limits[:, None, :])
    shared = inner[:2]
    shared += inner[2:]
    places = (np.minimum(shared[0], shared[1]) > -grown).ravel().nonzero()[0]
    first, second = places // len(grown), places % len(grown)
    margin = grown.take(second)
    sides = shared.reshape(2, -1).take(places, axis=1)
    sides += margin
    sizes = detected[2:].take(first, axis=1)
    sizes += margin
    size += grown
    union = (size[0] * size[1]).take(second)
    union += sizes[0] * sizes[1]
    both: Floats = sides[0] * sides[1]
    union -= both
    both /= union
    return Pairs(first, second, both)


def best_pairs(pairs: Pairs, shape: tuple[int, int]) -> tuple[Places, Places]:
    """Detected and predicted boxes of the one-to-one assignment with the largest sum of scores, which all are above 0.

    Args:
        pairs: those that may be assigned.
        shape: how many detected and predicted boxes there are.
    """
    count = len(pairs.scores)
    if count == len(set(pairs.detected.tolist())) == len(set(pairs.predicted.tolist())):
        return pairs.detected, pairs.predicted
    return _assigned(pairs, shape)


def _assigned(pairs: Pairs, shape: tuple[int, int]) -> tuple[Places, Places]:
    from scipy.optimize import linear_sum_assignment  # slow to import, and every dashboard imports this module

    scores = np.zeros(shape)
    scores[pairs.detected, pairs.predicted] = pairs.scores
    rows, columns = linear_sum_assignment(scores, maximize=True)
    assigned = (scores[rows, columns] > 0.0).nonzero()[0]
    return rows.take(assigned), columns.take(assigned)
