"""The frame that a click on a chart refers to."""

from __future__ import annotations

import numpy as np
import pytest

from components.analytics.charts.chart_click import Click, nearest_entry

TIME_S = np.array([0.0, 0.5, 1.0, 1.5, 4.0, 4.0])
ANALYZED = np.array([True, True, False, True, True, True])


@pytest.mark.parametrize(
    ("time_s", "entry"), [(-1.0, 0), (0.3, 1), (0.9, 1), (1.1, 3), (1.0, 1), (2.7, 3), (2.8, 4), (99.0, 4)]
)
def test_a_click_refers_to_the_analyzed_entry_nearest_in_time(time_s: float, entry: int) -> None:
    assert nearest_entry(Click(time_s), TIME_S, ANALYZED) == entry


def test_without_an_analyzed_entry_a_click_has_no_effect() -> None:
    assert nearest_entry(Click(1.0), TIME_S, ANALYZED & False) is None
    assert nearest_entry(Click(1.0), TIME_S[:0], ANALYZED[:0]) is None
