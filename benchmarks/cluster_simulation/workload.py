"""Jobs of a large team, drawn from a seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from frametally.cluster.scheduling.terms import JobSpec

PIECE_S = 5.0
SHORTEST_S, LONGEST_S = 60.0, 36_000.0
TAIL = 1.1
"""Exponent of the Pareto distribution of lengths: half of the videos are shorter than two minutes, and those of an hour
and more, one in a hundred, have a third of the work."""
WHOLE = 0.05
"""Share of jobs that cannot be cut: their models remember earlier frames, or their video cannot be entered later on."""
MISJUDGED = 0.3
"""Standard deviation of the logarithm of how much longer the pieces of a job take than expected."""
MODEL_COSTS = (0.15, 0.25, 0.35, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0, 1.2)
"""Seconds of one core for each second of video, by model; the first ones are used most."""
WHOLE_COST = 0.2


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """A job as submitted; `factor`: how much longer its pieces take than expected."""

    spec: JobSpec
    submitted_s: float
    factor: float

    @property
    def work_s(self) -> float:
        return sum(self.spec.pieces_s) * self.factor


def draw_jobs(count: int, seed: int, *, workers: int, load: float | None) -> list[SimulatedJob]:
    """All jobs at once, or arriving at random (Poisson) so that they keep a share `load` of the workers busy."""
    random = Random(seed)
    jobs = [_draw(number, random) for number in range(count)]
    if load is None:
        return jobs
    mean_gap_s = sum(job.work_s for job in jobs) / (load * workers * count)
    arrivals = _arrivals(mean_gap_s, random)
    return [SimulatedJob(job.spec, next(arrivals), job.factor) for job in jobs]


def _draw(number: int, random: Random) -> SimulatedJob:
    video_s = _bounded_pareto(random.random())
    is_whole = random.random() < WHOLE
    model = min(int(random.expovariate(0.4)), len(MODEL_COSTS) - 1)
    expected_s = video_s * (WHOLE_COST if is_whole else MODEL_COSTS[model])
    pieces = 1 if is_whole else math.ceil(expected_s / PIECE_S)
    models = "in order" if is_whole else f"model {model}"
    spec = JobSpec(f"job {number}", models, [expected_s / pieces] * pieces, can_stop=not is_whole)
    return SimulatedJob(spec, 0.0, math.exp(random.gauss(0.0, MISJUDGED)))


def _bounded_pareto(uniform: float) -> float:
    ratio = (SHORTEST_S / LONGEST_S) ** TAIL
    return float(SHORTEST_S / (1.0 - uniform * (1.0 - ratio)) ** (1.0 / TAIL))


def _arrivals(mean_gap_s: float, random: Random) -> Iterator[float]:
    now_s = 0.0
    while True:
        now_s += random.expovariate(1.0 / mean_gap_s)
        yield now_s
