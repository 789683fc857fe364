"""The table of events, and the flows between regions."""

from __future__ import annotations

import numpy as np
import pytest

from frametally.regions.crossings import crossings
from frametally.regions.events import SCHEMA, events, events_table
from frametally.regions.flows import flows
from frametally.regions.shapes import Line, RegionSet, Zone
from frametally.regions.visits import visits
from tests.support.track_rows import tracks_of, truth_tracks, walking

SET = RegionSet(
    camera="c",
    size=(1000, 500),
    lines=(Line(id="l1", name="Gate", start=(0.3, 1), end=(0.3, 0), hysteresis_px=0),),
    zones=(
        Zone(id="z1", name="Yard", points=((0, 0), (0.2, 0), (0.2, 1), (0, 1)), bridged_gap_s=0),
        Zone(id="z2", name="Dock", points=((0.4, 0), (0.6, 0), (0.6, 1), (0.4, 1)), bridged_gap_s=0),
    ),
)


def test_events_are_in_order_with_their_frames_and_display_names() -> None:
    points = [(x, 250.0) for x in (100, 250, 350, 500, 700, 500)]
    tracks = tracks_of({1: walking(points)}, np.arange(6) / 5)
    found = events(tracks, SET)
    table = events_table(found, tracks, SET, np.arange(6) * 5, {"person": "=people"})
    assert table.schema == SCHEMA
    rows = [(row["time_s"], row["frame"], row["region"], row["kind"], row["dwell_s"]) for row in table.to_pylist()]
    assert rows == [
        (0.0, 0, "Yard", "inside at start", None),
        (pytest.approx(0.2), 5, "Yard", "exit", pytest.approx(0.2)),
        (pytest.approx(0.3), 10, "Gate", "in", None),
        (pytest.approx(0.6), 15, "Dock", "enter", None),
        (pytest.approx(0.8), 20, "Dock", "exit", pytest.approx(0.2)),
        (pytest.approx(1.0), 25, "Dock", "enter", None),
        (pytest.approx(1.0), 25, "Dock", "inside at end", pytest.approx(0.0)),
    ]
    assert set(table["class"].to_pylist()) == {"=people"}


def test_flows_count_consecutive_places_by_class() -> None:
    there = walking([(x, 250.0) for x in (100, 250, 350, 500, 700, 500)])
    back = walking([(x, 250.0) for x in (500, 350, 250, 100)])
    tracks = tracks_of({1: there, 2: back}, np.arange(6) / 5, classes={2: "car"})
    found = flows(events(tracks, SET), SET, 2)
    assert found.places == ("Gate in", "Gate out", "Yard", "Dock")
    gone = {
        (tracks.classes[code], found.places[start], found.places[end]): int(found.counts[code, start, end])
        for code, start, end in zip(*np.nonzero(found.counts), strict=True)
    }
    assert gone == {
        ("person", "Yard", "Gate in"): 1,
        ("person", "Gate in", "Dock"): 1,
        ("person", "Dock", "Dock"): 1,
        ("car", "Dock", "Gate out"): 1,
        ("car", "Gate out", "Yard"): 1,
    }


def test_the_events_are_those_of_each_region() -> None:
    tracks = truth_tracks(16.0, 14.0, 10.0)
    found = events(tracks, SET)
    counts = np.bincount(found.region, minlength=3).tolist()
    assert counts == [len(crossings(tracks, SET.lines[0])), *(2 * len(visits(tracks, zone)) for zone in SET.zones)]
    assert (np.diff(found.time_s) >= 0).all()


def test_a_set_without_regions_has_no_events() -> None:
    tracks, nothing = tracks_of({1: walking([(1, 1)])}, [0.0]), RegionSet(camera="c", size=(1000, 500))
    found = events(tracks, nothing)
    assert events_table(found, tracks, nothing, np.arange(1), {}).num_rows == 0
    assert flows(found, nothing, 1).counts.shape == (1, 0, 0)
