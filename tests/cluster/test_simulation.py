"""The simulated cluster: the short form of `python -m benchmarks cluster_simulation`."""

from __future__ import annotations

from benchmarks.cluster_simulation import of_run, simulate
from benchmarks.cluster_simulation.cluster import Machines, Simulation
from benchmarks.cluster_simulation.workload import draw_jobs

WORKERS = 48
FAILING = Machines(workers=WORKERS, failures_per_hour=20.0, back_after_s=60.0)
"""Every node fails each three minutes."""


def test_jobs_that_arrive_at_80_percent_load_start_within_seconds() -> None:
    figures = dict(of_run(simulate(300, WORKERS, 0.8, seed=1)))
    assert figures["wait_s"] < 10.0
    assert figures["slowdown_short_99th"] < 10.0
    assert figures["statements_per_s_999th"] < 500.0


def test_jobs_that_come_at_once_end_not_long_after_the_lower_bound() -> None:
    figures = dict(of_run(simulate(300, WORKERS, None, seed=1)))
    assert figures["makespan_share"] < 1.2


def test_every_job_ends_although_nodes_fail() -> None:
    jobs = draw_jobs(100, 2, workers=WORKERS, load=None)
    record = Simulation(jobs, FAILING, seed=3).run()
    assert record.lost_attempts > 5
    assert set(record.ended_s) == {job.spec.id for job in jobs}
    assert record.pieces == sum(len(job.spec.pieces_s) for job in jobs) + record.handed_back


def test_a_seed_gives_the_same_run() -> None:
    runs = [simulate(30, 16, 0.8, seed=4).record for _ in range(2)]
    assert runs[0] == runs[1]
