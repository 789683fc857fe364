"""How long a run will take, learned from the earlier ones in the ledger. Pure: no clock, no database.

What a service takes for a frame depends on the models, and for short jobs on what it does once (loading, waiting for
its turn, being asked once a minute). So the jobs that count are those with the same models and about as many frames.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from frametally.job import Job, ModelChoice

MIN_JOBS: Final = 3
MAX_JOBS: Final = 10
LOW, HIGH = 0.2, 0.8
"""The quantiles of the seconds per frame that are told: one odd job of five moves neither."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds that a service will be at work, most likely."""

    low_s: float
    high_s: float
    jobs: int
    """From how many earlier jobs it was learned."""

    def after(self, passed_s: float) -> Estimate:
        """What is left of it."""
        return Estimate(low_s=max(self.low_s - passed_s, 0.0), high_s=max(self.high_s - passed_s, 0.0), jobs=self.jobs)


def estimate(earlier: Sequence[Job], models: Collection[ModelChoice], frames: int) -> Estimate | None:
    """How long so many frames will take with these models, from jobs of the same service, the newest first.

    Where these models have not run together often enough, each one's own jobs tell: their times add up.
    None: too few jobs yet.
    """
    together = _of_models(earlier, models, frames)
    if together is not None or len(models) < 2:
        return together
    alone = [_of_models(earlier, [model], frames) for model in models]
    known = [part for part in alone if part is not None]
    if len(known) < len(models):
        return None
    return Estimate(
        low_s=sum(part.low_s for part in known),
        high_s=sum(part.high_s for part in known),
        jobs=sum(part.jobs for part in known),
    )


def _of_models(earlier: Sequence[Job], models: Collection[ModelChoice], frames: int) -> Estimate | None:
    wanted = _labels(models)
    runs = [
        (job.frames, job.run_s)
        for job in earlier
        if _labels(job.models) == wanted and job.frames and job.run_s is not None
    ]
    if len(runs) < MIN_JOBS or frames < 1:
        return None
    alike = sorted(runs, key=lambda run: abs(math.log(run[0] / frames)))[:MAX_JOBS]
    low, high = np.quantile([run_s / count for count, run_s in alike], [LOW, HIGH])
    return Estimate(low_s=float(low) * frames, high_s=float(high) * frames, jobs=len(alike))


def _labels(models: Collection[ModelChoice]) -> frozenset[str]:
    """The models as they are told apart here: a confidence changes what comes, not how long it takes."""
    return frozenset(model.label for model in models)
