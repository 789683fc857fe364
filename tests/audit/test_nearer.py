"""Which of two models counts nearer to what was seen, in the same frames."""

from __future__ import annotations

import numpy as np
import pytest

from frametally.audit.nearer import Errors, Side, nearer

RNG = np.random.default_rng(5)
TRUE = RNG.integers(0, 6, (40, 2))
GOOD = TRUE + (RNG.random((40, 2)) < 0.1)
BAD = np.maximum(TRUE - RNG.integers(0, 3, (40, 2)), 0)


def test_the_better_model_is_named_whichever_side_it_is_on() -> None:
    found, turned = nearer(TRUE, GOOD, BAD, 400), nearer(TRUE, BAD, GOOD, 400)
    assert found
    assert turned
    assert (found.nearer, turned.nearer) == (Side.ONE, Side.OTHER)
    assert (found.one, found.other) == (turned.other, turned.one)
    assert found.difference
    assert turned.difference
    assert found.difference == pytest.approx((-turned.difference.high, -turned.difference.low))
    assert found.difference.low < found.other.mean_absolute - found.one.mean_absolute < found.difference.high
    assert found.one == Errors(float((GOOD - TRUE).sum() / 40), float(np.abs(GOOD - TRUE).sum() / 40))


def test_errors_of_two_classes_do_not_cancel_each_other() -> None:
    found = nearer(np.array([[3, 3]] * 8), np.array([[2, 4]] * 8), np.array([[3, 3]] * 8), 100)
    assert found
    assert (found.one, found.other) == (Errors(0, 2), Errors(0, 0))


def test_a_difference_that_may_be_0_and_too_few_frames_say_nothing() -> None:
    same = nearer(TRUE, GOOD, GOOD, 400)
    few = nearer(TRUE[:4], GOOD[:4], BAD[:4], 400)
    assert same
    assert few
    assert (same.nearer, few.nearer, few.difference) == (Side.UNKNOWN, Side.UNKNOWN, None)
    assert nearer(TRUE[:0], GOOD[:0], BAD[:0], 400) is None


def test_beyond_the_planned_frames_the_interval_is_wider() -> None:
    planned, beyond = nearer(TRUE, GOOD, BAD, 400), nearer(TRUE, GOOD, BAD, 400, exceeded=20)
    assert planned
    assert planned.difference
    assert beyond
    assert beyond.difference
    assert beyond.difference.low < planned.difference.low < planned.difference.high < beyond.difference.high
