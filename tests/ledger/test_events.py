"""The history of a job on real databases: every move, every call, never changed afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from frametally.job import JobStatus
from frametally.ledger.events import Event, EventKind
from frametally.ledger.ledger import Ledger
from tests.support.ledgers import START, Clock, a_job, open_ledger


def asked(ledger: Ledger) -> list[tuple[datetime, str]]:
    return [(event.at, event.cause) for event in ledger.history("j1", kinds=[EventKind.ASKED])]


def test_every_move_is_written_with_its_time_and_cause(database_url: str, clock: Clock) -> None:
    with open_ledger(database_url, clock) as ledger:
        ledger.add(a_job(), cause="Dropped on the page.")
        clock.wait(5)
        ledger.transition(ledger.job("j1"), JobStatus.UPLOADED)
        clock.wait(5)
        ledger.transition(ledger.job("j1"), JobStatus.FAILED, failure="The key is refused.")
        told = [(event.kind, event.status, event.at - START, event.cause) for event in ledger.history("j1")]
    second = timedelta(seconds=1)
    assert told == [
        (EventKind.ADDED, JobStatus.CREATED, 0 * second, "Dropped on the page."),
        (EventKind.MOVED, JobStatus.UPLOADED, 5 * second, ""),
        (EventKind.MOVED, JobStatus.FAILED, 10 * second, "The key is refused."),
    ]


def test_a_move_that_is_not_made_leaves_no_trace(ledger: Ledger) -> None:
    ledger.add(a_job(status=JobStatus.CANCELLED))
    assert not ledger.transition(ledger.job("j1"), JobStatus.SUCCEEDED)
    assert [event.kind for event in ledger.history("j1")] == [EventKind.ADDED]


def test_a_job_that_cannot_be_written_has_no_history(ledger: Ledger) -> None:
    ledger.add(a_job())
    with pytest.raises(sa.exc.IntegrityError):
        ledger.add(a_job())
    assert len(ledger.history("j1")) == 1


def test_every_call_to_a_service_is_written_even_one_that_should_not_have_been_made(ledger: Ledger) -> None:
    ledger.add(a_job())
    for seconds in (0, 60, 61):
        ledger.log_call("j1", START + timedelta(seconds=seconds), "running")
    assert asked(ledger) == [(START + timedelta(seconds=seconds), "running") for seconds in (0, 60, 61)]


def test_of_the_calls_that_a_service_invites_one_a_minute_is_written(ledger: Ledger) -> None:
    ledger.add(a_job())
    for seconds in range(150):
        ledger.log_call("j1", START + timedelta(seconds=seconds), f"{seconds} frames", invited=True)
    assert [at - START for at, _ in asked(ledger)] == [timedelta(seconds=seconds) for seconds in (0, 60, 120)]


def test_one_job_does_not_keep_the_calls_for_another_out(ledger: Ledger) -> None:
    for job_id in ("j1", "j2"):
        ledger.log_call(job_id, START, "running", invited=True)
    assert len(asked(ledger)) == len(ledger.history("j2")) == 1


def test_the_newest_of_a_long_history_is_read_in_its_order(ledger: Ledger) -> None:
    for number in range(5):
        ledger.log_act("j1", f"act {number}", actor=None)
    assert [event.cause for event in ledger.history("j1", limit=2)] == ["act 3", "act 4"]
    assert ledger.history("j1")[0] == Event(at=START, kind=EventKind.ACT, status=None, cause="act 0")


def test_a_history_goes_with_its_job_and_with_nothing_else(ledger: Ledger) -> None:
    for job_id in ("j1", "j2"):
        ledger.add(a_job(job_id))
    ledger.remove("j1")
    assert ledger.history("j1") == []
    assert len(ledger.history("j2")) == 1
