"""In how many parts of the time range the checked frames say something."""

from __future__ import annotations

import numpy as np
import pytest

from frametally.audit.parts import MIN_FRAMES_OF_PART, part_edges, part_of
from frametally.audit.sampling import sample


@pytest.mark.parametrize(("checked", "most"), [(5, 1), (19, 1), (40, 4), (80, 8), (500, 24)])
def test_each_part_has_enough_checked_frames(checked: int, most: int) -> None:
    time_s = np.arange(600) / 5
    frames_s = time_s[sample(np.arange(600), checked, 3)]
    edges = part_edges(frames_s, time_s, 0, 120)
    parts = np.bincount(part_of(frames_s, edges), minlength=len(edges) - 1)
    assert (edges[0], edges[-1]) == (0, 120)
    assert len(parts) <= most
    assert len(parts) == 1 or parts.min() >= MIN_FRAMES_OF_PART
    assert len(parts) > most / 2


def test_a_part_without_frames_that_could_be_checked_needs_none() -> None:
    time_s = np.concatenate([np.arange(0, 25, 0.5), np.arange(75, 100, 0.5)])
    assert part_edges(time_s, time_s, 0, 100).tolist() == list(range(0, 101, 10))
    assert part_edges(time_s[:20], time_s, 0, 100).tolist() == [0, 100]
