"""What the user picks in a chart, and the labels of its time axis."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.analytics.charts.time_chart import Picked, _selected, time_chart


@pytest.mark.parametrize(
    ("selection", "picked"),
    [
        ({}, Picked()),
        ({"points": [], "box": []}, Picked()),
        ({"points": [{"customdata": 3}], "box": []}, Picked(entry=3)),
        ({"points": [{"customdata": [3]}], "box": []}, Picked(entry=3)),
        ({"points": [{"customdata": 0}, {"customdata": 5}]}, Picked(entry=0)),
        ({"points": [{"x": 1.0}]}, Picked()),
        ({"points": [{"customdata": 3}], "box": [{"x": [4.5, 1.25], "y": [0, 1]}]}, Picked(time_range_s=(1.25, 4.5))),
        ({"box": [{"x": [2, 2], "y": [0, 1]}]}, Picked()),
        ({"box": [{"y": [0, 1]}]}, Picked()),
    ],
)
def test_a_click_picks_an_entry_and_a_box_a_time_range(selection: dict[str, Any], picked: Picked) -> None:
    assert _selected(selection) == picked


def chart_page() -> None:
    import streamlit as st
    from plotly.graph_objects import Figure

    from components.analytics.charts.time_chart import show_chart

    picked = show_chart(Figure(), key="chart")
    st.text(f"{picked.entry} {picked.time_range_s}")


def picked(app: AppTest, selection: dict[str, Any]) -> str:
    """What `show_chart` returns for this selection."""
    app.session_state["chart"] = {"selection": selection}
    app.run()
    assert not app.exception
    return app.text[0].value


def test_a_selection_is_picked_once_until_it_changes() -> None:
    app = AppTest.from_function(chart_page)
    assert picked(app, {"points": [], "box": []}) == "None None"
    assert picked(app, {"points": [{"customdata": 3}], "box": []}) == "3 None"
    assert picked(app, {"points": [{"customdata": 3}], "box": []}) == "None None"
    assert picked(app, {"points": [{"customdata": 4}], "box": []}) == "4 None"
    assert picked(app, {"points": [], "box": [{"x": [1.0, 2.0]}]}) == "None (1.0, 2.0)"
    assert picked(app, {"points": [], "box": [{"x": [1.0, 2.0]}]}) == "None None"
    assert picked(app, {"points": [], "box": []}) == "None None"
    assert picked(app, {"points": [{"customdata": 4}], "box": []}) == "4 None"


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
