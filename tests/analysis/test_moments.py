"""Moments, from hand-made results and compared with plain loops."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.comparison import compare
from frametally.analysis.counts import count
from frametally.analysis.moments import (
    Extremes,
    Moment,
    class_moments,
    detections_at,
    disagreement_moments,
    extremes,
    in_order,
    interval_moments,
    next_moment,
    next_with_detections,
    previous_moment,
    representative_entry,
)
from frametally.analysis.view import View
from frametally.results import Results
from frametally.results import tables as parquet
from tests.support.documents import archived, document, windowed
from tests.support.opened_results import box, entry, opened, random_entries
from tests.support.soak import shortened

CAR, DOG = box("car"), box("dog")


def test_classes_have_peak_first_and_last_moments(tmp_path: Path) -> None:
    frames = [entry(), entry(CAR), None, entry(CAR, CAR, DOG), entry(CAR, CAR), entry(CAR), entry()]
    found = extremes(View(opened(tmp_path, m=frames), "m"))
    assert found == [Extremes("car", 6, 4, 2, 3, 1, 5), Extremes("dog", 1, 1, 1, 3, 3, 3)]
    assert class_moments(found) == [
        Moment(1, "first car"),
        Moment(3, "peak of car: 2, peak of dog: 1, first dog, last dog"),
        Moment(5, "last car"),
    ]


def test_a_class_without_detections_has_no_moment(tmp_path: Path) -> None:
    found = extremes(View(opened(tmp_path, m=[entry(CAR)]), "m", confidence=0.95))
    assert found == [Extremes("car", 0, 0, 0, None, None, None)]
    assert class_moments(found) == []


@pytest.mark.parametrize("group_bytes", shortened([1, 4000, 1 << 20], [4000]))
@pytest.mark.parametrize("renames", ["", "a>b"])
@pytest.mark.parametrize("time_range_s", [None, (3.0, 11.0)])
def test_extremes_of_random_results_equal_a_plain_loop(
    tmp_path: Path,
    group_bytes: int,
    renames: str,
    time_range_s: tuple[float, float] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet, "_ROW_GROUP_BYTES", group_bytes)
    frames = random_entries(7, 90)
    classes = ClassMapping.parse(renames)
    content = json.dumps({"frame_offset": [*range(90)], "time_offset": [at / 5 for at in range(90)], "m": frames})
    view = View(windowed(tmp_path, content.encode(), 1000), "m", 0.6, classes, time_range_s)
    assert (len(list(view.results.confidence_pieces("m"))) > 1) == (group_bytes < 1 << 20)
    first, last = (0, 90) if time_range_s is None else (15, 56)
    for found in extremes(view):
        counts = {
            at: sum(
                classes.name_of(seen["class"]) == found.class_name and seen["confidence"] >= 0.6
                for seen in frame["predictions"]
            )
            for at, frame in enumerate(frames)
            if frame and first <= at < last
        }
        there = [at for at, count in counts.items() if count]
        assert (found.boxes, found.present) == (sum(counts.values()), len(there))
        assert found.peak == max(counts.values())
        assert found.peak_entry == next(at for at, count in counts.items() if count == found.peak)
        assert (found.first_entry, found.last_entry) == (there[0], there[-1])


def test_interval_moments_use_the_next_analyzed_frame(tmp_path: Path) -> None:
    frames = [entry() for _ in range(31)]  # 5 per second, 0 to 6 s
    frames[10] = frames[11] = None
    frames[20:30] = [None] * 10
    view = View(opened(tmp_path, m=frames), "m")
    assert [moment.entry for moment in interval_moments(view, 1)] == [0, 5, 12, 15, 30]
    assert [moment.entry for moment in interval_moments(view, 2.0)] == [0, 12, 30]
    assert [moment.entry for moment in interval_moments(view, 0.2)] == [at for at, frame in enumerate(frames) if frame]
    assert interval_moments(view, 2)[1].reason == "every 2 s: 2 s"


def test_interval_multiples_tolerate_float_rounding(tmp_path: Path) -> None:
    view = View(opened(tmp_path, fps=10, m=[entry() for _ in range(200)]), "m")
    assert [moment.entry for moment in interval_moments(view, 0.3)] == list(range(0, 200, 3))


@pytest.mark.parametrize("interval_s", [0, -1, float("nan")])
def test_an_interval_of_zero_or_less_is_an_error(tmp_path: Path, interval_s: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        interval_moments(View(opened(tmp_path, m=[entry()]), "m"), interval_s)


def test_disagreement_moments_are_the_worst_frames_of_the_worst_seconds(tmp_path: Path) -> None:
    first = [entry(CAR), entry(CAR, DOG), entry(), entry(CAR)]
    second = [entry(CAR), entry(), entry(), entry(CAR, DOG)]
    comparison = compare(View(opened(tmp_path, fps=1, first=first, second=second), "first", 0.5), "second")
    assert disagreement_moments(comparison) == [
        Moment(1, "2 only in first, 0 only in second"),
        Moment(3, "0 only in first, 1 only in second"),
    ]
    assert [moment.entry for moment in disagreement_moments(comparison, max_seconds=1)] == [1]


def test_next_and_previous_moment() -> None:
    moments = in_order([Moment(9, "b"), Moment(4, "a")], [Moment(9, "c"), Moment(9, "b")])
    assert moments == [Moment(4, "a"), Moment(9, "b, c")]
    assert [next_moment(moments, at) for at in (0, 4, 8, 9)] == [moments[0], moments[1], moments[1], None]
    assert [previous_moment(moments, at) for at in (4, 5, 9, 10)] == [None, moments[0], moments[0], moments[1]]
    assert (next_moment([], 0), previous_moment([], 0)) == (None, None)


@pytest.mark.parametrize("time_range_s", [None, (10.1, 170.3)])
@pytest.mark.parametrize("class_name", [None, "x", "b"])
def test_the_representative_entry_has_most_detections_in_the_time_range(
    tmp_path: Path, class_name: str | None, time_range_s: tuple[float, float] | None
) -> None:
    frames = random_entries(9, 1000, crowd=4)
    view = View(opened(tmp_path, m=frames), "m", 0.6, ClassMapping.parse("a>x,c>x"), time_range_s)
    members = {None: "abc", "x": "ac", "b": "b"}[class_name]
    counts = count(view)
    for start, planned in zip(counts.starts.tolist(), counts.planned.tolist(), strict=True):
        inside = [at for at in range(start, start + planned) if at in view.entries]
        boxes = {at: (frames[at] or {"predictions": []})["predictions"] for at in inside}
        seen = {at: sum(one["class"] in members and one["confidence"] >= 0.6 for one in boxes[at]) for at in inside}
        analyzed = [at for at in inside if frames[at]] or inside
        expected = max(analyzed, key=lambda at: seen[at])  # on a tie the first one
        assert representative_entry(view, counts.starts, start, class_name) == expected


def test_without_detections_the_first_analyzed_entry_represents_a_point(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[entry(CAR), None, None, entry(), entry(DOG), None, None, None]), "m")
    starts = np.array([0, 2, 6])
    assert [representative_entry(view, starts, start, "car") for start in (0, 2, 6)] == [0, 3, 6]
    assert representative_entry(view, starts, 2) == 4


def test_next_with_detections_searches_both_ways(results: Results) -> None:
    view = View(results, "cars", 0.3)
    onwards = [next_with_detections(view, at) for at in (-1, 0, 2, 3, 4, 5)]
    assert onwards == [0, 3, 3, 5, 5, None]
    back = [next_with_detections(view, at, step=-1) for at in (6, 5, 3, 1, 0)]
    assert back == [5, 3, 0, 0, None]
    assert next_with_detections(view, 0, "person") == 5


def test_next_with_detections_finds_distant_entries_both_ways(tmp_path: Path) -> None:
    entries = [entry(box("car"))] + [entry()] * 20_000 + [entry(box("car"))]
    view = View(archived(tmp_path, document(*entries)), "cars", 0.3)
    assert next_with_detections(view, 0) == 20_001
    assert next_with_detections(view, 20_001, step=-1) == 0


def test_next_with_detections_counts_merged_and_shown_classes_only(results: Results) -> None:
    merged = View(results, "cars", 0.3, ClassMapping.parse("car>any,person>any"))
    assert next_with_detections(merged, 3, "any") == 5
    assert next_with_detections(View(results, "cars", 0.3, ClassMapping(shown=("person",))), -1) == 5


def test_detections_of_entries_are_counted_in_the_view(results: Results) -> None:
    view = View(results, next(iter(results.models)), 0.3)
    assert detections_at(view, [5, 0, 1, 4]).tolist() == [2, 2, 0, 0]
    assert detections_at(view, []).tolist() == []
