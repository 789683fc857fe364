"""Jobs of the built-in engine of a dashboard that is gone are given up by the others, and no others are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from components.jobs.job_actions import job_actions
from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.contract import STATUS_FLOOR_S
from frametally.job import JobStatus
from frametally.jobs.abandoned import ABANDONED_LOOKS, LOOK_EVERY_S, AbandonedJobs
from frametally.jobs.actions import duplicate, retry
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from tests.support.deployment import MOTION, LocalDeployment
from tests.support.ledgers import Clock, a_job


def engine() -> VideoInferenceClient:
    raise AssertionError("no engine is asked")


@pytest.fixture
def clients() -> ClientRegistry:
    return ClientRegistry("secret", engine, engine_id="b")


def test_its_retry_goes_to_the_engine_of_this_dashboard(
    deployed: LocalDeployment, clients: ClientRegistry, clock: Clock, small_video: Path
) -> None:
    gone = replace(deployed.submit(small_video), id="gone", key_id="a", status=JobStatus.LOST)
    deployed.ledger.add(gone)
    again = retry(deployed.ledger, deployed.library, "gone", clock(), actor=None, clients=clients)
    assert (again.key_id, again.models, again.status) == ("b", gone.models, JobStatus.CREATED)
    other = duplicate(deployed.ledger, deployed.library, "gone", [MOTION], 2.0, clock(), actor=None, clients=clients)
    assert (other.key_id, other.infer_fps) == ("b", 2.0)


def lost(ledger: Ledger) -> set[str]:
    return {job.id for job in ledger.jobs(statuses=[JobStatus.LOST])}


def look(abandoned: AbandonedJobs, clock: Clock, *, times: int = 1) -> None:
    for _ in range(times):
        abandoned.look(clock())


def test_jobs_of_an_engine_that_takes_none_are_given_up(
    deployed: LocalDeployment, clients: ClientRegistry, clock: Clock
) -> None:
    ledger, abandoned = deployed.ledger, AbandonedJobs(deployed.ledger, clients)
    running = {"status": JobStatus.SUBMITTED, "remote_job_id": "r"}
    for name, values in {
        "of a": {"key_id": "a", **running},
        "queued at a": {"key_id": "a"},
        "of b": {"key_id": "b", **running},
        "of c": {"key_id": "c", **running},
        "of all": {"key_id": "", **running},
        "hosted": {"service": "https://api.example.com", "key_id": "a", **running},
    }.items():
        ledger.add(a_job(name, **values))
    look(abandoned, clock, times=ABANDONED_LOOKS)
    assert not lost(ledger)
    clock.wait(30 * 86_400)  # set, asleep, or without a database: no other dashboard could do anything either
    ledger.update(ledger.job("of c"), next_check_at=clock())  # its dashboard is there
    look(abandoned, clock)
    assert lost(ledger) == {"of a", "queued at a"}
    for job in ledger.jobs(statuses=[JobStatus.LOST]):
        assert "Retry it" in job.failure
        assert "retry" in [each.action for each in job_actions(job, clock(), (), has_unread=False)]
    look(abandoned, clock, times=ABANDONED_LOOKS)
    assert lost(ledger) == {"of a", "queued at a", "of c"}


def test_a_queued_job_waits_as_long_as_its_engine_takes_others(
    deployed: LocalDeployment, clients: ClientRegistry, clock: Clock
) -> None:
    ledger, abandoned = deployed.ledger, AbandonedJobs(deployed.ledger, clients)
    ledger.add(a_job("last", key_id="a"), a_job("long", key_id="a"), a_job("postponed", key_id="a"))
    ledger.update(ledger.job("postponed"), next_check_at=clock() + timedelta(days=1))
    for _ in range(3 * ABANDONED_LOOKS):
        ledger.update(ledger.job("long"), next_check_at=clock() + timedelta(seconds=LEASE_S))  # renewed
        look(abandoned, clock)
        clock.wait(LOOK_EVERY_S)
    assert not lost(ledger)
    clock.wait(LEASE_S)
    look(abandoned, clock, times=ABANDONED_LOOKS)
    assert lost(ledger) == {"last", "long"}


def test_a_refresh_names_the_dashboard_that_can_take_the_job_up(deployed: LocalDeployment, clock: Clock) -> None:
    deployed.ledger.add(a_job("of a", key_id="a", status=JobStatus.LOST, remote_job_id="r"))
    clock.wait(STATUS_FLOOR_S)
    refreshed = deployed.workflow.refresh("of a", actor=None)
    assert refreshed
    assert refreshed.service_message == ("This job runs in the built-in engine of another dashboard. Refresh it there.")
