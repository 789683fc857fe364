"""The figures of the charts: lines, gaps, bands, marks and names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plotly.graph_objects import Figure

from components.analytics.charts.counts_chart import counts_figure
from components.analytics.charts.series_chart import series_figure
from components.analytics.charts.time_chart import dashes_of, hover_name
from frametally.analysis.counts import Counts
from frametally.analysis.series import Series

BLUE = "#0072b2"


def counts(values: list[int | None], name: str = "cup", entries_per_point: int = 1) -> Counts:
    """Counts with one point per value, each of `entries_per_point` entries; None is a point that was not analyzed."""
    size = len(values)
    return Counts(
        model="kitchen",
        classes=(name,),
        starts=np.arange(size) * entries_per_point,
        time_s=np.arange(size) / 2,
        frame_index=np.arange(size) * entries_per_point,
        planned=np.full(size, entries_per_point),
        analyzed=np.array([0 if value is None else entries_per_point for value in values]),
        boxes=np.array([[value or 0] for value in values], dtype=np.int64),
    )


def drawn(shown: Counts, **values: Any) -> Figure:
    given = {"band": None, "colors": {shown.classes[0]: BLUE}, "gaps_s": [], "time_s": 0.0, **values}
    return counts_figure(shown, **given)


def series(name: str) -> Series:
    values = np.array([[0.5], [np.nan], [0.25]])
    starts = np.arange(3) * 4
    return Series((name,), starts, starts / 4, values, "share, 0 to 1", "Probability", "what it means")


def test_a_frame_that_was_not_analyzed_breaks_the_line_but_a_zero_does_not() -> None:
    line = drawn(counts([2, None, 0])).data[0]
    assert np.array_equal(line.y, [2.0, np.nan, 0.0], equal_nan=True)
    assert line.connectgaps is False
    assert line.line.color == BLUE


def test_a_line_in_the_color_of_an_earlier_one_is_dashed() -> None:
    colors = {"cup": BLUE, "mug": "#e69f00", "jug": BLUE, "can": BLUE}
    assert dashes_of(list(colors), colors) == ["solid", "solid", "dash", "dot"]
    assert drawn(counts([2])).data[0].line.dash == "solid"
    assert series_figure(series("cat"), {}, [], 0.0, []).data[0].line.dash == "solid"


def test_the_axis_names_a_mean_where_points_hold_several_frames() -> None:
    assert drawn(counts([1, 2])).layout.yaxis.title.text == "Detections per frame"
    assert drawn(counts([1, 2], entries_per_point=8)).layout.yaxis.title.text == "Detections per frame (mean)"
    assert series_figure(series("cat"), {}, [], 0.0, []).layout.yaxis.title.text == "Probability (share, 0 to 1)"


def test_counts_without_an_analyzed_frame_have_a_chart() -> None:
    assert drawn(counts([None, None])).data[0].name == "cup"


def test_frames_that_were_not_analyzed_are_hatched_over_the_whole_height() -> None:
    figure = drawn(counts([1, None, 2]), gaps_s=[(0.0, 1.0)])
    gap = figure.data[-1]
    assert gap.name == "not analyzed"
    assert gap.x == (0.0, 0.0, 1.0, 1.0, None)
    assert (gap.fillpattern.shape, gap.yaxis) == ("/", "y9")
    assert figure.layout.yaxis9.range == (0, 1)
    assert series_figure(series("cat"), {}, [(0.0, 1.0)], 0.0, []).data[-1].name == "not analyzed"


def test_where_every_frame_was_analyzed_nothing_is_hatched() -> None:
    assert [trace.name for trace in drawn(counts([1, 0])).data] == ["cup"]


def test_the_band_is_filled_between_the_higher_and_the_lower_threshold() -> None:
    figure = drawn(counts([2, 1]), band=(counts([1, 0]), counts([3, 1])))
    strict, lax, line = figure.data
    assert (list(strict.y), list(lax.y), list(line.y)) == ([1, 0], [3, 1], [2, 1])
    assert (strict.fill, lax.fill, lax.fillcolor) == (None, "tonexty", "rgba(0,114,178,0.16)")


def test_the_current_frame_and_moments_are_marked() -> None:
    assert [line.x0 for line in drawn(counts([1, 2]), time_s=0.5).layout.shapes] == [0.5]
    figure = series_figure(series("similarity"), {}, [], 0.5, [1.0, 2.0])
    assert [line.x0 for line in figure.layout.shapes] == [1.0, 2.0, 0.5]


@pytest.mark.parametrize("name", ["<b>%{x}", "%{customdata}</b>"])
def test_a_class_name_is_never_interpreted_as_markup_or_a_template(name: str) -> None:
    for figure in (drawn(counts([1], name)), series_figure(series(name), {}, [], 0.0, [])):
        for text in (figure.data[0].name, figure.data[0].hovertemplate.removesuffix("<extra></extra>")):
            assert "<" not in text
            assert hover_name(name) in text
    assert "%{" not in hover_name(name)


def test_figures_hold_nothing_that_makes_plotly_draw_twice() -> None:
    for figure in (drawn(counts([2, None, 0])), series_figure(series("cat"), {}, [], 0.0, [])):
        spec = figure.to_json(validate=False)
        assert '"bdata"' not in spec
        assert '"template"' not in spec
        assert figure.layout.datarevision == 1
        assert not figure.layout.xaxis.automargin
        assert not figure.layout.yaxis.automargin


def test_points_are_marked_where_they_are_few_or_where_one_is_alone() -> None:
    assert drawn(counts([1] * 150)).data[0].mode == "lines+markers"
    assert drawn(counts([1] * 151)).data[0].mode == "lines"
    colors = {"cup": BLUE, "mug": "#e69f00"}
    alone: list[int | None] = [1, None] * 50
    for one, mode in (
        (counts([1] * 75), "lines+markers"),
        (counts([1] * 76), "lines"),
        (counts(alone), "lines+markers"),
    ):
        both = replace(one, classes=("cup", "mug"), boxes=np.repeat(one.boxes, 2, axis=1))
        assert [line.mode for line in drawn(both, colors=colors).data] == [mode] * 2
