"""The watcher: it advances due jobs, survives errors of the ledger, and stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
import sqlalchemy as sa

from frametally.client.slots import SERVICE_SLOTS
from frametally.job import JobStatus
from frametally.jobs.watcher import Watcher
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from tests.support.deployment import LocalDeployment
from tests.support.ledgers import a_job
from tests.support.misbehaving import MisbehavingServer, answer, silence
from tests.support.polling import until


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        server.replies_with(answer({"status": 2, "error": "seen"}))
        yield server


@pytest.fixture
def watcher(deployed: LocalDeployment, server: MisbehavingServer) -> Iterator[Watcher]:
    """A watcher; the test ends when its steps in progress have ended, which use the ledger and the network."""
    watcher = Watcher(deployed.workflow, poll_every_s=0.01)
    yield watcher
    watcher.stop()
    server.stopping.set()
    until(lambda: not steps_in_progress())


def steps_in_progress() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("job ")]


def add_jobs(deployed: LocalDeployment, count: int) -> None:
    for number in range(count):
        deployed.ledger.add(a_job(f"j{number}", status=JobStatus.SUBMITTED, remote_job_id=f"r{number}"))


def start_silent_job(deployed: LocalDeployment, server: MisbehavingServer, watcher: Watcher) -> None:
    """Start the watcher with a job whose service does not respond to its status call."""
    server.replies_with(silence(server))
    add_jobs(deployed, 1)
    watcher.start()
    until(lambda: bool(server.seen))


def ended(deployed: LocalDeployment) -> int:
    return len(deployed.ledger.jobs(statuses=[JobStatus.FAILED]))


def test_every_due_job_is_advanced_once(deployed: LocalDeployment, server: MisbehavingServer, watcher: Watcher) -> None:
    add_jobs(deployed, 20)
    watcher.start()
    watcher.start()
    until(lambda: ended(deployed) == 20)
    assert sorted(request.query["job_id"][0] for request in server.seen) == sorted(f"r{number}" for number in range(20))


def test_a_job_added_later_is_advanced(deployed: LocalDeployment, watcher: Watcher) -> None:
    watcher.start()
    add_jobs(deployed, 1)
    until(lambda: ended(deployed) == 1)


def test_no_more_jobs_are_claimed_than_can_run(
    deployed: LocalDeployment, server: MisbehavingServer, watcher: Watcher
) -> None:
    released = threading.Event()
    waiting = threading.Semaphore(0)

    def stall(handler: BaseHTTPRequestHandler) -> None:
        waiting.release()
        released.wait(20)
        answer({"status": 2, "error": "seen"})(handler)

    server.replies_with(stall)
    add_jobs(deployed, 12)
    watcher.start()
    assert all(waiting.acquire(timeout=20) for _ in range(8))
    claimed = [job for job in deployed.ledger.jobs() if job.next_check_at > deployed.clock()]
    assert (len(server.seen), len(claimed)) == (8, 8)
    released.set()
    until(lambda: ended(deployed) == 12)


def test_a_job_is_not_advanced_twice_after_the_machine_slept(
    deployed: LocalDeployment, server: MisbehavingServer, watcher: Watcher
) -> None:
    start_silent_job(deployed, server, watcher)
    deployed.clock.wait(LEASE_S + 1)
    until(lambda: deployed.job("j0").next_check_at > deployed.clock())
    time.sleep(0.1)
    assert [thread.name for thread in steps_in_progress()] == ["job j0"]


@pytest.mark.parametrize(
    "fault",
    [sa.exc.OperationalError("SELECT", {}, Exception("the disk is busy")), ValueError("a row of a newer version")],
)
def test_the_watcher_survives_errors_of_the_ledger(
    deployed: LocalDeployment, watcher: Watcher, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    due, failures = Ledger.due, iter(range(3))

    def fail_at_first(ledger: Ledger, *arguments: object, **options: object) -> object:
        if next(failures, None) is not None:
            raise fault
        return due(ledger, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Ledger, "due", fail_at_first)
    add_jobs(deployed, 1)
    watcher.start()
    until(lambda: ended(deployed) == 1)


def test_a_step_in_progress_does_not_delay_shutdown(
    deployed: LocalDeployment, server: MisbehavingServer, watcher: Watcher
) -> None:
    start_silent_job(deployed, server, watcher)
    watcher.stop()
    assert [thread.daemon for thread in steps_in_progress()] == [True]


def test_a_stopped_watcher_claims_no_job(
    deployed: LocalDeployment, server: MisbehavingServer, watcher: Watcher
) -> None:
    watcher.start()
    watcher.stop()
    add_jobs(deployed, 1)
    time.sleep(0.05)
    assert server.seen == []


def test_jobs_of_the_engine_end_while_all_slots_of_a_silent_service_are_taken(
    deployed: LocalDeployment, server: MisbehavingServer, watcher: Watcher
) -> None:
    with MisbehavingServer() as slow:
        slow.replies_with(silence(slow))
        key_id = deployed.clients.remember(slow.url, "key")
        for number in range(12):
            job = a_job(f"s{number}", service=slow.url, key_id=key_id, status=JobStatus.SUBMITTED, remote_job_id="r")
            deployed.ledger.add(job)
        watcher.start()
        until(lambda: len(slow.seen) == SERVICE_SLOTS)
        add_jobs(deployed, 8)
        until(lambda: ended(deployed) == 8)
        assert len(slow.seen) == SERVICE_SLOTS
