"""Overlap of detected with predicted boxes, and the best one-to-one assignment."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_SMALLEST_PX: Final = 2.0
_LARGEST_VARIANCE: Final = 1.0
"""However uncertain a place is, boxes are at most their own size larger at each side."""


def limits(centers_sizes: Floats) -> Floats:
    """(4, n) right, bottom, minus left, minus top of (4, n) center x, y, width, height.

    The limits of what two boxes share are the smaller ones of the two.
    """
    half = 0.5 * centers_sizes[2:]
    return np.concatenate([half + centers_sizes[:2], half - centers_sizes[:2]])


def overlaps(detected: Floats, detected_limits: Floats, predicted: Floats, variance: Floats) -> Floats:
    """(n, m) intersection over union of n detected and m predicted boxes, both (4, …) centers and sizes.

    Args:
        detected: as measured.
        detected_limits: their `limits`.
        predicted: sizes below 2 pixels count as 2.
        variance: (m,) of the place of each predicted box, in squares of its size; both boxes of a pair are larger at
            each side by its root, so that a box that can hardly be predicted may be farther away.
    """
    size = np.maximum(predicted[2:], _SMALLEST_PX)
    half = 0.5 * size
    grown = 2.0 * np.sqrt(np.minimum(variance, _LARGEST_VARIANCE) * size[0] * size[1])
    predicted_limits = np.concatenate([half + predicted[:2], half - predicted[:2]])
    inner = np.minimum(detected_limits[:, :, None], predicted_limits[:, None, :])
    shared = inner[:2]
    shared += inner[2:]
    shared += grown
    np.maximum(shared, 0.0, out=shared)
    both: Floats = shared[0] * shared[1]
    sizes = detected[2:, :, None] + grown
    size += grown
    union = sizes[0] * sizes[1]
    union += size[0] * size[1]
    union -= both
    both /= union
    return both


def best_pairs(scores: Floats) -> tuple[Places, Places]:
    """Rows and columns of the assignment with the largest sum of scores; scores of 0 or less are never assigned."""
    from scipy.optimize import linear_sum_assignment  # slow to import, and every dashboard imports this module

    scores = np.maximum(scores, 0.0)
    rows, columns = linear_sum_assignment(scores, maximize=True)
    assigned = (scores[rows, columns] > 0.0).nonzero()[0]
    return rows.take(assigned), columns.take(assigned)
