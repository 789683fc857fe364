"""The options of the timeline: kinds of charts, buckets, time of day, and their place in the address."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from components.analytics.charts.clock import clock_axis, zone_name
from components.analytics.charts.timeline_figure import bucket_label
from components.analytics.charts.timeline_options import TimelineOptions, link_of, start_of, valid_options
from components.analytics.charts.view_figure import Recording, view_figure
from frametally.analysis.view import View
from tests.analysis.test_series import several, single
from tests.support.opened_results import box, entry, opened

START = datetime.fromisoformat("2026-11-27T23:59:30+01:00")
COLORS = {"cup": "#0072b2", "cat": "#0072b2", "dog": "#e69f00"}


def test_the_figure_has_all_kinds_with_the_same_points(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[entry(box("cup")), None] * 20), "m")
    figure = json.loads(str(view_figure(view, view, COLORS, 0, with_band=True, bucket_s=1.0).to_json()))
    meta = figure["layout"]["meta"]
    assert list(meta["kinds"]) == ["lines", "stacked", "heat"]
    assert (meta["bucket"], meta["edges"]) == (1.0, list(range(9)))
    assert meta["buckets"] == [[1.0, "1 s"]]
    assert meta["clock"] is None
    *band, line, heat = [trace for trace in figure["data"] if trace.get("meta")]
    assert [trace["meta"]["shift"] for trace in band] == [10, -10]
    assert heat["z"] == [line["y"]] == [[1.0] * 8]
    assert heat["x"] == meta["edges"]
    assert heat["colorscale"][0][1].endswith(",0)")  # zero is transparent
    assert "yaxis2" not in figure["layout"]


def test_what_was_not_analyzed_has_no_color_in_any_kind(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[entry(box("cup")), None, entry()]), "m")
    figure = json.loads(str(view_figure(view, view, COLORS, 0, with_band=False).to_json()))
    heat = next(trace for trace in figure["data"] if trace["type"] == "heatmap")
    assert heat["z"] == [[1.0, None, 0.0]]


def test_labels_that_are_no_parts_of_a_sum_are_not_stacked(tmp_path: Path) -> None:
    for found, kinds in (
        (single(cat=0.7, dog=0.3), ["lines", "stacked", "heat"]),
        (several(cat=0.7), ["lines", "heat"]),
    ):
        view = View(opened(tmp_path, m=[found]), "m")
        assert list(view_figure(view, view, COLORS, 0, with_band=False).layout.meta["kinds"]) == kinds


def test_the_time_of_day_names_its_zone_its_source_and_new_days(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[entry(box("cup"))] * 301), "m")
    figure = view_figure(view, view, COLORS, 0, with_band=False, recording=Recording(START, is_typed=True))
    clock = figure.layout.meta["clock"]
    assert clock["axis"]["title"]["text"] == "Time of day (27 Nov 2026, UTC+01:00)"
    assert clock["axis"]["ticktext"][:4] == ["23:59:30", "23:59:40", "23:59:50", "28 Nov 00:00:00"]
    assert clock["axis"]["tickvals"][:4] == [0, 10, 20, 30]
    assert (clock["startMs"], clock["zoneMinutes"]) == (START.timestamp() * 1000, 60)
    assert clock["source"].endswith("as typed.")
    other = view_figure(view, view, COLORS, 0, with_band=False, recording=Recording(START, is_typed=False))
    assert other.layout.meta["clock"]["source"].endswith("from the metadata of the video.")


def test_ticks_of_the_clock_are_at_round_times() -> None:
    axis = clock_axis((0.0, 7200.0), datetime.fromisoformat("2026-01-01T10:07:12-03:30"))
    assert axis["ticktext"] == ["10:15", "10:30", "10:45", "11:00", "11:15", "11:30", "11:45", "12:00"]
    assert axis["tickvals"][0] == 468
    assert zone_name(datetime.fromisoformat("2026-01-01T10:07:12-03:30")) == "UTC-03:30"
    assert clock_axis((0.0, 1.0), START)["ticktext"][1] == "23:59:30.2"


@pytest.mark.parametrize(
    ("bucket_s", "label"), [(1, "1 s"), (30, "30 s"), (60, "1 min"), (1800, "30 min"), (3600, "1 h")]
)
def test_durations_have_short_names(bucket_s: float, label: str) -> None:
    assert bucket_label(bucket_s) == label


def test_options_survive_the_address_and_invalid_ones_are_replaced() -> None:
    options = valid_options(chart="heat", bucket_s=10.0, clock=True, start="2026-11-27T14:20:05+01:00")
    assert link_of(options) == {"chart": "heat", "bucket": "10", "clock": "true", "start": "2026-11-27T14:20:05+01:00"}
    assert valid_options(chart="pie", bucket_s=-1.0, clock=False, start="noon") == TimelineOptions()
    assert set(link_of(TimelineOptions()).values()) == {None}


@pytest.mark.parametrize(
    "text", ["", "2026-11-27T14:20:05", "0001-01-01T00:00:00+00:00", "2026-11-27T14:20+23:00", "x" * 99]
)
def test_a_start_without_a_time_zone_is_not_guessed(text: str) -> None:
    assert start_of(text) is None
