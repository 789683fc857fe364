"""Estimates from earlier jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from frametally.job import Job, JobStatus, ModelChoice
from frametally.jobs.eta import MIN_JOBS, Estimate, estimate
from tests.support.ledgers import START, a_job

CARS = ModelChoice(model_id="cars", version="2")
BIRDS = ModelChoice(model_id="birds", version="1")


def ran(run_s: float, *models: ModelChoice, frames: int = 100, **values: Any) -> Job:
    """A job that ran for `run_s`, a minute after it was created."""
    run_started_at = START + timedelta(minutes=1)
    known: dict[str, Any] = {
        "status": JobStatus.SUCCEEDED,
        "models": models or (CARS,),
        "frames": frames,
        "run_started_at": run_started_at,
        "checked_at": run_started_at + timedelta(seconds=run_s),
        "ended_at": run_started_at + timedelta(seconds=run_s + 5),
    }
    return a_job(**{**known, **values})


def test_fewer_than_three_jobs_give_no_estimate() -> None:
    jobs = [ran(100) for _ in range(MIN_JOBS)]
    assert MIN_JOBS == 3
    assert [estimate(jobs[:count], [CARS], 100) is not None for count in range(4)] == [False, False, False, True]


def test_the_range_covers_most_earlier_jobs() -> None:
    result = estimate([ran(seconds) for seconds in (100, 110, 120, 130, 140, 150)], [CARS], 200)
    assert result is not None
    assert [result.low_s, result.high_s, result.jobs] == pytest.approx([220, 280, 6])


def test_one_outlier_does_not_change_the_range() -> None:
    usual = [ran(seconds) for seconds in (100, 101, 102, 103, 104)]
    result = estimate([ran(50_000), *usual], [CARS], 100)
    assert result is not None
    assert 100 <= result.low_s <= result.high_s <= 104


def test_other_models_are_ignored_and_confidence_does_not_matter() -> None:
    others = [ran(1, BIRDS), ran(1, CARS, BIRDS), ran(1, ModelChoice(model_id="cars", version="3"))] * 3
    sure = ModelChoice(model_id="cars", version="2", confidence=0.9)
    assert estimate(others, [CARS], 100) is None
    assert estimate([*others, *[ran(50, sure)] * 3], [CARS], 100) == Estimate(low_s=50, high_s=50, jobs=3)


def test_models_that_ran_together_are_estimated_together_in_any_order() -> None:
    result = estimate([*[ran(9, CARS)] * 3, *[ran(9, BIRDS)] * 3, *[ran(40, BIRDS, CARS)] * 3], [CARS, BIRDS], 100)
    assert result == Estimate(low_s=40, high_s=40, jobs=3)


def test_estimates_of_single_models_are_added_up() -> None:
    result = estimate([*[ran(10, CARS)] * 3, *[ran(30, BIRDS)] * 4], [CARS, BIRDS], 200)
    assert result == Estimate(low_s=80, high_s=80, jobs=7)
    assert estimate([*[ran(10, CARS)] * 3, *[ran(30, BIRDS)] * 2], [CARS, BIRDS], 200) is None


def test_jobs_of_similar_size_are_preferred() -> None:
    """A short job mostly waits and loads, so it does not predict a long one, nor the reverse."""
    short = [ran(60, frames=10)] * 12
    long = [ran(600, frames=6000)] * 10
    assert estimate([*short, *long], [CARS], 8) == Estimate(low_s=48, high_s=48, jobs=10)
    assert estimate([*short, *long], [CARS], 3000) == Estimate(low_s=300, high_s=300, jobs=10)


@pytest.mark.parametrize(
    "unknown",
    [{"frames": None}, {"frames": 0}, {"run_started_at": None}, {"checked_at": None}, {"status": JobStatus.FAILED}],
)
def test_a_job_with_unknown_values_is_ignored(unknown: dict[str, Any]) -> None:
    assert estimate([ran(10), ran(10), ran(10, **unknown)], [CARS], 100) is None


def test_zero_frames_give_no_estimate() -> None:
    assert estimate([ran(10)] * 3, [CARS], 0) is None


def test_the_remaining_time_is_never_negative() -> None:
    result = Estimate(low_s=60, high_s=90, jobs=3)
    assert result.after(70) == Estimate(low_s=0, high_s=20, jobs=3)
    assert result.after(500) == Estimate(low_s=0, high_s=0, jobs=3)
