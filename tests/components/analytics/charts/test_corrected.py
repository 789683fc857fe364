"""Corrected counts on the chart: a line and a band for each part, with what is said of it."""

from __future__ import annotations

import json

from components.analytics.charts.corrected import Corrected, Step, add_corrected
from components.analytics.charts.time_chart import time_chart
from frametally.audit.estimates import Estimate
from frametally.audit.intervals import Interval

STEPS = (
    Step(0.0, 25.0, 12, Estimate(2.5, 2.31, Interval(2.22, 2.41))),
    Step(25.0, 50.0, 1, Estimate(1.0, 1.5, Interval(1.25, 1.75))),
)


def test_a_class_has_a_band_and_a_dashed_line_with_the_sources_of_its_numbers() -> None:
    figure = time_chart([], [], lines=[], y_title="")
    add_corrected(
        figure, [Corrected("box <b>", STEPS, is_preliminary=True)], {"bag": 0, "box <b>": 1}, {"box <b>": "#0a0b0c"}
    )
    band, line = json.loads(figure.to_json())["data"]
    assert (band["name"], line["name"]) == ("box ‹b›, corrected",) * 2
    assert band["fillcolor"].startswith("rgba(10,11,12,")
    assert band["y"] == [2.22, 2.41, 2.41, 2.22, None, 1.25, 1.75, 1.75, 1.25, None]
    assert line["y"] == [2.31, 2.31, None, 1.5, 1.5, None]
    assert line["x"] == [0, 25, None, 25, 50, None]
    assert (line["line"]["dash"], line["meta"]["corrected"], band["meta"]["corrected"]) == ("dash", 1, 1)
    assert line["meta"]["said"] == [
        ["2.31 (2.22 to 2.41)", "12 checked frames, 0:00.0 to 0:25.0, preliminary 95 % intervals"],
        ["1.50 (1.25 to 1.75)", "1 checked frame, 0:25.0 to 0:50.0, preliminary 95 % intervals"],
    ]
