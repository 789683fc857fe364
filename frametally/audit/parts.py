"""Corrected counts over time: in equal parts of the time range, as many as the checked frames allow."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

MIN_FRAMES_OF_PART: Final = 10
"""Checked frames in each part. On the sample and models made worse, intervals of parts with 10 hold the true value in
96 to 98 % of the audits, and in 90 % for the worst class; with 5, in 71 % for the worst one."""
MAX_PARTS: Final = 24

Floats = npt.NDArray[np.float64]


def part_edges(checked_s: Floats, possible_s: Floats, start_s: float, end_s: float) -> Floats:
    """(m + 1,) where the parts begin, and where the last one ends; a single part if the frames allow no more.

    Where parts begin depends on their number alone, not on what was seen in them, so that each has a random sample.

    Args:
        checked_s: (n,) times of the checked frames.
        possible_s: (N,) times of all frames that can be checked.
        start_s: where the first part begins.
        end_s: where the last one ends.
    """
    most = min(len(checked_s) // MIN_FRAMES_OF_PART, MAX_PARTS)
    for count in range(most, 1, -1):
        edges = np.linspace(start_s, end_s, count + 1)
        checked, possible = (np.bincount(part_of(some, edges), minlength=count) for some in (checked_s, possible_s))
        if (checked[possible > 0] >= MIN_FRAMES_OF_PART).all():
            return edges
    return np.array([start_s, end_s])


def part_of(time_s: Floats, edges: Floats) -> npt.NDArray[np.int64]:
    """The part that each time is in."""
    return np.clip(np.searchsorted(edges, time_s, side="right") - 1, 0, len(edges) - 2)
