"""Average precision, on cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from demo.scoring import Scene, average_precision, judge

A, B, C = [0.0, 0, 10, 10], [20.0, 0, 30, 10], [40.0, 0, 50, 10]


def scene(boxes: list[list[float]], confidence: list[float], objects: list[list[float]], uncounted: int = 0) -> Scene:
    counts = np.arange(len(objects)) < len(objects) - uncounted
    shaped = (np.array(some, dtype=float).reshape(-1, 4) for some in (boxes, objects))
    found, there = shaped
    return Scene(found, np.array(confidence), there, counts)


def test_finding_everything_and_nothing_else_is_one() -> None:
    assert average_precision([scene([A, B], [0.9, 0.8], [A, B])], 0.5) == pytest.approx(1)


def test_finding_half_is_half() -> None:
    assert average_precision([scene([A], [0.9], [A, B])], 0.5) == pytest.approx(51 / 101)


def test_a_false_one_costs_only_what_is_found_after_it() -> None:
    first = average_precision([scene([C, A], [0.9, 0.8], [A])], 0.5)
    last = average_precision([scene([A, C], [0.9, 0.8], [A])], 0.5)
    assert first == pytest.approx(0.5)
    assert last == pytest.approx(1)


def test_the_same_object_found_twice_is_one_found_and_one_false() -> None:
    right, left_out = judge(scene([A, A], [0.9, 0.8], [A]), 0.5)
    assert right.tolist() == [True, False]
    assert left_out.tolist() == [False, False]


def test_what_does_not_count_is_neither_right_nor_wrong() -> None:
    right, left_out = judge(scene([A, B], [0.9, 0.8], [A, B], uncounted=1), 0.5)
    assert (right.tolist(), left_out.tolist()) == ([True, False], [False, True])
    assert average_precision([scene([A, B], [0.8, 0.9], [A, B], uncounted=1)], 0.5) == pytest.approx(1)


def test_a_box_must_fit_well_enough() -> None:
    shifted = [4.0, 0, 14, 10]
    assert average_precision([scene([shifted], [0.9], [A])], 0.4) == pytest.approx(1)
    assert average_precision([scene([shifted], [0.9], [A])], 0.5) == 0


def test_nothing_found_is_zero() -> None:
    assert average_precision([scene([], [], [A])], 0.5) == 0
