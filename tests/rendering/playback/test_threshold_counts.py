"""Counts for every threshold: the sums of the histogram are the counts of the view."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import count
from frametally.analysis.timeline.points import points_of
from frametally.analysis.view import View
from frametally.rendering.playback import threshold_counts
from frametally.rendering.playback.threshold_counts import threshold_histogram
from frametally.results import Results, open_results
from tests.support.archives import archive_cached
from tests.support.results_files import box, entry

ENTRIES = 1500
"""More than the points of a chart, so that the cube is used."""
MAPPINGS = [ClassMapping(), ClassMapping((("cup", "person"),)), ClassMapping((), ("dog",))]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    chosen = np.random.default_rng(3)

    def boxes() -> list[dict[str, Any]]:
        names = chosen.choice(["cup", "dog", "person"], chosen.integers(0, 4))
        return [box(str(name), round(float(chosen.uniform(0, 1)), int(chosen.integers(1, 5)))) for name in names]

    return archived(folder, [None if at % 50 == 7 else entry(*boxes()) for at in range(ENTRIES)])


def archived(folder: Path, entries: list[dict[str, Any] | None]) -> Results:
    times = [round(at / 5, 1) for at in range(len(entries))]
    content = {"frame_offset": list(range(len(entries))), "time_offset": times, "model": entries}
    (folder / "results.json").write_text(json.dumps(content))
    archive_cached(folder / "results.json", folder / "archive")
    return open_results(folder / "archive")


@pytest.mark.parametrize("time_range_s", [None, (3.0, 60.0), (100.0, 290.0)])
@pytest.mark.parametrize("mapping", MAPPINGS)
def test_sums_from_the_highest_step_are_the_counts_of_each_threshold(
    results: Results, mapping: ClassMapping, time_range_s: tuple[float, float] | None
) -> None:
    view = View(results, "model", 0.5, mapping, time_range_s)
    points = points_of(view)
    found = threshold_histogram(view, points)
    assert found is not None
    sums = np.cumsum(found[::-1], axis=0)[::-1]
    for step in (0, 1, 25, 29, 50, 57, 99, 100):
        expected = count(replace(view, confidence=step / 100))
        assert np.array_equal(expected.starts, points.starts)
        assert np.array_equal(sums[step].T, expected.boxes)


def test_a_view_without_entries_or_classes_has_an_empty_table(results: Results) -> None:
    empty = View(results, "model", 0.5, ClassMapping(), (1000.0, 1001.0))
    found = threshold_histogram(empty, points_of(empty))
    assert found is not None
    assert found.shape == (101, 3, 0)


def test_a_table_that_would_be_too_large_is_not_made(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threshold_counts, "MAX_CELLS", 1000)
    view = View(results, "model", 0.5)
    assert threshold_histogram(view, points_of(view)) is None
