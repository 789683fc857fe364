"""Retries: back-off, Retry-After, and the errors that end them."""

from __future__ import annotations

import pytest

from frametally.backoff import Backoff
from frametally.errors import RateLimited
from frametally.network.retry import call_with_retries, parse_retry_after

BACKOFF = Backoff(first_s=1.0, max_s=8.0, factor=3, jitter=0)


class Flaky:
    """Raises the errors one after the other, then returns `done`."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.waits_s: list[float] = []

    def call(self, retries: int = 5) -> str:
        return call_with_retries(
            self._attempt,
            on=(RateLimited,),
            retries=retries,
            backoff=BACKOFF,
            max_wait_s=10.0,
            sleep=self.waits_s.append,
        )

    def _attempt(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def limited(retry_after_s: float | None = None) -> RateLimited:
    return RateLimited("Too many requests.", retry_after_s=retry_after_s)


def test_waits_grow_up_to_the_maximum() -> None:
    flaky = Flaky(*[limited()] * 4)
    assert flaky.call() == "done"
    assert flaky.waits_s == [1, 3, 8, 8]


def test_retry_after_is_used_if_it_is_longer_than_the_backoff() -> None:
    flaky = Flaky(limited(5), limited(0.1))
    assert flaky.call() == "done"
    assert flaky.waits_s == [5, 3]


def test_last_error_is_raised() -> None:
    first, last = limited(), limited()
    with pytest.raises(RateLimited) as caught:
        Flaky(first, last).call(retries=1)
    assert caught.value is last


def test_longer_wait_than_the_maximum_is_left_to_the_caller() -> None:
    flaky = Flaky(limited(11))
    with pytest.raises(RateLimited):
        flaky.call()
    assert flaky.waits_s == []


def test_other_errors_and_zero_retries_are_raised_at_once() -> None:
    for flaky, retries in ((Flaky(KeyError()), 5), (Flaky(limited()), 0)):
        with pytest.raises((KeyError, RateLimited)):
            flaky.call(retries)
        assert flaky.waits_s == []


def test_jitter_lengthens_a_wait_by_at_most_its_share() -> None:
    backoff = Backoff(first_s=1.0, max_s=8.0, jitter=0.2)
    assert all(1.0 <= backoff.wait_s(0) <= 1.2 for _ in range(100))
    assert len({backoff.wait_s(0) for _ in range(100)}) > 1
    assert 8.0 <= backoff.wait_s(10_000) <= 9.6


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [(None, None), ("", None), ("soon", None), ("nan", None), ("²", None), ("90", 90), ("-5", 0), ("inf", 3600)],
)
def test_retry_after_is_clamped_to_an_hour_or_ignored(header: str | None, wait_s: float | None) -> None:
    assert parse_retry_after(header) == wait_s
