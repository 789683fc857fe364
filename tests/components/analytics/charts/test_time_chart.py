"""What the user picks in a chart, and the labels of its time axis."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.analytics.charts.time_chart import _selected, time_chart


@pytest.mark.parametrize(
    ("selection", "time_range_s"),
    [
        ({}, None),
        ({"box": []}, None),
        ({"box": [{"x": [4.5, 1.25], "y": [0, 1]}]}, (1.25, 4.5)),
        ({"box": [{"x": [2, 2], "y": [0, 1]}]}, None),
        ({"box": [{"y": [0, 1]}]}, None),
    ],
)
def test_a_box_selects_a_time_range(selection: dict[str, Any], time_range_s: tuple[float, float] | None) -> None:
    assert _selected(selection) == time_range_s


def chart_page() -> None:
    import streamlit as st
    from plotly.graph_objects import Figure

    from components.analytics.charts.time_chart import show_chart

    gesture = show_chart(Figure(), key="chart")
    st.text(f"{gesture.click and gesture.click.time_s} {gesture.time_range_s}")


def done(app: AppTest) -> str:
    """What `show_chart` returns in the next run."""
    app.run()
    assert not app.exception
    return app.text[0].value


def test_a_gesture_is_returned_once() -> None:
    app = AppTest.from_function(chart_page)
    assert done(app) == "None None"
    app.session_state["chart-click"] = {"click": {"time_s": 3.0, "value": 1.0, "at_ms": 1}}
    assert done(app) == "3.0 None"
    assert done(app) == "None None"
    app.session_state["chart"] = {"selection": {"points": [], "box": [{"x": [1.0, 2.0]}]}}
    assert done(app) == "None (1.0, 2.0)"
    assert done(app) == "None None"
    app.session_state["chart-click"] = {"click": {"time_s": 3.0, "value": 1.0, "at_ms": 2}}
    assert done(app) == "3.0 None"


@pytest.mark.parametrize(
    ("end_s", "labels"),
    [
        (3.0, ["0:00.0", "0:00.5", "0:01.0", "0:01.5", "0:02.0", "0:02.5", "0:03.0"]),
        (75.0, ["0:00", "0:10", "0:20", "0:30", "0:40", "0:50", "1:00", "1:10"]),
        (3 * 3600.0, ["0:00", "30:00", "1:00:00", "1:30:00", "2:00:00", "2:30:00", "3:00:00"]),
    ],
)
def test_the_time_axis_is_labeled_as_in_a_player(end_s: float, labels: list[str]) -> None:
    figure = time_chart([{"x": [0.0, end_s], "y": [0, 0]}], [], lines=[], y_title="")
    assert list(figure.layout.xaxis.ticktext) == labels
    assert figure.layout.xaxis.tickvals[-1] <= end_s
