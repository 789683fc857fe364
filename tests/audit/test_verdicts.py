"""What people have seen, independent of model and threshold, becomes counts, matches and estimates per class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.audit.agreement import Answer, agreed, is_same
from frametally.audit.population import packed, unpacked
from frametally.audit.seen import (
    MAX_BOXES,
    MAX_COUNT,
    Seen,
    SeenBox,
    SeenCount,
    as_boxes,
    columns,
    groups_of,
    with_earlier,
)
from frametally.audit.table import rows
from frametally.audit.threshold import LeastBias, least_bias
from frametally.audit.verdicts import verdicts
from frametally.errors import AuditError
from frametally.results import Boxes
from tests.support.opened_results import box, entry, opened

LEFT, RIGHT, TOP = (0.1, 0.1, 0.3, 0.3), (0.6, 0.1, 0.8, 0.3), (0.4, 0.0, 0.5, 0.1)
CAR, TRUCK = ("car",), ("truck",)


def boxes(*found: tuple[int, tuple[float, float, float, float]]) -> Boxes:
    codes = np.array([code for code, _ in found], dtype=np.int32)
    return as_boxes(codes, np.array([xyxy for _, xyxy in found], dtype=np.float64).reshape(-1, 4))


def seen(
    *true: tuple[int, tuple[float, float, float, float]], groups: Any = (CAR, TRUCK), unclear: bool = False
) -> Seen:
    return Seen(groups, tuple(SeenBox(code, xyxy) for code, xyxy in true), unclear)


def test_each_box_is_right_false_or_missed_per_class() -> None:
    found = boxes((0, LEFT), (0, RIGHT), (1, TOP))
    true = seen((0, LEFT), (1, RIGHT), (1, TOP))  # one car is a truck
    compared = verdicts((CAR, TRUCK), [(found, np.array([2, 1]), true)])
    assert compared.found.tolist() == [[2, 1]]
    assert compared.true.tolist() == [[1, 2]]
    assert compared.matched.tolist() == [[1, 1]]
    assert compared.is_known.all()


def test_frames_of_which_a_person_could_not_tell_are_left_out_not_counted_as_empty() -> None:
    compared = verdicts((CAR,), [(boxes((0, LEFT)), np.array([1]), seen(groups=(CAR,), unclear=True))])
    assert compared.found.shape == (0, 1)
    assert compared.checks(np.array([[1], [1]]), 0).frames == 0


def test_a_class_that_was_not_asked_about_is_unknown_not_missing() -> None:
    only_cars = seen((0, LEFT), groups=(CAR,))
    both = seen((0, LEFT), (1, RIGHT))
    found = boxes((0, LEFT), (1, RIGHT))
    compared = verdicts((CAR, TRUCK), [(found, np.array([1, 1]), answer) for answer in (only_cars, both)])
    everything = np.ones((4, 2), dtype=np.int64)
    assert [compared.checks(everything, column).frames for column in (0, 1)] == [2, 1]
    assert compared.of_all_classes(everything).frames == 1


def test_merged_classes_are_known_if_everything_they_merge_was_asked_about() -> None:
    vehicle = ("car", "truck")
    assert columns((CAR, TRUCK), (vehicle,)).is_known.tolist() == [True]
    assert columns((CAR, TRUCK), (vehicle,)).of_group.tolist() == [0, 0]
    assert columns((CAR,), (vehicle,)).is_known.tolist() == [False]
    assert columns((vehicle,), (CAR, TRUCK)).is_known.tolist() == [False, False]
    assert columns((vehicle,), (CAR, TRUCK)).of_group.tolist() == [-1]


def test_the_classes_of_a_view_are_those_that_it_merges(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[entry(box("car"), box("truck"), box("bus"))])
    view = View(results, "m", classes=ClassMapping((("truck", "car"),), shown=("car",)))
    assert [sorted(group) for group in groups_of(view)] == [["car", "truck"]]


def test_another_threshold_of_the_same_checks_gives_its_own_numbers() -> None:
    answers = [seen((0, LEFT), (0, RIGHT), groups=(CAR,)) for _ in range(6)]
    strict = verdicts((CAR,), [(boxes((0, LEFT)), np.array([1]), answer) for answer in answers])
    lax = verdicts((CAR,), [(boxes((0, LEFT), (0, RIGHT)), np.array([2]), answer) for answer in answers])
    (low,), (high,) = (rows(["car"], np.full((60, 1), n), found) for n, found in ((1, strict), (2, lax)))
    assert low.mean is not None
    assert high.mean is not None
    assert (low.mean.model, low.mean.corrected) == (1, 2)
    assert (high.mean.model, high.mean.corrected) == (2, 2)
    assert low.recall is not None
    assert (low.recall.value, high.recall.value if high.recall else None) == (0.5, 1.0)


def test_beyond_the_planned_frames_the_interval_is_wider_and_quality_is_left_out() -> None:
    rng = np.random.default_rng(1)
    answers = [seen(*([(0, LEFT), (0, RIGHT)][: rng.integers(3)]), groups=(CAR,)) for _ in range(30)]
    found = verdicts((CAR,), [(boxes((0, LEFT)), np.array([1]), answer) for answer in answers])
    everything = np.ones((1000, 1), dtype=np.int64)
    (planned,), (beyond,) = (rows(["car"], everything, found, exceeded) for exceeded in (None, 20))
    assert planned.mean is not None
    assert beyond.mean is not None
    assert beyond.mean.interval.low < planned.mean.interval.low
    assert beyond.mean.interval.high > planned.mean.interval.high
    assert planned.precision is not None
    assert beyond.precision is None


def test_the_first_person_counts_and_who_disagrees_is_named() -> None:
    both, here, there = (CAR, TRUCK), seen((0, LEFT)), seen((0, LEFT), (0, RIGHT))
    moved = seen((0, (0.11, 0.1, 0.31, 0.3)))
    found = agreed(
        [Answer(1, "ann", here), Answer(1, "bob", there), Answer(1, "cid", moved), Answer(2, "bob", there)], both
    )
    assert (found[1].seen, found[1].disagreeing) == (here, ("ann", "bob"))
    assert found[2].disagreeing == ()
    assert agreed([Answer(1, "ann", here), Answer(1, "bob", seen(unclear=True))], both)[1].disagreeing == ("ann", "bob")
    cars = seen((0, LEFT), groups=(CAR,))
    other_class = agreed([Answer(1, "ann", here), Answer(1, "bob", cars)], both)
    assert other_class[1].disagreeing == ()  # bob was not asked about trucks
    assert agreed([Answer(1, "bob", cars), Answer(1, "ann", here)], both)[1].seen == here


def test_a_typed_number_counts_agrees_by_number_and_leaves_out_quality() -> None:
    typed = Seen((CAR, TRUCK), (SeenBox(1, TOP),), counts=(SeenCount(0, 2),))
    found = boxes((0, LEFT), (1, TOP))
    compared = verdicts((CAR, TRUCK), [(found, np.array([1, 1]), typed)])
    assert (compared.true.tolist(), compared.has_boxes.tolist()) == ([[2, 1]], [[False, True]])
    everything = np.ones((9, 2), dtype=np.int64)
    assert compared.checks(everything, 0).matched is None
    assert compared.checks(everything, None, with_boxes=True).frames == 0
    merged = verdicts((("car", "truck"),), [(boxes((0, LEFT)), np.array([1]), typed)])
    assert (merged.true.tolist(), merged.has_boxes.tolist()) == ([[3]], [[False]])
    marked = seen((0, LEFT), (0, RIGHT), (1, TOP))
    assert is_same(typed, marked)
    assert not is_same(typed, seen((0, LEFT), (1, TOP)))
    assert not is_same(typed, seen((0, LEFT), (0, RIGHT), (1, LEFT)))
    assert is_same(typed, seen(groups=(("bus",),)))  # nothing that both were asked about
    now = Seen((TRUCK,), (SeenBox(0, LEFT),))
    assert with_earlier(now, typed) == Seen((TRUCK, CAR), (SeenBox(0, LEFT),), counts=(SeenCount(1, 2),))


@pytest.mark.parametrize("counts", [[(2, 1)], [(0, -1)], [(0, MAX_COUNT + 1)], [(0, 1), (0, 2)], [(1, 1)]])
def test_numbers_of_no_class_twice_or_beside_boxes_are_refused(counts: list[tuple[int, int]]) -> None:
    wrong = Seen((CAR, TRUCK), (SeenBox(1, TOP),), counts=tuple(SeenCount(*one) for one in counts))
    with pytest.raises(AuditError):
        wrong.to_json()


def test_what_was_seen_is_kept_as_json_and_refused_if_it_is_no_box() -> None:
    answer = seen((0, LEFT), (1, RIGHT))
    assert Seen.from_json(answer.to_json()) == answer
    earlier = '{"groups":[["car"]],"boxes":[[0,[0.1,0.1,0.3,0.3]]],"is_unclear":false}'  # before numbers could be typed
    assert Seen.from_json(earlier) == Seen((CAR,), (SeenBox(0, LEFT),))
    for wrong in (seen((2, LEFT)), seen((0, (0.3, 0.1, 0.1, 0.3))), seen((0, (0.1, 0.1, float("nan"), 0.3)))):
        with pytest.raises(AuditError):
            wrong.to_json()
    with pytest.raises(AuditError, match="at most"):
        seen(*[(0, LEFT)] * (MAX_BOXES + 1)).to_json()


def test_the_frames_that_could_be_drawn_are_kept_in_little_space() -> None:
    times = np.arange(-512, 144_000 * 1001, 1001, dtype=np.int64)
    assert unpacked(packed(times)).tolist() == times.tolist()
    assert len(json.dumps(packed(times))) < 5000
    assert len(unpacked(packed(times[:0]))) == 0


def test_the_threshold_with_the_least_bias_is_the_one_that_counts_what_was_seen() -> None:
    confidences = np.array([0.9, 0.8, 0.6, 0.41, 0.3, 0.2, 0.1])
    found = least_bias(confidences, objects=4, frames=2, confidence=0.25)
    assert found == LeastBias(0.31, 0.0, 0.5)
    assert least_bias(confidences, objects=5, frames=2, confidence=0.25) == LeastBias(0.25, 0.0, 0.0)
    assert least_bias(confidences[:0], objects=0, frames=0, confidence=0.25) is None
