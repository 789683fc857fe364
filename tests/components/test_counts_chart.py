"""The chart as plotly gets it: a gap is a gap, a zero is a zero."""

from __future__ import annotations

import numpy as np
import pytest

from components.counts_chart import counts_figure, gaps
from video_inference.analysis.counts import Counts


def counts(values: list[int | None], name: str = "cup") -> Counts:
    return Counts(
        model="kitchen",
        classes=(name,),
        time_s=np.arange(len(values)) / 2,
        frame_index=np.arange(len(values)),
        analysed=np.array([value is not None for value in values]),
        values=np.array([[value or 0] for value in values], dtype=np.int64),
    )


def test_a_frame_that_was_not_analysed_breaks_the_line_and_a_zero_does_not() -> None:
    line = counts_figure(counts([2, None, 0]), {"cup": "#0072b2"}, entry=0).data[0]
    assert np.array_equal(line.y, [2.0, np.nan, 0.0], equal_nan=True)
    assert line.connectgaps is False
    assert line.line.color == "#0072b2"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 0, 2], []),
        ([1, None, 2], [(0.0, 1.0)]),
        ([None, None, 2], [(0.0, 1.0)]),
        ([1, None, None], [(0.0, 1.0)]),
        ([None], [(0.0, 0.0)]),
        ([1, None, 2, None, 3], [(0.0, 1.0), (1.0, 2.0)]),
    ],
)
def test_stretches_without_analysis_are_marked(values: list[int | None], expected: list[tuple[float, float]]) -> None:
    assert gaps(counts(values)) == expected


def test_a_class_name_is_never_markup_or_a_template() -> None:
    figure = counts_figure(counts([1], "<b>%{x}"), {"<b>%{x}": "#0072b2"}, entry=0)
    assert "<b>" not in figure.data[0].hovertemplate
    assert figure.data[0].hovertemplate.count("%{x") == 1


@pytest.mark.parametrize(("entries", "mode", "opacity"), [(400, "lines+markers", 1), (401, "lines+markers", 0)])
def test_many_points_are_not_drawn_but_can_be_clicked(entries: int, mode: str, opacity: int) -> None:
    line = counts_figure(counts([1] * entries), {"cup": "#0072b2"}, entry=0).data[0]
    assert (line.mode, line.marker.opacity) == (mode, opacity)
    assert line.customdata[-1] == entries - 1
