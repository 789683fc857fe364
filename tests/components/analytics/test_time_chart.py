"""What a person did in a chart, as plotly tells it."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.analytics.charts.time_chart import Picked, _selected


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
def test_a_click_is_an_entry_and_a_box_is_a_window(selection: dict[str, Any], picked: Picked) -> None:
    assert _selected(selection) == picked


def chart_page() -> None:
    import streamlit as st
    from plotly.graph_objects import Figure

    from components.analytics.charts.time_chart import show_chart

    picked = show_chart(Figure(), key="chart")
    st.text(f"{picked.entry} {picked.time_range_s}")


def told(app: AppTest, selection: dict[str, Any]) -> str:
    """What the page hears of a chart with this selection on it."""
    app.session_state["chart"] = {"selection": selection}
    app.run()
    assert not app.exception
    return app.text[0].value


def test_a_selection_is_told_once_and_stays_quiet_until_it_changes() -> None:
    app = AppTest.from_function(chart_page)
    assert told(app, {"points": [], "box": []}) == "None None"
    assert told(app, {"points": [{"customdata": 3}], "box": []}) == "3 None"
    assert told(app, {"points": [{"customdata": 3}], "box": []}) == "None None"
    assert told(app, {"points": [{"customdata": 4}], "box": []}) == "4 None"
    assert told(app, {"points": [], "box": [{"x": [1.0, 2.0]}]}) == "None (1.0, 2.0)"
    assert told(app, {"points": [], "box": [{"x": [1.0, 2.0]}]}) == "None None"
    assert told(app, {"points": [], "box": []}) == "None None"
    assert told(app, {"points": [{"customdata": 4}], "box": []}) == "4 None"
