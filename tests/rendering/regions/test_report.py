"""The whole answer of the tab, for results of a job."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.regions.crossings import Crossings, crossings
from frametally.regions.questions.comparison import Watched, compare
from frametally.regions.shapes import Line, RegionSet, Rule, Scale, Zone
from frametally.rendering.regions.counted_views import CountedViews
from frametally.rendering.regions.pictures import heat_map, trajectories
from frametally.rendering.regions.reports import counted as counted_module
from frametally.rendering.regions.reports.counted import Counted
from frametally.rendering.regions.reports.report import Report, report
from frametally.rendering.regions.running_counts import RunningCounts
from frametally.results import open_results
from frametally.tracking.tracks import Joined, Tracks, filtered, named
from frametally.tracking.unique import unique_objects
from tests.support.archives import archive_cached
from tests.support.track_rows import tracks_of, walking

COLORS = {"cart": "#ff0000", "person": "#0000ff", "people": "#00ff00"}
TIMES_S = [0.0, 0.5, 1.0, 1.5]
DOWN = [(500.0, 200.0), (500.0, 300.0), (500.0, 400.0), (500.0, 450.0)]
TRACKS = tracks_of({1: walking(DOWN), 2: walking(DOWN)}, TIMES_S, classes={1: "person", 2: "cart"})
SHAPES = RegionSet(
    camera="dock",
    size=(1000, 500),
    lines=(Line(id="l1", name="Gate", start=(0.2, 0.5), end=(0.8, 0.5)),),
    zones=(Zone(id="z1", name="Dock", points=((0.4, 0.7), (0.9, 0.7), (0.9, 1.0), (0.4, 1.0)), bridged_gap_s=0),),
    rules=(Rule(name="Two", zone="z1", more_than=1),),
    scale=Scale(points=((0.4, 0.4), (0.6, 0.4), (0.6, 0.8), (0.4, 0.8)), sides_m=(2, 2, 2, 2), unit="m/s"),
)


@pytest.fixture
def view(tmp_path: Path) -> View:
    """Results with these times and classes; the boxes do not matter here."""
    boxes = [{"x": 5, "y": 5, "width": 2, "height": 2, "confidence": 0.9, "class": name} for name in ("cart", "person")]
    entry = {"time": 0.01, "image": {"width": 1000, "height": 500}, "predictions": boxes}
    (tmp_path / "results.json").write_text(
        json.dumps({"frame_offset": [0, 5, 10, 15], "time_offset": TIMES_S, "m": [entry] * 4})
    )
    archive_cached(tmp_path / "results.json", tmp_path / "job")
    return View(open_results(tmp_path / "job"), "m", 0.25)


def answered(view: View, regions: RegionSet) -> Report:
    return report(Counted.of(TRACKS, view, COLORS), view, regions)


def test_a_set_is_answered_with_lines_zones_flows_rules_and_speeds(view: View) -> None:
    found = answered(view, SHAPES)
    assert [(line.in_, line.out, line.note) for line in found.lines] == [(2, 0, None)]
    assert [(zone.entries, zone.exits, zone.most) for zone in found.zones] == [(2, 0, 2)]
    assert found.zones[0].note == "2 inside at the end: not in the median."
    assert [place.name for place in found.flows.places] == ["Gate in", "Gate out", "Dock"]
    assert [(move.from_, move.to, move.count, move.classes) for move in found.flows.moves] == [
        (0, 2, 2, {"cart": 1, "person": 1})
    ]
    (rule,) = found.rules
    assert [(one.first_s, one.last_s, one.entry, one.peak) for one in rule.intervals] == [(1.0, 1.5, 2, 2)]
    assert found.zones[0].figures["occupancy"]["layout"]["shapes"][0]["x0"] == 1.0
    assert found.speeds is not None
    assert [(row.name, row.count) for row in found.speeds.classes] == [("cart", 1), ("person", 1)]
    assert [(row.name, row.count) for row in found.objects] == [("cart", 1), ("person", 1)]
    assert json.loads(msgspec.json.encode(found))["lines"][0]["in"] == 2


def test_classes_and_time_range_of_the_view_apply(view: View) -> None:
    only = msgspec.structs.replace(SHAPES, scale=None)
    carts = View(view.results, "m", 0.25, ClassMapping(shown=("cart",)))
    assert [line.in_ for line in answered(carts, only).lines] == [1]
    late = View(view.results, "m", 0.25, time_range_s=(0.5, 1.5))
    assert [line.in_ for line in answered(late, only).lines] == [0]
    merged = View(view.results, "m", 0.25, ClassMapping((("cart", "people"), ("person", "people"))))
    assert [(row.name, row.in_) for row in answered(merged, only).lines[0].classes] == [("people", 2)]


def test_tracks_are_compared_by_the_names_that_their_classes_are_merged_to(view: View) -> None:
    merged = View(view.results, "m", 0.25, ClassMapping((("cart", "people"),)))
    both, one = named(TRACKS, view), named(filtered(TRACKS, merged), merged)
    assert (one.classes, one.class_code.tolist()) == (("people", "person"), [1] * 4 + [0] * 4)
    rows = compare([Watched("a", both), Watched("b", one)], RegionSet(camera="dock", size=(1000, 500))).rows
    assert {row.class_name: row.values for row in rows} == {
        None: (2, 2), "cart": (1, None), "people": (None, 1), "person": (1, 1),
    }  # fmt: skip


def test_objects_in_a_part_of_the_video_have_no_range(view: View) -> None:
    unique_objects(View(view.results, "m"))
    nothing = RegionSet(camera="dock", size=(1000, 500))
    whole = answered(view, nothing)
    assert (whole.has_ranges, None in {row.high for row in whole.objects}) == (True, False)
    late = View(view.results, "m", 0.25, time_range_s=(0.5, 1.5))
    assert [(row.count, row.low, row.high) for row in answered(late, nothing).objects] == [(1, None, None)] * 2
    assert not answered(late, nothing).has_ranges
    given = replace(TRACKS, joined=Joined(8, 8, by_ids=True))
    assert not report(Counted.of(given, view, COLORS), view, nothing).has_ranges


def test_without_lines_and_zones_there_are_still_the_objects(view: View) -> None:
    found = answered(view, RegionSet(camera="dock", size=(1000, 500)))
    assert (found.lines, found.zones, found.flows.moves, len(found.objects)) == ([], [], [], 2)


def test_a_line_that_counts_nothing_says_why(view: View) -> None:
    away = Line(id="l1", name="Gate", start=(0.0, 0.05), end=(0.1, 0.05))
    found = answered(view, RegionSet(camera="dock", size=(1000, 500), lines=(away,)))
    assert found.lines[0].note is not None
    assert found.lines[0].note.startswith("Counts nothing")


def test_trajectories_and_heat_are_where_the_objects_were(view: View) -> None:
    gray = np.full((500, 1000, 3), 128, np.uint8)
    paths = trajectories(gray, TRACKS, view, COLORS, "bottom_center").astype(int)
    colored = np.ptp(paths, axis=2) > 60
    assert colored[200:450, 495:505].any(axis=1).mean() > 0.9
    assert not colored[:, :400].any()
    heat = heat_map(gray, TRACKS, view, "bottom_center").astype(int)
    assert heat[300, 500].max() > heat[300, 100].max() + 50
    nothing = View(view.results, "m", 1.0, ClassMapping(shown=("none",)))
    assert np.ptp(heat_map(gray, TRACKS, nothing, "bottom_center")) == 0


def test_a_line_is_counted_again_only_if_it_was_moved(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    def noted(tracks: Tracks, line: Line) -> Crossings:
        counted.append(line.name)
        return crossings(tracks, line)

    monkeypatch.setattr("frametally.rendering.regions.reports.counted.crossings", noted)
    views = CountedViews()
    moved = Line(id="l1", name="Moved", start=(0.2, 0.6), end=(0.8, 0.6))
    renamed = Line(id="l1", name="Renamed", start=(0.2, 0.5), end=(0.8, 0.5))
    for line in (SHAPES.lines[0], renamed, moved):
        regions = RegionSet(camera="dock", size=(1000, 500), lines=(line,))
        report(views.get(TRACKS, view, COLORS), view, regions)
    assert counted == ["Gate", "Moved"]
    again = tracks_of({1: walking(DOWN)}, TIMES_S, classes={1: "person", 2: "cart"})
    assert views.get(TRACKS, view, COLORS) is views.get(TRACKS, view, COLORS)
    assert views.get(again, view, COLORS).tracks is not TRACKS


def test_nothing_is_counted_again_if_only_a_line_is_moved(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def noting(name: str) -> Callable[..., Any]:
        original = getattr(counted_module, name)

        def noted(tracks: Tracks, shape: object) -> Any:
            counted.append(name)
            return original(tracks, shape)

        return noted

    for name in ("crossings", "visits", "occupancy", "speeds"):
        monkeypatch.setattr(counted_module, name, noting(name))
    kept = Counted.of(TRACKS, view, COLORS)
    report(kept, view, SHAPES)
    assert sorted(counted) == ["crossings", "occupancy", "speeds", "visits"], "the rule counts with the zone"
    moved = Line(id="l1", name="Gate", start=(0.2, 0.6), end=(0.8, 0.6))
    report(kept, view, msgspec.structs.replace(SHAPES, lines=(moved,)))
    assert counted[4:] == ["crossings"]
    large = Counted.of(TRACKS, view, COLORS)
    large.max_kept_bytes = 0
    counted.clear()
    for _ in range(2):
        large.occupancy(SHAPES.zones[0])
    assert counted == ["occupancy"] * 2, "what needs too much memory is not kept"


def test_counts_in_a_video_are_those_so_far(view: View) -> None:
    counts = RunningCounts(TRACKS, view, SHAPES)
    assert [[region.count for region in counts.at(entry)] for entry in range(4)] == [
        ["in 0 · out 0", "0 inside"],
        ["in 2 · out 0", "0 inside"],
        ["in 2 · out 0", "2 inside"],
        ["in 2 · out 0", "2 inside"],
    ]
