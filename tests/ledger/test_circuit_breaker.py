"""The circuit breaker: while a service fails, one job probes it and the others wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from tests.support.deployment import LocalDeployment
from tests.support.ledgers import START, a_job
from tests.support.misbehaving import MisbehavingServer, answer, reset

OTHER = "https://other"
JOBS = 20


def add_jobs(deployed: LocalDeployment) -> None:
    for number in range(JOBS):
        deployed.ledger.add(a_job(f"j{number}", status=JobStatus.SUBMITTED, remote_job_id=f"r{number}"))


def tries_for(deployed: LocalDeployment, server: MisbehavingServer, seconds: int) -> list[tuple[float, str]]:
    """Poll every second, as the watcher does; return time in seconds and remote job id of each received status call."""
    tries = []
    for _ in range(seconds):
        before = len(server.seen)
        for job in deployed.workflow.claim_due():
            deployed.workflow.advance(job)
        at_s = (deployed.clock() - START).total_seconds()
        tries += [(at_s, seen.query["job_id"][0]) for seen in server.seen[before:]]
        deployed.clock.wait(1)
    return tries


def test_one_of_twenty_jobs_probes_a_dead_service(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(reset)
    add_jobs(deployed)
    tries = tries_for(deployed, server, 440)
    at_s = [second for second, _ in tries]
    assert at_s[:8] == [0.0] * 8  # claimed before the circuit opened
    assert len(tries) - 8 == 3
    gaps_s = [later - earlier for earlier, later in pairwise(at_s[7:])]
    assert gaps_s[0] >= 30
    assert gaps_s == sorted(gaps_s)


def test_probes_respect_the_floor_of_each_job(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=500))
    add_jobs(deployed)
    by_job: dict[str, list[float]] = {}
    for second, job in tries_for(deployed, server, 440):
        by_job.setdefault(job, []).append(second)
    assert all(later - earlier >= 60 for asked in by_job.values() for earlier, later in pairwise(asked))


def test_all_jobs_continue_once_the_service_answers(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(*[reset] * 9, answer({"status": 1}))
    add_jobs(deployed)
    tries_for(deployed, server, 180)
    assert deployed.ledger.outages() == []
    assert {job.service_message for job in deployed.ledger.jobs()} == {""}
    assert len({seen.query["job_id"][0] for seen in server.seen[9:]}) == JOBS


def test_failures_of_one_job_do_not_open_the_circuit(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(*[answer({"status": 1}), answer(status=500)] * 200)
    add_jobs(deployed)
    tries_for(deployed, server, 61)
    assert {seen.query["job_id"][0] for seen in server.seen} == {f"r{number}" for number in range(JOBS)}


def test_retry_after_holds_back_every_job_of_the_service(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=429, Retry_After="200"), answer({"status": 1}))
    for number in range(2):
        deployed.ledger.add(
            a_job(f"j{number}", status=JobStatus.SUBMITTED, remote_job_id="r", next_check_at=later(number))
        )
    tries = tries_for(deployed, server, 250)
    assert [second for second, _ in tries] == [0.0, 200.0, 201.0]


def test_jobs_that_wait_for_the_probe_become_lost_too(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    deployed.workflow = deployed.with_patience(3600)
    server.replies_with(reset)
    add_jobs(deployed)
    while deployed.ledger.jobs(statuses=[JobStatus.SUBMITTED]):
        deployed.step()
    assert (deployed.clock() - START).total_seconds() < 6 * 3600
    assert len(deployed.ledger.jobs(statuses=[JobStatus.LOST])) == JOBS


def later(seconds: float) -> object:
    return START + timedelta(seconds=seconds)


def test_the_circuit_opens_after_three_failures_and_closes_after_one_answer(ledger: Ledger) -> None:
    ledger.add(a_job("due"))
    ledger.add(a_job("other", service=OTHER))
    for _ in range(2):
        ledger.record_failure("embedded", START, None)
    assert [(outage.faults, outage.next_try_at) for outage in ledger.outages()] == [(2, None)]
    ledger.record_failure("embedded", START, None)
    (outage,) = ledger.outages()
    assert outage.next_try_at
    assert 30 <= (outage.next_try_at - START).total_seconds() <= 36
    assert ledger.job("due").next_check_at == outage.next_try_at
    assert ledger.job("other").next_check_at == START
    ledger.record_success("embedded")
    assert ledger.outages() == []


def test_one_of_many_threads_claims_the_probe(ledger: Ledger) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda _: ledger.record_failure(OTHER, START, None), range(8)))
        assert ledger.outages()[0].faults == 3
        tries = list(pool.map(lambda _: ledger.claim_probe(OTHER, START + timedelta(hours=1)), range(8)))
    assert sorted(tries) == [False] * 7 + [True]
    assert not ledger.claim_probe(OTHER, START + timedelta(hours=1, seconds=44))
