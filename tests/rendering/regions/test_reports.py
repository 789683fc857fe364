"""What the page shows of lines and zones: numbers by the class names of the view, events and charts."""

from __future__ import annotations

import numpy as np

from frametally.regions.shapes import Line, Zone
from frametally.rendering.regions.reports.class_look import ClassLook
from frametally.rendering.regions.reports.counted import Counted
from frametally.rendering.regions.reports.figures import bin_edges, occupancy_figure
from frametally.rendering.regions.reports.lines import line_report
from frametally.rendering.regions.reports.zones import zone_report
from frametally.tracking.tracks import Tracks
from tests.support.track_rows import tracks_of, walking

GATE = Line(id="l1", name="Gate", start=(0.2, 0.5), end=(0.8, 0.5))
"""From (200, 250) to (800, 250): in is downwards."""
DOCK = Zone(id="z1", name="Dock", points=((0.4, 0.6), (0.9, 0.6), (0.9, 1.0), (0.4, 1.0)), bridged_gap_s=0)
DOWN = [(500.0, 200.0), (500.0, 300.0), (500.0, 400.0), (500.0, 550.0)]
UP = DOWN[::-1]


def counted(tracks: Tracks, codes: list[int] | None = None, names: tuple[str, ...] | None = None) -> Counted:
    names = names or tracks.classes
    looks = [ClassLook(name, "#112233") for name in names]
    wanted = list(range(len(tracks.classes))) if codes is None else codes
    return Counted(tracks, np.array(wanted, np.int32), looks, bin_edges(0, 3))


def test_crossings_are_counted_per_class_and_listed_with_their_frames() -> None:
    tracks = tracks_of({1: walking(DOWN), 2: walking(UP)}, range(4), classes={1: "person", 2: "cart"})
    found = line_report(counted(tracks), GATE)
    assert (found.in_, found.out, found.total_events) == (1, 1, 2)
    assert [(row.name, row.in_, row.out) for row in found.classes] == [("cart", 0, 1), ("person", 1, 0)]
    assert [(event.entry, event.kind, event.name, event.track_id) for event in found.events] == [
        (1, "in", "person", 1),
        (3, "out", "cart", 2),
    ]
    bars = [(trace["name"], max(trace["y"], key=abs)) for trace in found.figures["counts"]["data"]]
    assert bars == [("person", 1), ("cart", -1)]  # in above the axis, out below it


def test_classes_that_are_merged_in_the_view_are_counted_together() -> None:
    tracks = tracks_of({1: walking(DOWN), 2: walking(DOWN)}, range(4), classes={1: "person", 2: "cart"})
    assert [(row.name, row.in_) for row in line_report(counted(tracks, [0, 0], ("all",)), GATE).classes] == [("all", 2)]
    inside = zone_report(counted(tracks, [0, 0], ("all",)), DOCK)
    assert (inside.most, [row.name for row in inside.classes]) == (2, ["all"])
    assert max(inside.figures["occupancy"]["data"][0]["y"]) == 2


def test_a_visit_has_its_dwell_and_says_whether_its_end_was_seen() -> None:
    path = [(500.0, 200.0), (500.0, 400.0), (500.0, 450.0), (500.0, 200.0), (500.0, 400.0)]
    found = zone_report(counted(tracks_of({1: walking(path)}, range(5))), DOCK)
    assert (found.entries, found.exits, found.median_s, found.most) == (2, 1, 2.0, 1)
    assert [(event.entry, event.dwell_s, event.is_open) for event in found.events] == [(1, 2.0, False), (4, 0.0, True)]


def test_the_line_of_occupancy_is_interrupted_where_nothing_was_analyzed() -> None:
    gaps = np.array([False, True, False, False])
    figure = occupancy_figure(
        np.arange(4.0), np.ones((4, 1), np.int64), gaps, [ClassLook("a", "#000000")], bin_edges(0, 3), [(1, 2)]
    )
    assert figure["data"][0]["y"] == [1, 1, None, 1, 1]
    assert figure["layout"]["shapes"][0]["x0"] == 1


def test_a_long_line_of_occupancy_keeps_its_peaks() -> None:
    counts = np.zeros((100_000, 1), np.int64)
    counts[54_321] = 7
    none = np.zeros(len(counts), np.bool_)
    figure = occupancy_figure(np.arange(1e5), counts, none, [ClassLook("a", "#000000")], bin_edges(0, 1e5))
    assert len(figure["data"][0]["y"]) <= 1500
    assert max(figure["data"][0]["y"]) == 7


def test_bins_have_round_lengths() -> None:
    assert bin_edges(0, 75).tolist() == list(range(0, 77, 2))
    assert bin_edges(3.4, 20).tolist()[:2] == [3, 4]
