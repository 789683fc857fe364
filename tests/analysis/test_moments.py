"""Moments worth a look, against plain loops."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.comparison import compare
from frametally.analysis.moments import (
    Extremes,
    Moment,
    every,
    extremes,
    in_order,
    next_moment,
    of_classes,
    of_disagreement,
    previous_moment,
    proof_of,
)
from frametally.analysis.summary import counts_of
from frametally.analysis.view import View
from frametally.results import tables as parquet
from tests.support.documents import windowed
from tests.support.opened_results import box, entry, opened, random_entries

CAR, DOG = box("car"), box("dog")


def test_a_class_peaks_comes_and_goes(tmp_path: Path) -> None:
    frames = [entry(), entry(CAR), None, entry(CAR, CAR, DOG), entry(CAR, CAR), entry(CAR), entry()]
    found = extremes(View(opened(tmp_path, m=frames), "m"))
    assert found == [Extremes("car", 6, 4, 2, 3, 1, 5), Extremes("dog", 1, 1, 1, 3, 3, 3)]
    assert of_classes(found) == [
        Moment(1, "car first seen"),
        Moment(3, "peak of car: 2; peak of dog: 1; dog first seen; dog last seen"),
        Moment(5, "car last seen"),
    ]


def test_a_class_that_is_never_there_has_no_moment(tmp_path: Path) -> None:
    found = extremes(View(opened(tmp_path, m=[entry(CAR)]), "m", confidence=0.95))
    assert found == [Extremes("car", 0, 0, 0, None, None, None)]
    assert of_classes(found) == []


@pytest.mark.parametrize("group_bytes", [1, 4000, 1 << 20])
@pytest.mark.parametrize("renames", ["", "a>b"])
@pytest.mark.parametrize("window_s", [None, (3.0, 11.0)])
def test_random_results_peak_where_a_plain_loop_finds_it(
    tmp_path: Path,
    group_bytes: int,
    renames: str,
    window_s: tuple[float, float] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet, "_ROW_GROUP_BYTES", group_bytes)
    frames = random_entries(7, 90)
    classes = ClassMapping.parse(renames)
    content = json.dumps({"frame_offset": [*range(90)], "time_offset": [at / 5 for at in range(90)], "m": frames})
    view = View(windowed(tmp_path, content.encode(), 1000), "m", 0.6, classes, window_s)
    assert (len(list(view.results.confidence_pieces("m"))) > 1) == (group_bytes < 1 << 20)
    first, last = (0, 90) if window_s is None else (15, 56)
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


def test_every_so_many_seconds_comes_the_next_analyzed_frame(tmp_path: Path) -> None:
    frames = [entry() for _ in range(31)]  # 5 a second: 0 to 6 s
    frames[10] = frames[11] = None
    frames[20:30] = [None] * 10
    view = View(opened(tmp_path, m=frames), "m")
    assert [moment.entry for moment in every(view, 1)] == [0, 5, 12, 15, 30]
    assert [moment.entry for moment in every(view, 2.0)] == [0, 12, 30]
    assert [moment.entry for moment in every(view, 0.2)] == [at for at, frame in enumerate(frames) if frame]
    assert every(view, 2)[1].reason == "every 2 s: 2 s"


def test_a_multiple_is_met_though_floats_are_not_exact(tmp_path: Path) -> None:
    view = View(opened(tmp_path, fps=10, m=[entry() for _ in range(200)]), "m")
    assert [moment.entry for moment in every(view, 0.3)] == list(range(0, 200, 3))


@pytest.mark.parametrize("interval_s", [0, -1, float("nan")])
def test_an_interval_is_above_zero(tmp_path: Path, interval_s: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        every(View(opened(tmp_path, m=[entry()]), "m"), interval_s)


def test_the_worst_frames_of_the_worst_seconds_are_moments(tmp_path: Path) -> None:
    first = [entry(CAR), entry(CAR, DOG), entry(), entry(CAR)]
    second = [entry(CAR), entry(), entry(), entry(CAR, DOG)]
    comparison = compare(opened(tmp_path, fps=1, first=first, second=second), "first", "second", 0.5)
    assert of_disagreement(comparison) == [
        Moment(1, "2 only in first, 0 only in second"),
        Moment(3, "0 only in first, 1 only in second"),
    ]
    assert [moment.entry for moment in of_disagreement(comparison, most=1)] == [1]


def test_one_steps_from_moment_to_moment() -> None:
    moments = in_order([Moment(9, "b"), Moment(4, "a")], [Moment(9, "c"), Moment(9, "b")])
    assert moments == [Moment(4, "a"), Moment(9, "b; c")]
    assert [next_moment(moments, at) for at in (0, 4, 8, 9)] == [moments[0], moments[1], moments[1], None]
    assert [previous_moment(moments, at) for at in (4, 5, 9, 10)] == [None, moments[0], moments[0], moments[1]]
    assert (next_moment([], 0), previous_moment([], 0)) == (None, None)


@pytest.mark.parametrize("window_s", [None, (10.1, 170.3)])
@pytest.mark.parametrize("class_name", [None, "x", "b"])
def test_a_point_is_proved_by_its_fullest_entry_in_the_window(
    tmp_path: Path, class_name: str | None, window_s: tuple[float, float] | None
) -> None:
    frames = random_entries(9, 1000, crowd=4)
    view = View(opened(tmp_path, m=frames), "m", 0.6, ClassMapping.parse("a>x,c>x"), window_s)
    members = {None: "abc", "x": "ac", "b": "b"}[class_name]
    counts = counts_of(view)
    for start, planned in zip(counts.starts.tolist(), counts.planned.tolist(), strict=True):
        inside = [at for at in range(start, start + planned) if at in view.entries]
        boxes = {at: (frames[at] or {"predictions": []})["predictions"] for at in inside}
        seen = {at: sum(one["class"] in members and one["confidence"] >= 0.6 for one in boxes[at]) for at in inside}
        analyzed = [at for at in inside if frames[at]] or inside
        expected = max(analyzed, key=lambda at: seen[at])  # the first of as many
        assert proof_of(view, counts.starts, start, class_name) == expected


def test_a_point_without_detections_is_proved_by_its_first_analyzed_entry(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[entry(CAR), None, None, entry(), entry(DOG), None, None, None]), "m")
    starts = np.array([0, 2, 6])
    assert [proof_of(view, starts, start, "car") for start in (0, 2, 6)] == [0, 3, 6]
    assert proof_of(view, starts, 2) == 4
