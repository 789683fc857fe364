"""The system clock is set forward or back by an hour: intervals hold, and no job waits longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from frametally.clock import ClockWatch
from frametally.contract import STATUS_FLOOR_S, RunProgress
from frametally.job import Job, JobStatus
from frametally.jobs.workflow import Workflow
from frametally.ledger.lease import LEASE_S
from frametally.ledger.set_clock.guard import ClockGuard
from frametally.ledger.set_clock.waits import shorten_waits
from frametally.notifications.rules.checks import RuleChecks
from tests.support.deployment import LocalDeployment, advance_due
from tests.support.ledgers import Clock, a_job
from tests.support.misbehaving import MisbehavingServer, answer

HOUR_S = 3600.0


class SetClock(Clock):
    """A clock that a test also sets, beside one that only runs."""

    def __init__(self) -> None:
        super().__init__()
        self.ran_s = 0.0

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        self.ran_s += seconds

    def set_by(self, seconds: float) -> None:
        super().wait(seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def workflow(deployed: LocalDeployment, clock: SetClock, server: MisbehavingServer) -> Workflow:
    """With a job that its service has reported on at this moment."""
    server.replies_with(answer({"status": 1}))
    deployed.ledger.add(a_job("j", status=JobStatus.SUBMITTED, remote_job_id="r"))
    flow = guarded(deployed, clock)
    assert advance_due(flow) == 1
    return flow


def guarded(deployed: LocalDeployment, clock: SetClock) -> Workflow:
    """As a process that starts now."""

    def steady() -> float:
        return clock.ran_s

    guard = ClockGuard(deployed.ledger, ClockWatch(clock, steady), steady)
    return replace(deployed.workflow, clock_guard=guard)


def seconds_until_asked(workflow: Workflow, clock: SetClock, server: MisbehavingServer) -> float:
    """How long the service is left alone, on a clock that only runs; the watcher looks every second."""
    before, calls = clock.ran_s, len(server.seen)
    while len(server.seen) == calls:
        clock.wait(1)
        advance_due(workflow)
        assert clock.ran_s - before < 2 * HOUR_S
    return clock.ran_s - before


@pytest.mark.parametrize("set_by_s", [0.0, 7.0, HOUR_S, -HOUR_S, -400 * HOUR_S])
def test_the_interval_of_status_calls_holds_when_the_clock_is_set(
    workflow: Workflow, clock: SetClock, server: MisbehavingServer, set_by_s: float
) -> None:
    clock.wait(10)
    advance_due(workflow)
    clock.set_by(set_by_s)
    asked_after_s = 10 + seconds_until_asked(workflow, clock, server)
    assert STATUS_FLOOR_S <= asked_after_s <= STATUS_FLOOR_S + 12
    assert STATUS_FLOOR_S <= seconds_until_asked(workflow, clock, server) <= STATUS_FLOOR_S + 2


def test_a_refresh_right_after_the_clock_was_set_forward_does_not_ask(
    workflow: Workflow, clock: SetClock, server: MisbehavingServer
) -> None:
    calls = len(server.seen)
    clock.set_by(HOUR_S)
    assert workflow.refresh("j", actor=None) is None
    assert len(server.seen) == calls
    clock.wait(STATUS_FLOOR_S)
    assert workflow.refresh("j", actor=None) is not None


def test_a_job_does_not_wait_for_an_hour_if_the_clock_was_set_back_while_no_process_ran(
    deployed: LocalDeployment, workflow: Workflow, clock: SetClock, server: MisbehavingServer
) -> None:
    del workflow
    clock.wait(10)
    clock.set_by(-HOUR_S)
    after_s = seconds_until_asked(guarded(deployed, clock), clock, server)
    assert STATUS_FLOOR_S - 10 <= after_s <= LEASE_S


def test_no_duration_of_a_run_is_computed_across_the_change(
    deployed: LocalDeployment, workflow: Workflow, clock: SetClock
) -> None:
    def stored() -> Job:
        return deployed.ledger.job("j")

    for set_by_s in (HOUR_S, -HOUR_S):
        started = clock.now - timedelta(minutes=5)
        deployed.ledger.update(stored(), run_started_at=started, run_progress=RunProgress(remaining_s=60.0))
        clock.set_by(set_by_s)
        advance_due(workflow)
        assert (stored().run_started_at, stored().run_progress) == (None, None)


@pytest.mark.parametrize("set_by_s", [HOUR_S, -HOUR_S])
def test_ages_of_open_jobs_stay_right_in_all_processes(
    deployed: LocalDeployment, workflow: Workflow, clock: SetClock, set_by_s: float
) -> None:
    other = guarded(deployed, clock)
    clock.wait(20)
    for process in (workflow, other):
        advance_due(process)
    clock.set_by(set_by_s)
    for process in (workflow, other):
        advance_due(process)
        job = deployed.ledger.job("j")
        assert job.checked_at is not None
        assert [(clock() - at).total_seconds() for at in (job.created_at, job.checked_at)] == [20, 20]


def test_two_processes_that_notice_the_same_change_leave_a_lease_in_place(
    deployed: LocalDeployment, clock: SetClock
) -> None:
    now: datetime = clock()
    deployed.ledger.add(a_job("held", status=JobStatus.SUBMITTED, next_check_at=now + timedelta(seconds=LEASE_S)))
    clock.set_by(-HOUR_S)
    for _ in range(2):
        shorten_waits(deployed.ledger, clock(), HOUR_S)
    left_s = (deployed.ledger.job("held").next_check_at - clock()).total_seconds()
    assert STATUS_FLOOR_S <= left_s <= LEASE_S


@pytest.mark.parametrize("is_checked", [True, False])
def test_a_job_waits_no_longer_if_the_clock_was_set_back_while_nothing_ran(
    deployed: LocalDeployment, clock: SetClock, is_checked: bool
) -> None:
    now = clock()
    times = {"created_at": now, "uploaded_at": now, "checked_at": now if is_checked else None}
    soon = now + timedelta(seconds=30)
    deployed.ledger.add(a_job("j", **times, next_check_at=soon, status=JobStatus.UPLOADED))
    clock.set_by(-24 * HOUR_S)
    guarded(deployed, clock).claim_due()
    job = deployed.job("j")
    assert job.next_check_at - clock() <= timedelta(seconds=STATUS_FLOOR_S)
    assert job.created_at == clock()


def test_a_service_is_not_silent_in_the_future_after_the_clock_was_set_back(
    workflow: Workflow, deployed: LocalDeployment, clock: SetClock
) -> None:
    assert deployed.job("j").last_known_at == clock()
    clock.set_by(-24 * HOUR_S)
    workflow.claim_due()
    assert deployed.job("j").last_known_at == clock()


def test_the_rules_of_a_camera_are_checked_no_later_after_the_clock_was_set_back(
    deployed: LocalDeployment, clock: SetClock
) -> None:
    deployed.ledger.add(a_job("j", status=JobStatus.SUCCEEDED), camera="dock 3")
    clock.set_by(-HOUR_S)
    shorten_waits(deployed.ledger, clock(), HOUR_S)
    clock.wait(STATUS_FLOOR_S)
    assert RuleChecks(deployed.ledger).claim(clock())
