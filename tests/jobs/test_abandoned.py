"""Jobs of the built-in engine of a dashboard that is gone are given up by the others, and no others are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.errors import JobError
from frametally.job import JobStatus
from frametally.jobs.abandoned import ABANDONED_S, AbandonedJobs
from frametally.jobs.actions import duplicate, retry
from frametally.jobs.cancel import cancel
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


def test_a_job_that_its_dashboard_does_not_take_is_given_up(
    deployed: LocalDeployment, clients: ClientRegistry, clock: Clock
) -> None:
    ledger, abandoned = deployed.ledger, AbandonedJobs(deployed.ledger, clients)
    running = {"status": JobStatus.SUBMITTED, "remote_job_id": "r"}
    for name, values in {
        "of a": {"key_id": "a", **running},
        "queued at a": {"key_id": "a"},
        "of b": {"key_id": "b", **running},
        "of all": {"key_id": "", **running},
        "hosted": {"service": "https://api.example.com", "key_id": "a", **running},
    }.items():
        ledger.add(a_job(name, **values))
    abandoned.give_up(clock(), 5.0)
    abandoned.give_up(clock(), 4.0 + ABANDONED_S)
    assert all(job.status.is_open for job in ledger.jobs())
    with pytest.raises(JobError, match="another dashboard"):
        cancel(ledger, clients, "of a", clock(), actor=None)
    clock.wait(30 * 86_400)  # set, or asleep: that is not the time of this process
    ledger.update(ledger.job("queued at a"), next_check_at=clock())  # its dashboard is there
    abandoned.give_up(clock(), 6.0 + ABANDONED_S)
    assert {job.id for job in ledger.jobs() if job.status is JobStatus.LOST} == {"of a"}
    assert "Retry it" in ledger.job("of a").failure
    abandoned.give_up(clock(), 7.0 + 2 * ABANDONED_S)
    assert {job.id for job in ledger.jobs() if job.status is JobStatus.LOST} == {"of a", "queued at a"}
