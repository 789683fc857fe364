"""Points of a chart by time: compared with plain loops over the entries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.analysis.counts import count, gaps, sensitivity_band
from frametally.analysis.series import series_of
from frametally.analysis.timeline.points import bucket_sizes, offered_bucket, points_of
from frametally.analysis.timeline.rare_classes import rare_classes
from frametally.analysis.view import View
from tests.analysis.test_series import single
from tests.support.opened_results import box, entry, opened, random_cars


@pytest.mark.parametrize("time_range_s", [None, (3.1, 17.0), (40.0, 40.0)])
@pytest.mark.parametrize("bucket_s", [1.0, 5.0, 7.0, 60.0])
def test_a_bucket_is_the_mean_of_its_analyzed_entries(
    tmp_path: Path, bucket_s: float, time_range_s: tuple[float, float] | None
) -> None:
    view = View(random_cars(tmp_path, 3, 500), "cars", 0.4, time_range_s=time_range_s)
    counts, whole = count(view, bucket_s=bucket_s), count(View(view.results, "cars", 0.4), max_points=None)
    number = np.floor((view.results.time_s + 1e-6) / bucket_s)
    numbers = sorted({number[at] for at in view.entries})
    assert counts.starts.tolist() == [int(np.flatnonzero(number == one)[0]) for one in numbers]
    for point, one in enumerate(numbers):
        inside = number == one
        assert counts.analyzed[point] == whole.analyzed[inside].sum()
        assert counts.boxes[point].tolist() == whole.boxes[inside].sum(axis=0).tolist()


def test_buckets_without_an_entry_are_left_out_and_the_last_one_ends_with_the_video(tmp_path: Path) -> None:
    view = View(opened(tmp_path, fps=0.25, m=[entry(box("car"))] * 5), "m")
    points = points_of(view, bucket_s=3.0)
    assert points.starts.tolist() == [0, 1, 2, 3, 4]
    assert points.edges_s.tolist() == [0, 3, 6, 12, 15, 18]
    assert points_of(view).edges_s.tolist() == [0, 4, 8, 12, 16, 20]


def test_an_entry_just_below_an_edge_belongs_to_the_next_bucket(tmp_path: Path) -> None:
    view = View(opened(tmp_path, fps=3, m=[entry(box("car"))] * 10), "m")  # 0.9999… is written as 1.0 or below it
    assert points_of(view, bucket_s=1.0).starts.tolist() == [0, 3, 6, 9]


def test_only_useful_durations_are_offered(tmp_path: Path) -> None:
    view = View(opened(tmp_path, fps=5, m=[entry(box("car"))] * 400), "m")
    assert bucket_sizes(view) == (1, 5, 10, 30)
    assert [offered_bucket(view, wanted_s) for wanted_s in (None, 0.5, 2, 30, 60)] == [None, 1, 5, 30, None]
    assert bucket_sizes(View(view.results, "m", time_range_s=(0, 3))) == (1,)
    assert bucket_sizes(View(view.results, "m", time_range_s=(3, 3))) == ()


def test_a_bucket_without_an_analyzed_entry_is_unknown_and_a_gap(tmp_path: Path) -> None:
    known = [entry(box("car"))] * 10
    view = View(opened(tmp_path, fps=5, m=[*known, *[None] * 5, *known]), "m")
    counts = count(view, bucket_s=1.0)
    assert np.isnan(counts.values[:, 0]).tolist() == [False, False, True, False, False]
    assert gaps(view, counts.starts, counts.stops) == [(1.0, 3.0)]
    assert [len(edge.starts) for edge in sensitivity_band(view, bucket_s=1.0)] == [5, 5]


def test_curves_have_buckets_too(tmp_path: Path) -> None:
    view = View(opened(tmp_path, fps=2, m=[single(cat=0.2), single(cat=0.4), None, single(cat=0.6)]), "m")
    (series,) = series_of(view, bucket_s=1.0)
    np.testing.assert_allclose(series.values, [[0.3], [0.6]])


def test_of_many_classes_all_but_five_are_rare(tmp_path: Path) -> None:
    boxes = [box(f"c{at}", 0.9) for at in range(10) for _ in range(at if at % 2 else 20 - at)]
    faint = [box("faint", 0.2) for _ in range(100)]
    view = View(opened(tmp_path, m=[entry(*boxes, *faint)]), "m", 0.1)
    assert [view.names[at] for at in rare_classes(view)] == ["c1", "c3", "c5", "c7", "c9", "faint"]
    assert rare_classes(View(opened(tmp_path, m=[entry(*(box(f"c{at}") for at in range(8)))]), "m")) == ()
