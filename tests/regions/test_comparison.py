"""Jobs of one camera side by side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from frametally.errors import RegionsError
from frametally.regions.questions.comparison import Row, Watched, compare
from frametally.regions.shapes import Line, RegionSet, Zone
from frametally.tracking.tracks import Tracks
from tests.support.track_rows import tracks_of, truth_tracks, walking

SET = RegionSet(
    camera="c",
    size=(1000, 500),
    lines=(Line(id="l1", name="Gate", start=(0.3, 1), end=(0.3, 0), hysteresis_px=0),),
    zones=(Zone(id="z", name="Dock", points=((0.4, 0), (0.6, 0), (0.6, 1), (0.4, 1)), bridged_gap_s=0),),
)
TRIP = [(x, 250.0) for x in (100, 250, 350, 500, 500, 700)]
"""Through the gate between 1 and 2 s, in the dock from 3 to 5 s."""


def day(*begins: int, length: int = 20, name: str = "person") -> Tracks:
    """One object that makes the trip, at one step a second, from each of these times on."""
    paths = {number: walking(TRIP, first=begin) for number, begin in enumerate(begins, start=1)}
    classes = dict.fromkeys(paths, name)
    return tracks_of(paths, np.arange(length, dtype=np.float64), classes=classes)


def row(rows: tuple[Row, ...], what: str, region: str | None, class_name: str | None = None) -> Row:
    (found,) = (one for one in rows if (one.what, one.region, one.class_name) == (what, region, class_name))
    return found


def test_counts_crossings_and_dwell_are_compared_with_the_first_job() -> None:
    found = compare([Watched("Monday", day(0, 5)), Watched("Tuesday", day(1, 4, 8))], SET, bucket_s=10)
    assert found.names == ("Monday", "Tuesday")
    assert row(found.rows, "objects", None).values == (2, 3)
    assert row(found.rows, "in", "Gate").differences == (0, 1)
    assert row(found.rows, "out", "Gate").values == (0, 0)
    assert row(found.rows, "entries", "Dock").values == (2, 3)
    assert row(found.rows, "exits", "Dock").values == (2, 3)
    assert row(found.rows, "median dwell", "Dock").values == (2.0, 2.0)
    assert [(one.what, one.region) for one in found.changes] == [
        ("objects", None), ("in", "Gate"), ("entries", "Dock"), ("exits", "Dock"),
    ]  # fmt: skip
    gate, dock = found.curves[1], found.curves[3]
    assert (gate.what, gate.values.tolist()) == ("in", [[2, 0], [3, 0]])
    assert (dock.what, dock.values.round(2).tolist()) == ("occupancy", [[0.4, 0], [0.4, 0.2]])


def test_only_the_common_time_is_compared() -> None:
    found = compare([Watched("short", day(0, length=9)), Watched("long", day(0, 8, 14, length=30))], SET)
    assert (found.first_s, found.last_s) == (0, 8)
    assert row(found.rows, "in", "Gate").values == (1, 1)


def test_jobs_are_aligned_by_the_time_of_day() -> None:
    camera = timezone(timedelta(hours=2))
    monday = Watched("Monday", day(0, 10), datetime(2026, 3, 2, 9, 0, 0, tzinfo=camera))
    tuesday = Watched("Tuesday", day(0), datetime(2026, 3, 3, 9, 0, 10, tzinfo=camera))
    found = compare([monday, tuesday], SET, "clock", bucket_s=5)
    assert (found.first_s, found.last_s) == (9 * 3600 + 10, 9 * 3600 + 19)
    assert row(found.rows, "in", "Gate").values == (1, 1)
    assert found.changes == ()
    assert found.time_s.tolist() == [32410, 32415]
    assert found.curves[1].values.tolist() == [[1, 0], [1, 0]]


def test_what_was_not_analyzed_is_a_gap_in_the_curves() -> None:
    part = day(0)
    gone = tracks_of({}, np.arange(20, dtype=np.float64), null=range(5, 10))
    found = compare([Watched("a", part), Watched("b", gone)], SET, bucket_s=5)
    assert np.isnan(found.curves[1].values[1]).tolist() == [False, True, False, False]


def test_classes_that_a_model_does_not_have_are_not_zero() -> None:
    both = tracks_of(
        {1: walking(TRIP), 2: walking(TRIP)}, np.arange(9, dtype=np.float64), classes={1: "person", 2: "car"}
    )
    found = compare([Watched("a", both), Watched("b", day(0, length=9))], SET)
    assert row(found.rows, "in", "Gate", "car").values == (1, None)
    assert row(found.rows, "in", "Gate", "car").differences == (0, None)
    assert row(found.rows, "in", "Gate", "person").values == (1, 1)


def test_the_same_job_twice_shows_no_change() -> None:
    tracks = truth_tracks(16.0, 14.0, 5.0)
    found = compare([Watched("a", tracks), Watched("b", tracks)], SET, bucket_s=2)
    assert found.changes == ()
    assert all(np.array_equal(curves.values[0], curves.values[1], equal_nan=True) for curves in found.curves)


def test_times_of_day_in_utc_and_in_the_zone_of_a_camera_are_not_compared() -> None:
    utc = Watched("Monday", day(0), datetime(2026, 3, 2, 9, tzinfo=UTC))
    local = Watched("Tuesday", day(0), datetime(2026, 3, 3, 9, tzinfo=timezone(timedelta(hours=2))))
    with pytest.raises(RegionsError, match="Monday is in UTC, that of Tuesday in the time zone of its camera"):
        compare([local, utc], SET, "clock")
    assert compare([local, utc], SET).changes == ()
    assert compare([utc, utc], SET, "clock").first_s == 9 * 3600


def test_jobs_without_a_common_time_are_refused() -> None:
    morning = Watched("a", day(0), datetime(2026, 3, 2, 9, tzinfo=UTC))
    evening = Watched("b", day(0), datetime(2026, 3, 2, 19, tzinfo=UTC))
    with pytest.raises(RegionsError, match="no time in common"):
        compare([morning, evening], SET, "clock")
    with pytest.raises(RegionsError, match="not known when c was recorded"):
        compare([morning, Watched("c", day(0))], SET, "clock")
    with pytest.raises(RegionsError, match="no time in common"):
        compare([morning, Watched("c", tracks_of({}, []))], SET)
