"""The history of a job on real databases: transitions, status calls and actions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from frametally.job import JobStatus
from frametally.ledger.events import Actor, Event, EventKind
from frametally.ledger.ledger import Ledger
from tests.support.ledgers import START, Clock, a_job, open_ledger


def asked(ledger: Ledger) -> list[tuple[datetime, str]]:
    return [(event.at, event.cause) for event in ledger.history("j1", kinds=[EventKind.STATUS_CALL])]


def test_every_transition_is_recorded_with_its_time_cause_and_actor(database_url: str, clock: Clock) -> None:
    with open_ledger(database_url, clock) as ledger:
        ledger.add(a_job(owner="bob"), cause="Dropped on the page.")
        clock.wait(5)
        ledger.transition(ledger.job("j1"), JobStatus.UPLOADED)
        clock.wait(5)
        ledger.transition(ledger.job("j1"), JobStatus.FAILED, actor=Actor("ada"), failure="The key is refused.")
        history = ledger.history("j1")
        entries = [(event.kind, event.status, event.at - START, event.cause, event.actor) for event in history]
    second = timedelta(seconds=1)
    assert entries == [
        (EventKind.CREATED, JobStatus.CREATED, 0 * second, "Dropped on the page.", "bob"),
        (EventKind.TRANSITION, JobStatus.UPLOADED, 5 * second, "", None),
        (EventKind.TRANSITION, JobStatus.FAILED, 10 * second, "The key is refused.", "ada"),
    ]


def test_a_refused_transition_is_not_recorded(ledger: Ledger) -> None:
    ledger.add(a_job(status=JobStatus.CANCELLED))
    assert not ledger.transition(ledger.job("j1"), JobStatus.SUCCEEDED)
    assert [event.kind for event in ledger.history("j1")] == [EventKind.CREATED]


def test_a_job_that_was_not_added_has_no_history(ledger: Ledger) -> None:
    ledger.add(a_job())
    with pytest.raises(sa.exc.IntegrityError):
        ledger.add(a_job())
    assert len(ledger.history("j1")) == 1


def test_every_uninvited_status_call_is_recorded_even_below_the_floor(ledger: Ledger) -> None:
    ledger.add(a_job())
    for seconds in (0, 60, 61):
        ledger.log_call("j1", START + timedelta(seconds=seconds), "running")
    assert asked(ledger) == [(START + timedelta(seconds=seconds), "running") for seconds in (0, 60, 61)]


def test_one_invited_call_a_minute_is_recorded(ledger: Ledger) -> None:
    ledger.add(a_job())
    for seconds in range(150):
        ledger.log_call("j1", START + timedelta(seconds=seconds), f"{seconds} frames", invited=True)
    assert [at - START for at, _ in asked(ledger)] == [timedelta(seconds=seconds) for seconds in (0, 60, 120)]


def test_invited_calls_are_counted_by_job(ledger: Ledger) -> None:
    for job_id in ("j1", "j2"):
        ledger.log_call(job_id, START, "running", invited=True)
    assert len(asked(ledger)) == len(ledger.history("j2")) == 1


def test_the_newest_entries_are_read_oldest_first(ledger: Ledger) -> None:
    for number in range(5):
        ledger.log_action("j1", f"act {number}", actor=None)
    assert [event.cause for event in ledger.history("j1", limit=2)] == ["act 3", "act 4"]
    assert ledger.history("j1")[0] == Event(at=START, kind=EventKind.ACTION, status=None, cause="act 0")


def test_removing_a_job_removes_its_history_only(ledger: Ledger) -> None:
    for job_id in ("j1", "j2"):
        ledger.add(a_job(job_id))
    ledger.remove("j1")
    assert ledger.history("j1") == []
    assert len(ledger.history("j2")) == 1
