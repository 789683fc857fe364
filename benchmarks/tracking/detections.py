"""Detections as a model would give them: truth with seeded noise, misses and false boxes.

A row for each box, ordered by frame: frame, left, top, right, bottom, confidence, class.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NOISE = 0.05
"""Standard deviation of each side of a box, as a share of its size."""
MISSED = 0.08
"""Share of the looks at an object that are missed, in stretches with a half-life of one frame."""
FALSE_PER_LOOK = 0.8
OTHER_CLASS = 0.05
"""Share of the boxes with a random class."""
HIDDEN_SHARE = 0.35
"""Objects of which less is visible are not detected."""


def degraded(truth: Floats, seed: int, step: int, size_px: tuple[int, int]) -> Floats:
    """Detections of every `step`-th frame, whose truth this is."""
    random = np.random.default_rng(seed + 1000)
    classes = int(truth[:, 2].max()) + 1
    seen = truth[~_missed(random, truth, step) & (truth[:, 7] >= HIDDEN_SHARE)]
    size = seen[:, 5:7] - seen[:, 3:5]
    boxes = seen[:, 3:7] + random.normal(0, NOISE, (len(seen), 4)) * np.tile(size, 2)
    confidence = np.clip(random.normal(0.82, 0.1, len(seen)) - 0.5 * (1 - seen[:, 7]), 0.05, 0.99)
    weak = random.random(len(seen)) < 0.08
    confidence[weak] = random.uniform(0.12, 0.5, int(weak.sum()))
    confused = random.random(len(seen)) < OTHER_CLASS
    code = np.where(confused, random.integers(0, classes, len(seen)), seen[:, 2])
    true = np.column_stack([seen[:, 0], boxes, confidence, code])
    found = np.concatenate([true, _false(random, np.unique(truth[:, 0]), classes, size_px)])
    return found[np.argsort(found[:, 0], kind="stable")]


def _missed(random: np.random.Generator, truth: Floats, step: int) -> npt.NDArray[np.bool_]:
    goes_on = 0.5**step
    begins = min(MISSED * 0.5 * step, 0.5)
    state: dict[int, bool] = {}
    missed = np.zeros(len(truth), dtype=bool)
    for row in np.lexsort((truth[:, 0], truth[:, 1])):
        number = int(truth[row, 1])
        state[number] = missed[row] = random.random() < (goes_on if state.get(number) else begins)
    return missed


def _false(random: np.random.Generator, frames: Floats, classes: int, size_px: tuple[int, int]) -> Floats:
    frame = np.repeat(frames, random.poisson(FALSE_PER_LOOK, len(frames)))
    size = random.uniform(30, 150, (len(frame), 2))
    low = random.uniform(0, np.array(size_px) - size)
    confidence = np.clip(random.beta(2, 3, len(frame)), 0.05, 0.95)
    return np.column_stack([frame, low, low + size, confidence, random.integers(0, classes, len(frame))])
