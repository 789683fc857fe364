"""Corrected counts, beside the textbook and beside the truth of many samples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from frametally.audit import Checks, f1, mean_count, precision, presence, recall, sample, total
from frametally.audit.estimates import MIN_FRAMES, more_to_halve
from frametally.audit.intervals import of_ratio, of_share, of_signs
from frametally.audit.sequential import of_mean_at_any_time

FOUND = np.array([3, 5, 2, 8, 4, 6, 3, 5, 7, 4])
TRUE = np.array([3, 4, 2, 5, 4, 6, 3, 6, 7, 4])
ALL = np.tile(FOUND, 10)
T_975_OF_9 = 2.262157162798205
"""Of Student's distribution with 9 degrees of freedom; scipy.stats takes a second to import."""
EXACT_17_OF_20 = (0.6210731734547044, 0.9679290628144552)
"""The interval of Clopper and Pearson that holds with 95 %."""


def checks(found: np.ndarray = FOUND, true: np.ndarray = TRUE, everything: np.ndarray = ALL) -> Checks:
    return Checks(everything, found, true, np.minimum(found, true))


def test_the_mean_is_that_of_the_model_corrected_by_the_differences() -> None:
    found = mean_count(checks())
    assert found
    differences = TRUE - FOUND
    half = T_975_OF_9 * math.sqrt(0.9 * differences.var(ddof=1) / 10)
    assert found.model == FOUND.mean()
    assert found.corrected == pytest.approx(TRUE.mean())
    assert found.interval == pytest.approx((TRUE.mean() - half, TRUE.mean() + half))
    of_all = total(checks())
    assert of_all
    assert (of_all.model, of_all.corrected) == pytest.approx((470, 440))
    assert of_all.interval.high == pytest.approx(100 * found.interval.high)


def test_all_checked_right_still_leaves_an_interval_until_every_frame_is_checked() -> None:
    found = mean_count(checks(true=FOUND))
    assert found
    assert found.interval.low < found.corrected == found.model < found.interval.high
    whole = mean_count(checks(everything=FOUND))
    assert whole
    assert whole.interval == pytest.approx((4.4, 4.4))


def test_shares_stay_between_0_and_1() -> None:
    for of in (presence, precision, recall, f1):
        found = of(checks(true=FOUND))
        assert found
        assert 0 <= found.interval.low < 1 == found.interval.high


def test_too_few_frames_say_nothing() -> None:
    few = Checks(ALL, FOUND[: MIN_FRAMES - 1], TRUE[: MIN_FRAMES - 1])
    assert [of(few) for of in (mean_count, total, presence, precision)] == [None] * 4
    nothing = Checks(np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    assert mean_count(nothing) is None
    assert precision(Checks(ALL, FOUND, TRUE)) is None  # only numbers were typed
    without_boxes = checks(np.zeros(10, dtype=int), np.zeros(10, dtype=int))
    assert precision(without_boxes) is None


def test_errors_in_both_directions_in_most_frames_are_held_as_well() -> None:
    rng = np.random.default_rng(3)
    for share in (0.5, 0.45, 0.3):
        values = rng.choice([1.0, -1.0, 0.0], (300, 40), p=[share, share, 1 - 2 * share])
        held = [low <= 0 <= high for low, high in (of_signs(row, 1.0) for row in values)]
        assert np.mean(held) >= 0.93, share


def test_a_share_has_the_exact_interval_and_clusters_a_wider_one() -> None:
    assert of_share(17, 20) == pytest.approx(EXACT_17_OF_20)
    wholes = np.full(20, 5.0)
    spread, clustered = np.full(20, 4.0), np.repeat([5.0, 0.0], [16, 4])
    narrow, wide = (of_ratio(parts, wholes, 1.0) for parts in (spread, clustered))
    assert wide.high - wide.low > narrow.high - narrow.low


def test_checks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        Checks(ALL, FOUND, TRUE[:5])
    with pytest.raises(ValueError, match="more matches than boxes"):
        Checks(ALL, FOUND, TRUE, FOUND)


def test_four_times_as_many_frames_halve_the_interval_of_a_long_video() -> None:
    long = Checks(np.tile(FOUND, 100_000), FOUND, TRUE)
    assert more_to_halve(long) == 30
    assert more_to_halve(checks()) < 30  # of a hundred frames, the checked ones are known


def test_intervals_of_a_sample_hold_the_truth() -> None:
    """The short form of `tests.soak.audits`, with errors that last for seconds, as those of models do."""
    rng = np.random.default_rng(1)
    load = 4 + 3 * np.sin(np.arange(375) / 40)
    true = rng.poisson(load)
    errors = np.convolve(rng.normal(0, 0.6, 375), np.ones(12), "same") / 2
    found = np.maximum(true + np.round(errors).astype(int), 0)
    held = np.zeros(3)
    for seed in range(300):
        entries = sample(np.arange(375), 40, seed)
        side = Checks(found, found[entries], true[entries], np.minimum(found, true)[entries])
        for at, (of, truth) in enumerate(
            (
                (mean_count, true.mean()),
                (presence, (true > 0).mean()),
                (precision, np.minimum(found, true).sum() / found.sum()),
            )
        ):
            estimate = of(side)
            assert estimate
            held[at] += estimate.interval.low <= truth <= estimate.interval.high
    assert (held / 300 >= 0.93).all()


def test_the_sequential_interval_holds_at_all_sizes_at_once() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        values = rng.normal(1, 2, 200)
        intervals = [of_mean_at_any_time(values[:size], 40) for size in range(10, 201, 10)]
        held += all(low <= 1 <= high for low, high in intervals)
    assert held / 300 >= 0.93
