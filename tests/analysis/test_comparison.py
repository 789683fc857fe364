"""Comparison of two models, compared with plain loops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis import matching
from frametally.analysis import view as view_module
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.comparison import Comparison, Second, compare, counts_of_both, rank_seconds, worst_entry
from frametally.analysis.view import View
from tests.support.opened_results import Entry, box, entry, opened, random_entries


def iou(a: dict[str, Any], b: dict[str, Any]) -> float:
    shared = 1.0
    for at, size in (("x", "width"), ("y", "height")):
        high = min(a[at] + a[size] / 2, b[at] + b[size] / 2)
        shared *= max(0.0, high - max(a[at] - a[size] / 2, b[at] - b[size] / 2))
    union = a["width"] * a["height"] + b["width"] * b["height"] - shared
    return shared / union if shared else 0.0


def pairs_of(boxes_a: list[dict[str, Any]], boxes_b: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Greedy matching as a plain loop."""
    every = [
        (-iou(a, b), i, j) for i, a in enumerate(boxes_a) for j, b in enumerate(boxes_b) if a["class"] == b["class"]
    ]
    pairs: list[tuple[int, int]] = []
    for _, i, j in sorted(pair for pair in every if -pair[0] >= 0.5):
        if all(i != a and j != b for a, b in pairs):
            pairs.append((i, j))
    return pairs


def counted(one: Entry, other: Entry, confidence: float, names: dict[str, str]) -> tuple[int, int, int] | None:
    if one is None or other is None:
        return None
    sides = [
        [{**found, "class": names.get(found["class"], found["class"])} for found in side["predictions"]]
        for side in (one, other)
    ]
    a, b = ([found for found in side if found["confidence"] >= confidence] for side in sides)
    matched = len(pairs_of(a, b))
    return matched, len(a) - matched, len(b) - matched


def rows_of(comparison: Comparison) -> list[tuple[int, int, int] | None]:
    rows = zip(comparison.matched.tolist(), comparison.only_a.tolist(), comparison.only_b.tolist(), strict=True)
    return [row if known else None for row, known in zip(rows, comparison.compared.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([], [], (0, 0, 0)),
        ([box("car")], [], (0, 1, 0)),
        ([box("car")], [box("car")], (1, 0, 0)),
        ([box("car")], [box("truck")], (0, 1, 1)),
        # Shifted by a third of the width, the IoU is 1/2; shifted further, it is too low.
        ([box("car", xywh=(30, 30, 30, 30))], [box("car", xywh=(40, 30, 30, 30))], (1, 0, 0)),
        ([box("car", xywh=(30, 30, 30, 30))], [box("car", xywh=(40.5, 30, 30, 30))], (0, 1, 1)),
        ([box("car", xywh=(30, 30, 30, 30))], [box("car", xywh=(30, 30, 60, 30))], (1, 0, 0)),
        ([box("car", xywh=(30, 30, 60, 30))], [box("car", xywh=(45, 30, 30, 30))], (1, 0, 0)),
        # One to one: a box of A matches one box of B only.
        ([box("car")], [box("car"), box("car", xywh=(51, 50, 20, 20))], (1, 0, 1)),
        # The best pair is matched first, although the other box of A then has no match.
        (
            [box("car", xywh=(30, 30, 20, 20)), box("car", xywh=(35, 30, 20, 20))],
            [box("car", xywh=(34, 30, 20, 20)), box("car", xywh=(200, 30, 20, 20))],
            (1, 1, 1),
        ),
        ([box("car", xywh=(30, 30, 0, 0))], [box("car", xywh=(30, 30, 0, 0))], (0, 1, 1)),
        ([box("car", xywh=(30, 30, -20, 20))], [box("car", xywh=(30, 30, -20, 20))], (0, 1, 1)),
        ([box("car", xywh=(3e30, 30, 20, 20))], [box("car", xywh=(30, 30, 20, 20))], (0, 1, 1)),
    ],
)
def test_boxes_with_enough_overlap_match(
    tmp_path: Path, a: list[dict[str, Any]], b: list[dict[str, Any]], expected: tuple[int, int, int]
) -> None:
    comparison = compare(View(opened(tmp_path, first=[entry(*a)], second=[entry(*b)]), "first", 0.5), "second")
    assert rows_of(comparison) == [expected]


