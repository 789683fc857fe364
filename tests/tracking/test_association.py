"""Overlaps of boxes and the assignment of the tracker, beside their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from frametally.tracking.joining.association import Floats, Pairs, best_pairs, limits, overlaps


def boxes(chance: np.random.Generator, count: int) -> Floats:
    """(4, n) centers and sizes on a coarse grid, so that many are equal or touch."""
    return np.concatenate([chance.integers(0, 20, (2, count)), chance.integers(0, 12, (2, count))]).astype(float)


def iou(one: Floats, other: Floats, margin: float) -> float:
    """Of two boxes that are larger at each side by half the margin."""
    low = np.maximum(one[:2] - (one[2:] + margin) / 2, other[:2] - (other[2:] + margin) / 2)
    high = np.minimum(one[:2] + (one[2:] + margin) / 2, other[:2] + (other[2:] + margin) / 2)
    both = np.prod(np.maximum(high - low, 0))
    return float(both / (np.prod(one[2:] + margin) + np.prod(other[2:] + margin) - both))


@pytest.mark.parametrize("seed", range(4))
def test_pairs_that_overlap_are_all_found_with_their_overlap(seed: int) -> None:
    chance = np.random.default_rng(seed)
    detected, predicted = boxes(chance, 9), boxes(chance, 13)
    variance = chance.choice([0.0, 0.01, 0.3, 5.0], 13)
    found = overlaps(detected, limits(detected)[:, :, None], predicted, variance)
    sized = np.concatenate([predicted[:2], np.maximum(predicted[2:], 2)])
    margins = 2 * np.sqrt(np.minimum(variance, 1) * sized[2] * sized[3])
    expected = [
        (n, m, value)
        for n in range(9)
        for m in range(13)
        if (value := iou(detected[:, n], sized[:, m], margins[m])) > 1e-12
    ]
    kept = found.picked((found.scores > 1e-12).nonzero()[0])
    assert list(zip(kept.detected.tolist(), kept.predicted.tolist(), strict=True)) == [one[:2] for one in expected]
    assert kept.scores.tolist() == pytest.approx([one[2] for one in expected])


@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
def test_the_shortcut_for_pairs_without_a_conflict_changes_no_assignment(density: float) -> None:
    from scipy.optimize import linear_sum_assignment  # slow to import, and every process collects this file

    chance = np.random.default_rng(7)
    for _ in range(60):
        scores = chance.choice([0.25, 0.5, 0.75], (6, 8)) * (chance.random((6, 8)) < density)
        rows, columns = linear_sum_assignment(scores, maximize=True)
        fits = scores[rows, columns] > 0
        detected, predicted = scores.nonzero()
        found = best_pairs(Pairs(detected, predicted, scores[detected, predicted]), scores.shape)
        assert np.array_equal(found, [rows[fits], columns[fits]])
