"""Simulated runs of the engine under steady load: when each frame is finished."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class SimulatedRun:
    """The times at which the frames of a run are finished, in seconds after its start."""

    finished_s: list[float]
    description: str

    @property
    def duration_s(self) -> float:
        return self.finished_s[-1]


def simulate(seed: int) -> SimulatedRun:
    """A run of 20 s to 1 h with its own kind of costs, all drawn from the seed.

    Frames differ at random (`jitter`) and by what neighboring pictures show (`content`, correlated over up to 2 % of
    the run); the decoder delivers them in bursts of up to 32 or 2 s; the first three take up to eight times as long;
    now and then the process stands still for up to a second.
    """
    random = Random(seed)
    frames = round(math.exp(random.uniform(math.log(100), math.log(20_000))))
    planned_s = math.exp(random.uniform(math.log(20), math.log(3600)))
    mean_s = planned_s / frames
    burst = max(1, min(random.choice([1, 1, 4, 16, 32]), int(min(2, 0.02 * planned_s) / mean_s)))
    cost_s = _costs(random, frames, mean_s, stall_s=min(1.0, planned_s / 60))
    finished_s: list[float] = []
    now_s = random.uniform(0.2, 3)
    for first in range(0, frames, burst):
        members = range(first, min(first + burst, frames))
        took_s = sum(cost_s(frame) for frame in members)
        # A group of pictures is decoded first, then its frames finish one after the other.
        finished_s += [now_s + took_s * (0.6 + 0.4 * (number + 1) / len(members)) for number in range(len(members))]
        now_s += took_s
    return SimulatedRun(finished_s, f"seed {seed}: {frames} frames, {now_s:.0f} s, bursts of {burst}")


def _costs(random: Random, frames: int, mean_s: float, *, stall_s: float) -> Callable[[int], float]:
    """The seconds that a frame takes, to be called in the order of frames."""
    jitter, content = random.uniform(0.05, 0.5), random.uniform(0, 0.25)
    similarity = math.exp(-1 / random.uniform(2, max(3, 0.02 * frames)))
    warm_up = random.uniform(1, 8)
    scene = 0.0

    def cost_s(frame: int) -> float:
        nonlocal scene
        scene = similarity * scene + math.sqrt(1 - similarity**2) * random.gauss(0, 1)
        cost = mean_s * math.exp(content * scene + jitter * random.gauss(0, 1))
        stalled_s = random.uniform(0.1, 1) * stall_s if random.random() < 0.002 else 0.0
        return cost * (warm_up if frame < 3 else 1) + stalled_s

    return cost_s


def with_load(run: SimulatedRun, seed: int) -> SimulatedRun:
    """The same run on a machine whose load changes up to eight times: frames take 1 to 2.5 times as long."""
    random = Random(seed)
    changes = sorted(random.uniform(0, run.duration_s) for _ in range(random.choice([1, 2, 4, 8])))
    factors = [random.choice([1, 1, 1.7, 2.5]) for _ in range(len(changes) + 1)]
    now_s = before_s = 0.0
    finished_s = []
    for at_s in run.finished_s:
        now_s += (at_s - before_s) * factors[sum(change < at_s for change in changes)]
        before_s = at_s
        finished_s.append(now_s)
    return SimulatedRun(finished_s, f"{run.description}, changing load")