@pytest.mark.parametrize("confidence", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("renames", ["", "a>c", "a>b,b>a,c>b"])
def test_random_boxes_match_as_in_a_plain_loop(tmp_path: Path, confidence: float, renames: str) -> None:
    first, second = random_entries(1, 120), random_entries(2, 120, classes="bcd")
    classes = ClassMapping.parse(renames)
    comparison = compare(View(opened(tmp_path, a=first, b=second), "a", confidence, classes), "b")
    expected = [
        counted(one, other, confidence, dict(classes.renames)) for one, other in zip(first, second, strict=True)
    ]
    assert rows_of(comparison) == expected
    assert np.count_nonzero(~comparison.compared) == expected.count(None)
    totals = np.sum([row for row in expected if row], axis=0)
    assert comparison.by_class.sum(axis=0).tolist() == totals.tolist()


@pytest.mark.parametrize("pairs_at_once", [1, 2000, matching._PAIRS_AT_ONCE])
def test_crowded_frames_match_as_in_a_plain_loop(
    tmp_path: Path, pairs_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "_PAIRS_AT_ONCE", pairs_at_once)
    first, second = (random_entries(seed, 12, classes="a", crowd=150) for seed in (5, 6))
    comparison = compare(View(opened(tmp_path, a=first, b=second), "a", 0.1), "b")
    assert rows_of(comparison) == [counted(one, other, 0.1, {}) for one, other in zip(first, second, strict=True)]


def test_chunks_and_time_ranges_do_not_change_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    view = View(opened(tmp_path, a=random_entries(1, 100), b=random_entries(2, 100)), "a", 0.2)
    whole = compare(view, "b")
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", 7)
    shares: list[float] = []
    pieces = compare(replace(view, time_range_s=(4.0, 12.0)), "b", shares.append)
    assert (pieces.start, len(pieces.time_s)) == (20, 41)
    assert rows_of(pieces) == rows_of(whole)[20:61]
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (6, 1.0)


def test_a_frame_that_one_model_did_not_analyze_is_not_compared(tmp_path: Path) -> None:
    results = opened(tmp_path, a=[entry(box("car")), entry(box("car")), None], b=[None, entry(), None])
    comparison = compare(View(results, "a", 0.5), "b")
    assert comparison.compared.tolist() == [False, True, False]
    assert rows_of(comparison) == [None, (0, 1, 0), None]
    assert comparison.by_class.tolist() == [[0, 1, 0]]


def test_without_compared_frames_no_second_is_ranked(tmp_path: Path) -> None:
    comparison = compare(View(opened(tmp_path, a=[None, entry()], b=[entry(), None]), "a", 0.5), "b")
    assert (comparison.compared.tolist(), rank_seconds(comparison)) == ([False, False], [])


def test_hidden_classes_are_not_compared(tmp_path: Path) -> None:
    results = opened(tmp_path, a=[entry(box("car"), box("dog"))], b=[entry(box("dog"), box("cat"))])
    comparison = compare(View(results, "a", 0.5, ClassMapping(shown=("dog", "cat"))), "b")
    assert (comparison.classes, rows_of(comparison)) == (("dog", "cat"), [(1, 0, 1)])


def test_boxes_are_scaled_between_picture_sizes(tmp_path: Path) -> None:
    large = entry(box("car", xywh=(400, 400, 100, 200)), wh=(1000, 1000))
    small = entry(box("car", xywh=(40, 80, 10, 40)), wh=(100, 200))
    comparison = compare(View(opened(tmp_path, a=[large], b=[small]), "a", 0.5), "b")
    assert rows_of(comparison) == [(1, 0, 0)]


def test_seconds_are_ranked_by_mean_disagreement_per_frame(tmp_path: Path) -> None:
    one, two, none = entry(box("x")), entry(box("x"), box("x", xywh=(200, 50, 20, 20))), entry()
    first = [one, none, two, two, None, two, one, one]
    second = [one, none, none, one, one, none, one, none]
    view = View(opened(tmp_path, fps=2, a=first, b=second), "a", 0.5)
    comparison = compare(view, "b")
    # Disagreements per compared frame: 2 and 1 in second 1, 2 in second 2, 0 and 1 in second 3.
    assert rank_seconds(comparison) == [Second(2, 2.0, 1, 5), Second(1, 1.5, 2, 2), Second(3, 0.5, 2, 7)]
    later = compare(replace(view, time_range_s=(1.5, 9)), "b")
    assert [second.worst_entry for second in rank_seconds(later)] == [5, 3, 7]


def test_comparison_is_symmetric(tmp_path: Path) -> None:
    results = opened(tmp_path, a=random_entries(8, 80), b=random_entries(9, 80))
    there, back = (compare(View(results, one, 0.3), other) for one, other in ("ab", "ba"))
    assert there.only_a.tolist() == back.only_b.tolist()
    assert there.matched.tolist() == back.matched.tolist()
    same = compare(View(results, "a", 0.3), "a")
    assert same.only_a.sum() == same.only_b.sum() == 0


def test_the_agreement_is_the_share_of_matched_pairs(tmp_path: Path) -> None:
    a = [entry(box("car", 0.9), box("car", 0.8, (150, 50, 20, 20))), entry(), None]
    b = [entry(box("car", 0.9)), entry(box("car", 0.9), box("van", 0.9)), entry(box("car", 0.9))]
    view = View(opened(tmp_path, a=a, b=b), "a")
    assert compare(view, "b").agreement == 1 / 4
    assert compare(replace(view, confidence=0.99), "b").agreement is None


def test_the_worst_entry_of_a_stretch_was_compared(tmp_path: Path) -> None:
    found = [entry(), entry(box("car", 0.9)), entry(box("car", 0.9), box("van", 0.9)), entry(box("car", 0.9))]
    results = opened(tmp_path, a=found, b=[entry(), entry(), None, entry()])
    comparison = compare(View(results, "a"), "b")
    assert [worst_entry(comparison, *stretch) for stretch in ((0, 4), (2, 4), (2, 3), (0, 1), (4, 9))] == [
        *(1, 3, None, 0, None)
    ]


def test_counts_of_both_models_have_the_same_points_and_columns(tmp_path: Path) -> None:
    a = [entry(box("car", 0.9)), None]
    b = [entry(box("van", 0.9), box("van", 0.8)), entry()]
    counts = counts_of_both(View(opened(tmp_path, a=a, b=b), "a"), "b")
    assert counts.classes == ("car", "van")
    np.testing.assert_array_equal(counts.a, [[1, 0], [np.nan, np.nan]])
    np.testing.assert_array_equal(counts.b, [[0, 2], [0, 0]])
