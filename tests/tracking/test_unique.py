"""The number of unique objects, its range and its view."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.results import Results
from frametally.tracking.rate import measured_rate
from frametally.tracking.settings import TrackerSettings
from frametally.tracking.tracker import track
from frametally.tracking.unique import UniqueObjects, find_unique_objects, unique_objects
from tests.support.opened_results import Entry, box, entry, opened


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """A car, a bus that is missed for two seconds, and a dog that is seen for 0.2 seconds with little confidence."""
    rows: list[Entry] = []
    for at in range(40):
        seen = [box("car", 0.9, (60 + 8 * at, 60, 40, 30))]
        if not 10 <= at < 20:
            seen.append(box("bus", 0.8, (300, 200, 60, 50)))
        if at in {5, 6}:
            seen.append(box("dog", 0.6, (500, 300, 20, 20)))
        rows.append(entry(*seen))
    return opened(tmp_path, m=rows)


def test_the_range_is_that_of_other_buffers_and_lengths(results: Results) -> None:
    assert unique_objects(View(results, "m")) == [
        UniqueObjects("bus", 2, 1, 2),
        UniqueObjects("car", 1, 1, 1),
        UniqueObjects("dog", 1, 0, 1),
    ]
    bridged = unique_objects(View(results, "m"), TrackerSettings(buffer_s=3))
    assert bridged[0] == UniqueObjects("bus", 1, 1, 2)


def test_given_tracks_have_no_range_and_count_however_short(tmp_path: Path) -> None:
    rows: list[Entry] = [entry(box("car", 0.9, (60 + 8 * at, 60, 40, 30), tracker_id=at // 5)) for at in range(11)]
    view = View(opened(tmp_path, m=rows), "m")
    assert unique_objects(view) == [UniqueObjects("car", 3, 3, 3)]
    assert find_unique_objects(view) == unique_objects(view)


def test_the_view_decides_which_objects_are_counted(results: Results) -> None:
    def counts(**view: object) -> list[int]:
        return [row.count for row in unique_objects(View(results, "m", **view))]  # type: ignore[arg-type]

    assert counts(confidence=0.7) == [2, 1, 0]
    assert counts(time_range_s=(0, 1)) == [1, 1, 1]
    assert counts(time_range_s=(2.5, 3)) == [0, 1, 0]
    assert counts(classes=ClassMapping(shown=("bus", "dog"))) == [2, 1]


def test_the_progress_is_that_of_all_variants(results: Results) -> None:
    shares: list[float] = []
    unique_objects(View(results, "m"), progress=shares.append)
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    unique_objects(View(results, "m"), progress=shares.append)
    assert len(shares) == 5


def test_results_without_boxes_have_no_objects_and_no_rate(tmp_path: Path) -> None:
    empty = opened(tmp_path, m=[entry(), entry()])
    assert unique_objects(View(empty, "m")) == []
    assert measured_rate(track(empty, "m")) is None
