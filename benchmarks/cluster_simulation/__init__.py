"""A simulated cluster of 1,000 workers and 100,000 jobs, with the decisions of the real scheduler.

Discrete events, drawn from a seed; nothing is started or measured, so that the figures are the same on every machine.
It takes some minutes on one core. Figures, for all jobs submitted at once (`batch`), or arriving at random so that they
keep 80 % of the workers busy (`load`):

makespan_share: until the last job ended, as a share of the lower bound, max(all work / workers, longest whole job).
short_wait_s, wait_s: longest time from the submission to the first piece, of jobs of up to a minute of work and of all.
slowdown_…: response time as a multiple of that on an empty cluster, median and 99th percentile, by kind of job.
statements, objects: per second, of the ledger and the object storage, the 99.9th percentile and the mean.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.cluster_simulation.cluster import Machines, Simulation
from benchmarks.cluster_simulation.summary import Summary, percentile
from benchmarks.cluster_simulation.workload import SimulatedJob, draw_jobs

JOBS, WORKERS, SEED = 100_000, 1000, 18
LOAD = 0.8


def figures() -> Iterator[tuple[str, float]]:
    """Simulate both runs."""
    for name, load in (("load", LOAD), ("batch", None)):
        started_s = time.process_time()
        summary = simulate(JOBS, WORKERS, load, SEED)
        describe(summary, time.process_time() - started_s)
        for figure, value in of_run(summary):
            yield f"cluster_{name}_{figure}", value


def simulate(jobs: int, workers: int, load: float | None, seed: int) -> Summary:
    """Draw jobs and run them; without a load, all are submitted at once."""
    machines = Machines(workers=workers)
    drawn = draw_jobs(jobs, seed, workers=workers, load=load)
    return Summary(drawn, machines, Simulation(drawn, machines, seed).run())


def of_run(summary: Summary) -> Iterator[tuple[str, float]]:
    """The figures of one run."""
    if not summary.arrive:
        yield "makespan_share", summary.makespan_s / summary.bound_s
    yield "short_wait_s", percentile(summary.waits_s(_is_short), 1000)
    yield "wait_s", percentile(summary.waits_s(), 1000)
    for name, which in (("short", _is_short), ("long", _is_long), ("whole", _is_whole)):
        if slowdowns := summary.slowdowns(which):
            yield f"slowdown_{name}_median", percentile(slowdowns, 500)
            yield f"slowdown_{name}_99th", percentile(slowdowns, 990)
    statements, objects = summary.statements_each_second, summary.objects_each_second
    for name, values in (("statements", statements), ("objects", objects)):
        yield f"{name}_per_s_999th", percentile(values, 999)
        yield f"{name}_per_s_mean", sum(values) / len(values)


def describe(summary: Summary, seconds: float) -> None:
    """Print what happened."""
    record, machines = summary.record, summary.machines
    print(
        f"{len(summary.jobs):,} jobs, {machines.workers:,} workers: {summary.makespan_s / 3600:.1f} h "
        f"(bound {summary.bound_s / 3600:.1f} h), {record.pieces:,} pieces, {record.loads:,} sets of models loaded, "
        f"{record.duplicates:,} pieces run twice, {record.handed_back:,} stopped early, "
        f"{record.lost_nodes} nodes and {record.lost_attempts} pieces lost, {len(record.failed)} jobs failed, "
        f"at most {max(record.open_each_second):,} jobs at once; "
        f"simulated in {seconds:.0f} s, {1e6 * seconds / record.pieces:.0f} µs per piece",
        flush=True,
    )


def _is_short(job: SimulatedJob) -> bool:
    return sum(job.spec.pieces_s) <= 60.0


def _is_long(job: SimulatedJob) -> bool:
    return job.spec.can_stop and sum(job.spec.pieces_s) > 3600.0


def _is_whole(job: SimulatedJob) -> bool:
    return not job.spec.can_stop
