"""The history of a job on real databases: every move, every call, never changed afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from frametally.job import JobStatus
from frametally.ledger.events import Event, EventKind
from frametally.ledger.ledger import Store
from tests.support.ledgers import START, Clock, a_job, open_store


def asked(store: Store) -> list[tuple[datetime, str]]:
    return [(event.at, event.cause) for event in store.history("j1", kinds=[EventKind.ASKED])]


def test_every_move_is_written_with_its_time_and_cause(database_url: str, clock: Clock) -> None:
    with open_store(database_url, clock) as store:
        store.add(a_job(), cause="Dropped on the page.")
        clock.wait(5)
        store.move(store.job("j1"), JobStatus.UPLOADED)
        clock.wait(5)
        store.move(store.job("j1"), JobStatus.FAILED, failure="The key is refused.")
        told = [(event.kind, event.status, event.at - START, event.cause) for event in store.history("j1")]
    second = timedelta(seconds=1)
    assert told == [
        (EventKind.ADDED, JobStatus.CREATED, 0 * second, "Dropped on the page."),
        (EventKind.MOVED, JobStatus.UPLOADED, 5 * second, ""),
        (EventKind.MOVED, JobStatus.FAILED, 10 * second, "The key is refused."),
    ]


def test_a_move_that_is_not_made_leaves_no_trace(store: Store) -> None:
    store.add(a_job(status=JobStatus.CANCELLED))
    assert not store.move(store.job("j1"), JobStatus.SUCCEEDED)
    assert [event.kind for event in store.history("j1")] == [EventKind.ADDED]


def test_a_job_that_cannot_be_written_has_no_history(store: Store) -> None:
    store.add(a_job())
    with pytest.raises(sa.exc.IntegrityError):
        store.add(a_job())
    assert len(store.history("j1")) == 1


def test_every_call_to_a_service_is_written_even_one_that_should_not_have_been_made(store: Store) -> None:
    store.add(a_job())
    for seconds in (0, 60, 61):
        store.log_call("j1", START + timedelta(seconds=seconds), "running")
    assert asked(store) == [(START + timedelta(seconds=seconds), "running") for seconds in (0, 60, 61)]


def test_of_the_calls_that_a_service_invites_one_a_minute_is_written(store: Store) -> None:
    store.add(a_job())
    for seconds in range(150):
        store.log_call("j1", START + timedelta(seconds=seconds), f"{seconds} frames", invited=True)
    assert [at - START for at, _ in asked(store)] == [timedelta(seconds=seconds) for seconds in (0, 60, 120)]


def test_one_job_does_not_keep_the_calls_for_another_out(store: Store) -> None:
    for job_id in ("j1", "j2"):
        store.log_call(job_id, START, "running", invited=True)
    assert len(asked(store)) == len(store.history("j2")) == 1


def test_the_newest_of_a_long_history_is_read_in_its_order(store: Store) -> None:
    for number in range(5):
        store.log_act("j1", f"act {number}")
    assert [event.cause for event in store.history("j1", limit=2)] == ["act 3", "act 4"]
    assert store.history("j1")[0] == Event(at=START, kind=EventKind.ACT, status=None, cause="act 0")


def test_a_history_goes_with_its_job_and_with_nothing_else(store: Store) -> None:
    for job_id in ("j1", "j2"):
        store.add(a_job(job_id))
    store.remove("j1")
    assert store.history("j1") == []
    assert len(store.history("j2")) == 1
