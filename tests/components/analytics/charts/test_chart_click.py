"""The point that a click on a chart refers to."""

from __future__ import annotations

import numpy as np
import pytest

from components.analytics.charts.chart_click import Click, nearest_point

NAN = np.nan
FIRST_S = np.array([0.0, 2.0, 4.0, 6.0])
LAST_S = FIRST_S + 1.5
ANALYZED = np.array([True, True, False, True])
VALUES = np.array([[0.0, 3.0], [1.0, 5.0], [NAN, NAN], [NAN, NAN]])


@pytest.mark.parametrize(
    ("time_s", "value", "point"),
    [
        (-1.0, 0.0, (0, 0)),
        (1.4, 2.0, (0, 1)),
        (1.7, 1.4, (0, 0)),  # nearer to the end of the first point
        (1.8, 3.1, (1, 1)),
        (4.2, 90.0, (1, 1)),  # in a gap
        (5.5, 90.0, (3, None)),  # analyzed, without a value
        (1.0, None, (0, None)),
        (99.0, None, (3, None)),
    ],
)
def test_a_click_refers_to_the_analyzed_point_nearest_in_time_and_the_nearest_line(
    time_s: float, value: float | None, point: tuple[int, int | None]
) -> None:
    assert nearest_point(Click(time_s, value), FIRST_S, LAST_S, ANALYZED, VALUES) == point


def test_without_an_analyzed_point_a_click_has_no_effect() -> None:
    assert nearest_point(Click(1.0, 1.0), FIRST_S, LAST_S, ANALYZED & False, VALUES) is None
    assert nearest_point(Click(1.0, 1.0), FIRST_S[:0], LAST_S[:0], ANALYZED[:0], VALUES[:0]) is None
